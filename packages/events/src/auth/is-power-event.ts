import type { Pdu } from '../pdu/pdu.ts'

/**
 * Might `event` take away somebody's ability to do something? State resolution v2 applies such events first.
 *
 * "A power event is a state event with type `m.room.power_levels` or `m.room.join_rules`, or a state event with type `m.room.member` where
 * the `membership` is `leave` or `ban` and the `sender` does not match the `state_key`." The servers in use read that as the events that
 * count, which have an empty state key, and take the create event in as well; two readings would split rooms, so this one follows them.
 * https://spec.matrix.org/v1.19/rooms/v2/#definitions
 */
export function isPowerEvent(event: Pdu): boolean {
  switch (event.type) {
    case 'm.room.power_levels':
    case 'm.room.join_rules':
    case 'm.room.create':
      return event.stateKey === ''
    case 'm.room.member': {
      const { membership } = event.content
      return event.stateKey !== undefined && (membership === 'leave' || membership === 'ban') && event.sender !== event.stateKey
    }
    default:
      return false
  }
}
