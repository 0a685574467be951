import { parseKeyId } from '../ids/key-id.ts'
import type { KeyId, ServerName } from '../ids/ids.ts'
import { serverOf } from '../ids/server-of.ts'
import { parseUserId } from '../ids/user-id.ts'
import { isJsonObject } from '../json/json-value.ts'
import { encodeUtf8 } from '../utf8.ts'
import type { RoomRules } from '../versions/room-rules.ts'
import { signedJson } from './event-hash.ts'
import { readMember } from './event-pdu.ts'
import { scanEvent } from './event-text.ts'
import type { Pdu } from './pdu.ts'

/** The bytes that signatures on an event cover: its redacted form without `signatures`. Spec: server-server API, signing events. */
export function signedBytes(pdu: Pdu, rules: RoomRules): Uint8Array {
  return encodeUtf8(signedJson(scanEvent(pdu.json), pdu, rules))
}

/** The signatures of one server on an event, in base64, by ed25519 keys; others are left out. */
export function signaturesOf(pdu: Pdu, server: ServerName): readonly (readonly [KeyId, string])[] {
  const signatures = readMember(pdu, 'signatures')
  const ofServer = isJsonObject(signatures) ? signatures[server] : undefined
  if (!isJsonObject(ofServer)) return []
  const found: [KeyId, string][] = []
  for (const [name, signature] of Object.entries(ofServer)) {
    const keyId = parseKeyId(name)
    if (keyId !== undefined && typeof signature === 'string') found.push([keyId, signature])
  }
  return found
}

/**
 * The servers that must have signed an event: the sender's, unless it is an invite that stems from a third-party invite; in room
 * versions 1 and 2 the server in the event's id; in version 8 and later, for a join that a member's server vouches for, that server.
 *
 * Spec: server-server API, validating hashes and signatures on received events; room version 8, authorization rule 4.2.
 */
export function requiredSigners(pdu: Pdu, rules: RoomRules): readonly ServerName[] {
  const signers = new Set<ServerName>()
  if (!isThirdPartyInvite(pdu)) signers.add(serverOf(pdu.sender))
  const namedBy = rules.eventIds === 'given' ? serverOf(pdu.eventId) : undefined
  if (namedBy !== undefined) signers.add(namedBy)
  const user = authorisingUser(pdu, rules)
  const authoriser = typeof user === 'string' ? parseUserId(user) : undefined
  if (authoriser !== undefined) signers.add(serverOf(authoriser))
  return [...signers]
}

/** Does a join name somebody who is to vouch for it, but no valid user? Nobody can have signed for them. */
export function namesNoAuthoriser(pdu: Pdu, rules: RoomRules): boolean {
  const user = authorisingUser(pdu, rules)
  return user !== undefined && (typeof user !== 'string' || parseUserId(user) === undefined)
}

function authorisingUser(pdu: Pdu, rules: RoomRules): Pdu['content'][string] | undefined {
  if (!rules.restrictedJoins || pdu.type !== 'm.room.member' || pdu.content['membership'] !== 'join') return undefined
  return pdu.content['join_authorised_via_users_server']
}

/** An invite made of a third-party invite is sent by whichever server learnt of it; its `signed` is checked by the authorization rules. */
function isThirdPartyInvite(pdu: Pdu): boolean {
  if (pdu.type !== 'm.room.member' || pdu.content['membership'] !== 'invite') return false
  const invite = pdu.content['third_party_invite']
  return isJsonObject(invite) && isJsonObject(invite['signed'])
}
