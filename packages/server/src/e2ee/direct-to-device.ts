import { emptyObject, fromPlain, type JsonObject, type MutableJsonObject, type UserId } from '@causeway/events'
import type { Edu } from '../federation/senders/edu.ts'
import type { Random } from '../platform/random.ts'
import { directToDeviceCharsMax, messageIdChars } from './limits.ts'
import type { Wanted } from './to-device.ts'

/** The EDUs that carry messages to one server, each of a bounded size and with an id of its own. Server-Server API, "Send-to-device messaging". */
export function directToDevice(random: Random, head: { readonly sender: UserId; readonly type: string }, wanted: readonly Wanted[]): Edu[] {
  const edus: Edu[] = []
  let users: MutableJsonObject = emptyObject()
  let devices = new Map<UserId, MutableJsonObject>()
  let chars = 0
  const close = (): void => {
    if (devices.size === 0) return
    const content: JsonObject = { ...head, message_id: random.token(messageIdChars), messages: users }
    edus.push({ type: 'm.direct_to_device', content })
    users = emptyObject()
    devices = new Map()
    chars = 0
  }
  for (const { userId, deviceId, json } of wanted) {
    if (chars > 0 && chars + json.length > directToDeviceCharsMax) close()
    let ofUser = devices.get(userId)
    if (ofUser === undefined) {
      ofUser = emptyObject()
      devices.set(userId, ofUser)
      users[userId] = ofUser
    }
    ofUser[deviceId] = fromPlain(JSON.parse(json)) ?? null
    chars += json.length
  }
  close()
  return edus
}
