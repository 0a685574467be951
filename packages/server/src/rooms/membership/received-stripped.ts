import { isJsonObject, type JsonObject, type JsonValue, type Pdu, type RoomId, type RoomRules } from '@causeway/events'
import { limits } from '../../limits.ts'
import { checkReceived, type Received } from '../inbound/check-received.ts'
import type { RoomPeers } from '../inbound/room-peers.ts'
import type { Stripped } from './stripped-state.ts'

/** The state that another server gives with an invite or for a knock. */
export interface ReceivedStripped {
  /** What may be shown of it to a client: stripped events, nothing else of them. */
  readonly shown: readonly Stripped[]
  /** It is no list of events at all. */
  readonly malformed: boolean
  /** What is wrong with it by the rules of version 1.16 of the specification. */
  readonly fault: string | undefined
}

/**
 * Read the state of a room that this server is not in: a bounded list. From 1.16 of the specification on it consists of whole events, of
 * that room, with good signatures, the create event among them: entries of which that is not so are not shown. Servers of old give
 * stripped events, which are nobody's word but theirs; in rooms of version 12, whose create event proves the room's id, that is a fault,
 * in older ones it is shown. Server-Server API, "Inviting to a room", "Knocking upon a room".
 */
export async function receivedStripped(
  peers: RoomPeers,
  value: JsonValue | undefined,
  roomId: RoomId,
  rules: RoomRules,
): Promise<ReceivedStripped> {
  const none = { shown: [], malformed: true, fault: 'it is no list of state events' }
  if (value !== undefined && !Array.isArray(value)) return none
  const entries = (value ?? []).slice(0, limits.strippedStateMax)
  const whole = entries.filter(isWhole)
  const checked = await checkReceived(peers, whole, roomId, rules, { historical: true })
  const results = new Map(whole.map((entry, index) => [entry, checked[index]]))
  const faults: string[] = []
  const shown: Stripped[] = []
  let isCreated = false
  let left: number = limits.strippedCharsMax
  for (const entry of entries) {
    const result = isJsonObject(entry) ? results.get(entry) : undefined
    const stripped = result === undefined ? strippedOf(entry) : eventOf(result, rules, faults)
    if (result === undefined) {
      if (stripped === undefined) return none
      faults.push('an entry is no whole event')
      if (rules.roomIdIsCreateHash) continue
    }
    if (stripped === undefined) continue
    isCreated ||= stripped.type === 'm.room.create' && stripped.state_key === ''
    const chars = JSON.stringify(stripped.content).length
    if (chars > limits.strippedContentMax || chars > left) continue
    left -= chars
    shown.push(stripped)
  }
  if (!isCreated) faults.push('the create event is missing')
  return { shown, malformed: false, fault: faults[0] }
}

function isWhole(entry: JsonValue): entry is JsonObject {
  return isJsonObject(entry) && isJsonObject(entry['signatures'])
}

/** A whole event as it is shown. That the key of its server cannot be had is no fault of whoever gives it, but it is not shown either. */
function eventOf(result: Received, rules: RoomRules, faults: string[]): Stripped | undefined {
  if (!result.ok && result.refusal.rule === 'pdu.signature.key') {
    // The id of the room is the hash of this event: nobody can have made another.
    const isProven = rules.roomIdIsCreateHash && result.pdu?.type === 'm.room.create'
    return isProven && result.pdu !== undefined ? shownOf(result.pdu) : undefined
  }
  if (!result.ok) {
    faults.push(result.refusal.why)
    return undefined
  }
  const stripped = shownOf(result.pdu)
  if (stripped === undefined) faults.push('an entry is no state event')
  return stripped
}

function shownOf({ type, stateKey, sender, content }: Pdu): Stripped | undefined {
  return stateKey === undefined ? undefined : { type, state_key: stateKey, sender, content }
}

function strippedOf(entry: JsonValue): Stripped | undefined {
  if (!isJsonObject(entry)) return undefined
  const { type, state_key: stateKey, sender, content } = entry
  if (typeof type !== 'string' || typeof stateKey !== 'string' || typeof sender !== 'string' || !isJsonObject(content)) return undefined
  return { type, state_key: stateKey, sender, content }
}
