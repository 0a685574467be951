import type { Database } from '../database.ts'
import { sql, type Query } from '../sql.ts'
import { insert } from '../table-write.ts'

/** User-interactive authentication in progress. `stages` (a list of types) and `proof` are JSON. */
export interface UiaSessionRow {
  readonly operation: string
  readonly body_hash: string
  readonly user_id: string | null
  readonly stages: string
  readonly proof: string
  readonly created_at: number
}

/** Bound: those of the last 15 minutes. */
export const insertUiaSession = insert({
  name: 'uia_sessions.insert',
  table: 'uia_sessions',
  columns: { id: 'text', operation: 'text', body_hash: 'text', user_id: 'text', stages: 'text', proof: 'text', created_at: 'int' },
})

/** One that began after `since`. */
export function findUiaSession(db: Database, id: string, since: number): Promise<UiaSessionRow | undefined> {
  return db.first(sql<UiaSessionRow>('uia_sessions.one')`
    SELECT operation, body_hash, user_id, stages, proof, created_at FROM uia_sessions WHERE id = ${id} AND created_at > ${since}`)
}

/** Further stages are completed; a step with `expect: 1`: another request may have gone ahead. */
export function advanceUiaSession(
  id: string,
  was: UiaSessionRow,
  now: { readonly stages: string; readonly proof: string; readonly bodyHash: string },
): Query<unknown> {
  return sql('uia_sessions.advance')`
    UPDATE uia_sessions SET stages = ${now.stages}, proof = ${now.proof}, body_hash = ${now.bodyHash} WHERE id = ${id} AND stages = ${was.stages}`
}

/** The operation is done; a step with `expect: 1`: it is done once. */
export function spendUiaSession(id: string): Query<unknown> {
  return sql('uia_sessions.spend')`DELETE FROM uia_sessions WHERE id = ${id}`
}

/** Forget those that began before `before`. */
export function forgetUiaSessions(before: number): Query<unknown> {
  return sql('uia_sessions.forget')`DELETE FROM uia_sessions WHERE created_at < ${before}`
}
