import { deleteGlobalData } from '../../storage/tables/account-data.ts'
import type { DeviceEffects } from '../sessions/device-effects.ts'

/** Under which a client keeps whether it notifies its user, followed by its device's id (MSC3890; the second is its future name). */
const settingsPrefixes = ['org.matrix.msc3890.local_notification_settings.', 'm.local_notification_settings.']

/** Device effects that forget what a device's client kept about its notifications as well, when the device goes (MSC3890). */
export function forgettingSettings(effects: DeviceEffects): DeviceEffects {
  return {
    removed: (userId, deviceIds) => {
      const others = effects.removed(userId, deviceIds)
      const types = deviceIds.flatMap((deviceId) => settingsPrefixes.map((prefix) => `${prefix}${deviceId}`))
      return { ...others, steps: [...(others.steps ?? []), { query: deleteGlobalData(userId, types) }] }
    },
    renamed: (userId, deviceId) => effects.renamed(userId, deviceId),
  }
}
