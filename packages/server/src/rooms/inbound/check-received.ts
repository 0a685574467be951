import {
  checkContentHash,
  checkSignatures,
  parsePdu,
  redactPdu,
  reject,
  type EventId,
  type JsonObject,
  type MissingKey,
  type Pdu,
  type Refusal,
  type RoomId,
  type RoomRules,
} from '@causeway/events'
import type { TimeSlice } from '../../platform/time-slice.ts'
import type { RoomPeers } from './room-peers.ts'

/**
 * An event that passed checks 1 to 3, or the rule that dropped it. `awaits`: keys of servers that do not tell them at the moment; with them
 * it may pass.
 */
export type Received =
  | { readonly ok: true; readonly pdu: Pdu }
  | { readonly ok: false; readonly refusal: Refusal; readonly pdu: Pdu; readonly awaits: readonly MissingKey[] }
  | { readonly ok: false; readonly refusal: Refusal; readonly pdu?: Pdu; readonly awaits?: undefined }

/** How received events are looked at. */
export interface CheckOptions {
  readonly historical?: boolean
  /** Others have their turn in between: for what may be a room's whole state. */
  readonly slice?: TimeSlice
  /** Events of other ids are left out before anything costly is done with them. */
  readonly wants?: (id: EventId) => boolean
}

/**
 * Checks 1 to 3 of the specification on events from wherever they came: form, signatures, content hash. An event whose
 * hash is wrong goes on in its redacted form. All of them must be of `roomId`.
 * Server-Server API, "Checks performed on receipt of a PDU".
 */
export async function checkReceived(
  peers: RoomPeers,
  values: readonly JsonObject[],
  roomId: RoomId,
  rules: RoomRules,
  options: CheckOptions = {},
): Promise<Received[]> {
  // One look says which keys are missing; they are fetched together and the events that need them are looked at once more.
  const looked: (Received | Unkeyed)[] = []
  const missing: MissingKey[] = []
  for (const value of values) {
    if (options.slice?.over === true) await options.slice.rest()
    const result = lookAt(peers, value, roomId, rules, options)
    if (result === undefined) continue
    if ('missing' in result) missing.push(...result.missing)
    looked.push(result)
  }
  if (missing.length === 0) return looked.flatMap((result) => ('missing' in result ? [] : [result]))
  await peers.ensureKeys(missing)
  const checked: Received[] = []
  for (const result of looked) {
    if (options.slice?.over === true) await options.slice.rest()
    const again = 'missing' in result ? checkSigned(peers, result.pdu, rules) : result
    checked.push('missing' in again ? withoutKey(peers, again) : again)
  }
  return checked
}

/** An event signed with keys that are not here. */
interface Unkeyed {
  readonly pdu: Pdu
  readonly missing: readonly MissingKey[]
}

function lookAt(
  peers: RoomPeers,
  value: JsonObject,
  roomId: RoomId,
  rules: RoomRules,
  options: CheckOptions,
): Received | Unkeyed | undefined {
  const result = parsePdu(value, rules, options)
  if (!result.ok) return result
  if (options.wants?.(result.pdu.eventId) === false) return undefined
  if (result.pdu.roomId !== roomId) return { ok: false, refusal: reject('pdu.room', 'the event is of another room'), pdu: result.pdu }
  return checkSigned(peers, result.pdu, rules)
}

function checkSigned(peers: RoomPeers, pdu: Pdu, rules: RoomRules): Received | Unkeyed {
  const check = checkSignatures(pdu, rules, peers.findKey)
  if ('missing' in check) return { pdu, missing: check.missing }
  if (!check.allowed) return { ok: false, refusal: check, pdu }
  return { ok: true, pdu: checkContentHash(pdu) ? pdu : redactPdu(pdu, rules) }
}

function withoutKey(peers: RoomPeers, { pdu, missing }: Unkeyed): Received {
  const refusal = reject('pdu.signature.key', 'a key that signed the event cannot be had')
  const awaits = missing.filter(({ server }) => peers.isSilent(server))
  return awaits.length === 0 ? { ok: false, refusal, pdu } : { ok: false, refusal, pdu, awaits }
}
