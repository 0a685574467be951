import type { Database } from '../database.ts'
import { In, sql, type Query } from '../sql.ts'
import { upsert } from '../table-write.ts'

/** What a cross-signing key is for. */
export type KeyUsage = 'master' | 'self_signing' | 'user_signing'

/** A cross-signing key; `json` is the key as uploaded. */
export interface CrossSigningRow {
  readonly user_id: string
  readonly usage: KeyUsage
  readonly public_key: string
  readonly json: string
}

/** A signature that a user of ours uploaded. `target`: a device id or a public key. */
export interface KeySignatureRow {
  readonly signer: string
  readonly target_user: string
  readonly target: string
  readonly key_id: string
  readonly signature: string
}

/** Bound: three rows a user. */
export const upsertCrossSigningKey = upsert({
  name: 'cross_signing_keys.upsert',
  table: 'cross_signing_keys',
  key: ['user_id', 'usage'],
  columns: { user_id: 'text', usage: 'text', public_key: 'text', json: 'text' },
})

/** Bound: `signaturesPerUserMax` a signer. */
export const upsertKeySignature = upsert({
  name: 'key_signatures.upsert',
  table: 'key_signatures',
  key: ['signer', 'target_user', 'target', 'key_id'],
  columns: { signer: 'text', target_user: 'text', target: 'text', key_id: 'text', signature: 'text' },
})

/** The cross-signing keys of some users. Bound: three a user. */
export function crossSigningKeysOf(db: Database, userIds: readonly string[]): Promise<CrossSigningRow[]> {
  return db.all(sql<CrossSigningRow>('cross_signing_keys.ofUsers')`
    SELECT user_id, usage, public_key, json FROM cross_signing_keys WHERE user_id ${new In(userIds)}`)
}

/** A step with `expect: 1`: the user has no master key yet. */
export function hasNoMasterKey(userId: string): Query<unknown> {
  return sql('cross_signing_keys.noMaster')`
    SELECT 1 AS none WHERE NOT EXISTS (SELECT 1 FROM cross_signing_keys WHERE user_id = ${userId} AND usage = 'master')`
}

/** Signatures on keys of some users that they made themselves, or that `reader` made. Bound: theirs and `signaturesPerUserMax`. */
export function keySignaturesOn(db: Database, userIds: readonly string[], reader: string): Promise<KeySignatureRow[]> {
  return db.all(sql<KeySignatureRow>('key_signatures.on')`
    SELECT signer, target_user, target, key_id, signature FROM key_signatures
    WHERE target_user ${new In(userIds)} AND (signer = target_user OR signer = ${reader})`)
}

/** How many signatures a user has uploaded. */
export async function countKeySignatures(db: Database, signer: string): Promise<number> {
  const row = await db.first(
    sql<{ count: number }>('key_signatures.count')`SELECT count(*) AS count FROM key_signatures WHERE signer = ${signer}`,
  )
  return row?.count ?? 0
}

/** A user's cross-signing keys go, for a user of another server or for one who left. */
export function deleteCrossSigningKeys(userId: string): Query<unknown> {
  return sql('cross_signing_keys.delete')`DELETE FROM cross_signing_keys WHERE user_id = ${userId}`
}

/** Signatures by a cross-signing key that is no longer: they would prove nothing. */
export function deleteSignaturesBy(signer: string, keyId: string): Query<unknown> {
  return sql('key_signatures.deleteBy')`DELETE FROM key_signatures WHERE signer = ${signer} AND key_id = ${keyId}`
}
