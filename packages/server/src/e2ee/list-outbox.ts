import type { UserId } from '@causeway/events'
import type { Clock } from '../platform/clock.ts'
import type { Announcement, Database, Rows, Step } from '../storage/database.ts'
import { crossSigningKeysOf } from '../storage/tables/cross-signing.ts'
import { forgetDevices } from '../storage/tables/device-keys.ts'
import { lastListChange, upsertListOutbox } from '../storage/tables/device-lists.ts'
import { devicesOf } from '../storage/tables/devices.ts'
import type { DeviceEffects } from '../users/sessions/device-effects.ts'
import type { ListOutboxAnnouncement, OneTimeKeysAnnouncement } from './announcements.ts'

/** The outbox entry of a user's cross-signing keys, where others have a device id. */
export const signingKeysEntry = ''

/** What an action writes so that the change of a user's devices is told, after a crash as well. */
export interface ListChange {
  readonly rows: readonly Rows[]
  readonly announcements: readonly Announcement[]
}

/** Notes changes of our users' devices in the commit of what causes them; `OwnDeviceLists` tells them. */
export class ListOutbox {
  readonly #clock: Clock
  #seq = 0

  constructor(ports: { readonly clock: Clock }) {
    this.#clock = ports.clock
  }

  /** These devices of the user changed, came or went, or (`signingKeysEntry`) the cross-signing keys. */
  changed(userId: UserId, deviceIds: readonly string[]): ListChange {
    if (deviceIds.length === 0) return { rows: [], announcements: [] }
    this.#seq = Math.max(this.#clock.now() * 1_000, this.#seq + 1)
    const announcement: ListOutboxAnnouncement = { kind: 'device-list-outbox', ofUser: userId }
    const rows = [...new Set(deviceIds)].map((deviceId): [string, string, number] => [userId, deviceId, this.#seq])
    return { rows: [{ write: upsertListOutbox, rows }], announcements: [announcement] }
  }
}

/** The devices of those of some users whose devices changed since some positions: to be told once more. */
export async function devicesSince(
  db: Database,
  outbox: ListOutbox,
  userIds: readonly UserId[],
  since: ReadonlyMap<number, number>,
): Promise<ListChange> {
  const rows: Rows[] = []
  const announcements: Announcement[] = []
  for (const userId of userIds) {
    const changed = await lastListChange(db, userId)
    if (changed === undefined || changed.position <= (since.get(changed.slot) ?? 0)) continue
    const devices = await devicesOf(db, userId)
    const signing = (await crossSigningKeysOf(db, [userId])).length > 0 ? [signingKeysEntry] : []
    const change = outbox.changed(userId, [...signing, ...devices.map((device) => device.device_id)])
    rows.push(...change.rows)
    announcements.push(...change.announcements)
  }
  return { rows, announcements }
}

/** What goes with a device: its keys and what waits for it, and others are told. */
export function encryptionEffects(outbox: ListOutbox): DeviceEffects {
  return {
    removed: (userId, deviceIds) => {
      const change = outbox.changed(userId, deviceIds)
      const steps: readonly Step[] = forgetDevices(userId, deviceIds).map((query) => ({ query }))
      const counts = deviceIds.map((deviceId): OneTimeKeysAnnouncement => ({ kind: 'one-time-keys', userId, deviceId }))
      return { rows: change.rows, steps, announcements: [...change.announcements, ...counts] }
    },
    renamed: (userId, deviceId) => outbox.changed(userId, [deviceId]),
  }
}
