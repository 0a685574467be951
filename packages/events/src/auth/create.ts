import { serverOf } from '../ids/server-of.ts'
import { parseUserId } from '../ids/user-id.ts'
import type { Pdu } from '../pdu/pdu.ts'
import { allow, reject, type Verdict } from '../verdict.ts'
import { roomRules, type RoomRules } from '../versions/room-rules.ts'

/**
 * May `event`, an m.room.create, begin a room? Needs no state.
 * https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules rule 1
 */
export function authorizeCreate(event: Pdu, rules: RoomRules): Verdict {
  // 1.1 "If it has any `prev_events`, reject."
  if (event.prevEvents.length > 0) return reject('create.prev_events', 'a create event follows nothing')

  if (rules.roomIdIsCreateHash) {
    // 1.2 since v12: "If the event has a `room_id`, reject."
    if (Object.hasOwn(event.object, 'room_id')) return reject('create.room_id', 'the create event names the room, it carries no room id')
  } else if (serverOf(event.roomId) !== serverOf(event.sender)) {
    // 1.2 until v11: "If the domain of the `room_id` does not match the domain of the `sender`, reject."
    return reject('create.room_id_domain', "the room id is not of the sender's server")
  }

  // 1.3 "If `content.room_version` is present and is not a recognised version, reject."
  const version = event.content['room_version']
  if (version !== undefined && (typeof version !== 'string' || roomRules(version) === undefined)) {
    return reject('create.room_version', 'the room version is not known')
  }

  // 1.4 until v10: "If `content` has no `creator` property, reject."
  if (!rules.creatorIsSender && !Object.hasOwn(event.content, 'creator')) {
    return reject('create.creator', 'the create event names no creator')
  }

  // 1.4 since v12: "If `additional_creators` is present in `content` and is not an array of strings where each string passes the
  // same user ID validation applied to `sender`, reject."
  const additional = event.content['additional_creators']
  if (rules.creatorsOutrankAll && additional !== undefined) {
    const valid = Array.isArray(additional) && additional.every((entry) => typeof entry === 'string' && parseUserId(entry) !== undefined)
    if (!valid) return reject('create.additional_creators', 'additional_creators is not a list of user ids')
  }

  // 1.5 "Otherwise, allow."
  return allow
}
