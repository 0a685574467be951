import type { UserId } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import type { Database } from '../../storage/database.ts'
import { devicesOf, findDevice, renameDevice, type DeviceRow } from '../../storage/tables/devices.ts'
import { commitParts, mustFind } from '../unit.ts'
import type { DeviceEffects } from './device-effects.ts'
import { checkDeviceName } from './new-session.ts'

interface Ports {
  readonly db: Database
  readonly effects: DeviceEffects
}

/** A user's devices (Client-Server API, "Device Management"); `Sessions` makes and removes them. */
export class Devices {
  readonly #ports: Ports

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** All of a user's, by id. */
  list(userId: UserId): Promise<DeviceRow[]> {
    return devicesOf(this.#ports.db, userId)
  }

  /** One. Throws M_NOT_FOUND. */
  async get(userId: UserId, deviceId: string): Promise<DeviceRow> {
    const device = deviceId.includes('\0') ? undefined : await findDevice(this.#ports.db, userId, deviceId)
    if (device === undefined) throw noDevice()
    return device
  }

  /** Give a device a name. Throws M_NOT_FOUND, M_INVALID_PARAM. */
  async rename(userId: UserId, deviceId: string, displayName: string): Promise<void> {
    const name = checkDeviceName(displayName)
    const { display_name: was } = await this.get(userId, deviceId)
    if (was === name) return
    const { db, effects } = this.#ports
    await commitParts(db, { steps: [mustFind(renameDevice(userId, deviceId, name), noDevice)] }, effects.renamed(userId, deviceId))
  }
}

function noDevice(): MatrixError {
  return new MatrixError('M_NOT_FOUND', 'there is no such device')
}
