import type { UserId } from '@causeway/events'
import type { UnitParts } from '../unit.ts'

/**
 * What other layers write in the same unit when a user's devices go or change: keys, messages and pushers of the device,
 * the user's place in others' device lists. Called in the synchronous stretch of the commit.
 */
export interface DeviceEffects {
  /** The devices and their sessions end. */
  removed(userId: UserId, deviceIds: readonly string[]): UnitParts
  /** A device has another display name. */
  renamed(userId: UserId, deviceId: string): UnitParts
}

/** Nobody else has anything to write. */
export const noDeviceEffects: DeviceEffects = { removed: () => ({}), renamed: () => ({}) }
