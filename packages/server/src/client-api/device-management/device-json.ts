import type { DeviceRow } from '../../storage/tables/devices.ts'

/** A device as its owner's clients see it (`client_device.yaml`). */
export function deviceJson({ device_id, display_name, last_seen_at, last_seen_ip }: DeviceRow): object {
  return {
    device_id,
    ...(display_name === null ? {} : { display_name }),
    ...(last_seen_at === null ? {} : { last_seen_ts: last_seen_at }),
    ...(last_seen_ip === null ? {} : { last_seen_ip }),
  }
}
