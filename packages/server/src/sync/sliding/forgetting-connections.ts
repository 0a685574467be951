import { deleteSlidingConnections } from '../../storage/tables/sliding.ts'
import type { DeviceEffects } from '../../users/sessions/device-effects.ts'

/** Device effects that forget a device's connections of sliding sync as well, when it goes. */
export function forgettingConnections(effects: DeviceEffects): DeviceEffects {
  return {
    removed: (userId, deviceIds) => {
      const others = effects.removed(userId, deviceIds)
      return { ...others, steps: [...(others.steps ?? []), { query: deleteSlidingConnections(userId, deviceIds) }] }
    },
    renamed: (userId, deviceId) => effects.renamed(userId, deviceId),
  }
}
