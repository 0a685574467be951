import { encodeBase64 } from '../base64.ts'
import type { KeyId, ServerName } from '../ids/ids.ts'
import { canonicalJson } from '../json/canonical-json.ts'
import { emptyObject } from '../json/plain-object.ts'
import { encodeUtf8 } from '../utf8.ts'
import type { RoomRules } from '../versions/room-rules.ts'
import { signedJson } from './event-hash.ts'
import { replaceMember, scanEvent } from './event-text.ts'
import { checkEvent, type PduResult } from './parse-pdu.ts'
import type { Pdu } from './pdu.ts'
import { addToSignatures } from './sign-json.ts'
import type { SigningKey } from './signing-key.ts'

/**
 * `pdu` with our signature beside those that it has, as invites and restricted joins need. Refused when the event grows too large.
 * Spec: server-server API, signing events.
 */
export function addSignature(pdu: Pdu, rules: RoomRules, serverName: ServerName, key: SigningKey): PduResult {
  const signature = key.sign(encodeUtf8(signedJson(scanEvent(pdu.json), pdu, rules)))
  return withSignature(pdu, rules, serverName, key.keyId, encodeBase64(signature))
}

/** `pdu` with a signature (unpadded base64) that somebody else made, such as a policy server's. The signature is not checked. */
export function withSignature(pdu: Pdu, rules: RoomRules, serverName: ServerName, keyId: KeyId, signature: string): PduResult {
  const { object } = pdu
  const signatures = addToSignatures(object['signatures'], serverName, keyId, signature)
  const text = replaceMember(scanEvent(pdu.json), 'signatures', canonicalJson(signatures))
  return checkEvent(Object.assign(emptyObject(), object, { signatures }), rules, { historical: true }, { text })
}
