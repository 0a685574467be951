import {
  checkContentHash,
  checkSignatures,
  parsePdu,
  redactPdu,
  reject,
  type JsonObject,
  type Pdu,
  type Refusal,
  type RoomId,
  type RoomRules,
} from '@causeway/events'
import type { RoomPeers } from './room-peers.ts'

/** An event that passed checks 1 to 3, or the rule that dropped it. */
export type Received = { readonly ok: true; readonly pdu: Pdu } | { readonly ok: false; readonly refusal: Refusal; readonly pdu?: Pdu }

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
  options: { readonly historical?: boolean } = {},
): Promise<Received[]> {
  const parsed = values.map((value): Received => {
    const result = parsePdu(value, rules, options)
    if (!result.ok) return result
    if (result.pdu.roomId !== roomId) return { ok: false, refusal: reject('pdu.room', 'the event is of another room'), pdu: result.pdu }
    return result
  })
  // One look says which keys are missing; they are fetched together and each event is looked at once more.
  const missing = parsed.flatMap((received) => {
    if (!received.ok) return []
    const check = checkSignatures(received.pdu, rules, peers.findKey)
    return 'missing' in check ? check.missing : []
  })
  if (missing.length > 0) await peers.ensureKeys(missing)
  return parsed.map((received) => (received.ok ? checkSigned(peers, received.pdu, rules) : received))
}

function checkSigned(peers: RoomPeers, pdu: Pdu, rules: RoomRules): Received {
  const check = checkSignatures(pdu, rules, peers.findKey)
  if ('missing' in check) return { ok: false, refusal: reject('pdu.signature.key', 'a key that signed the event cannot be had'), pdu }
  if (!check.allowed) return { ok: false, refusal: check, pdu }
  return { ok: true, pdu: checkContentHash(pdu) ? pdu : redactPdu(pdu, rules) }
}
