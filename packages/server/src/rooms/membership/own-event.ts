import {
  buildEvent,
  isJsonObject,
  parseEventId,
  type EventId,
  type EventReference,
  type JsonObject,
  type JsonValue,
  type Pdu,
  type RoomId,
  type RoomRules,
  type UserId,
} from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import type { EnginePorts } from '../engine/engine-ports.ts'
import { newEventId, refusedDraft } from '../engine/local-event.ts'

/** What our user's event in a room elsewhere must be; the template may fill in its place in the graph, and nothing else. */
export interface OwnEvent {
  readonly roomId: RoomId
  readonly rules: RoomRules
  readonly userId: UserId
  readonly content: JsonObject
}

/**
 * Build and sign our user's member event from a peer's template: only depth, prev_events and auth_events (and who vouches
 * for a join) are the peer's; a template for another event is refused. Throws M_FORBIDDEN or M_BAD_JSON.
 */
export function buildOwnEvent(ports: EnginePorts, template: JsonObject, own: OwnEvent): Pdu {
  const right =
    template['type'] === 'm.room.member' &&
    template['room_id'] === own.roomId &&
    template['sender'] === own.userId &&
    template['state_key'] === own.userId &&
    isJsonObject(template['content']) &&
    template['content']['membership'] === own.content['membership']
  if (!right) throw new MatrixError('M_UNKNOWN', 'The other server offered another event than the one asked for', { status: 502 })
  const content = template['content']
  const authoriser = isJsonObject(content) ? content['join_authorised_via_users_server'] : undefined
  const depth = template['depth']
  const built = buildEvent(
    {
      roomId: own.roomId,
      type: 'm.room.member',
      stateKey: own.userId,
      sender: own.userId,
      content: {
        ...own.content,
        ...(typeof authoriser === 'string' && own.rules.restrictedJoins ? { join_authorised_via_users_server: authoriser } : {}),
      },
      originServerTs: ports.clock.now(),
      depth: typeof depth === 'number' && depth >= 0 ? depth : 1,
      prevEvents: references(template['prev_events'], own.rules),
      authEvents: references(template['auth_events'], own.rules),
      eventId: own.rules.eventIds === 'given' ? newEventId(ports) : undefined,
    },
    own.rules,
    ports.signer,
  )
  if (!built.ok) throw refusedDraft(built.refusal)
  return built.pdu
}

function references(value: JsonValue | undefined, rules: RoomRules): EventReference[] {
  if (!Array.isArray(value)) return []
  return value.flatMap((entry: JsonValue): EventReference[] => {
    const [id, hashes] = rules.referencePairs && Array.isArray(entry) ? [entry[0], entry[1]] : [entry, undefined]
    const eventId: EventId | undefined = typeof id === 'string' ? parseEventId(id) : undefined
    if (eventId === undefined) return []
    const sha256 = isJsonObject(hashes) ? hashes['sha256'] : undefined
    return [typeof sha256 === 'string' ? { eventId, sha256 } : { eventId }]
  })
}
