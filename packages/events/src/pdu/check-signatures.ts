import { decodeBase64 } from '../base64.ts'
import type { KeyId, ServerName } from '../ids/ids.ts'
import { allow, reject, type Verdict } from '../verdict.ts'
import type { RoomRules } from '../versions/room-rules.ts'
import { namesNoAuthoriser, requiredSigners, signaturesOf, signedBytes } from './event-signatures.ts'
import type { Pdu } from './pdu.ts'
import { verifyBytes } from './signing-key.ts'

/** A key that would decide, if we had it. */
export interface MissingKey {
  readonly server: ServerName
  readonly keyId: KeyId
}

/** A verdict, or the keys to fetch before there can be one. */
export type SignatureCheck = Verdict | { readonly missing: readonly MissingKey[] }

/**
 * Finds a public key (32 bytes) among those already loaded. It must have been valid until `validAt` (milliseconds since 1970) at least:
 * the event's time in room version 5 and later, 0 in older ones, where any key that the server ever had will do.
 */
export type FindKey = (server: ServerName, keyId: KeyId, validAt: number) => Uint8Array | undefined

/**
 * Check 2 on receipt: every required server signed, with at least one known key, and none of its known keys signed wrongly. Signatures
 * by unknown keys are skipped; if a server has only such, the keys are `missing`.
 *
 * Spec: server-server API, validating hashes and signatures on received events; room version 5, signing key validity period.
 */
export function checkSignatures(pdu: Pdu, rules: RoomRules, key: FindKey): SignatureCheck {
  if (namesNoAuthoriser(pdu, rules)) return reject('signature.authoriser', 'the join names no valid user who would vouch for it')
  const signers = requiredSigners(pdu, rules)
  const message = signers.length === 0 ? undefined : signedBytes(pdu, rules)
  const validAt = rules.enforceKeyValidity ? pdu.originServerTs : 0
  const missing: MissingKey[] = []
  for (const server of signers) {
    const signatures = signaturesOf(pdu, server)
    if (signatures.length === 0) return reject('signature.absent', `the event is not signed by ${server}`)
    let known = 0
    for (const [keyId, text] of signatures) {
      const publicKey = key(server, keyId, validAt)
      if (publicKey === undefined) continue
      known += 1
      const signature = decodeBase64(text)
      if (message === undefined || signature === undefined || !verifyBytes(publicKey, signature, message)) {
        return reject('signature.wrong', `the signature of ${server} by ${keyId} is wrong`)
      }
    }
    if (known === 0) missing.push(...signatures.map(([keyId]) => ({ server, keyId })))
  }
  return missing.length > 0 ? { missing } : allow
}
