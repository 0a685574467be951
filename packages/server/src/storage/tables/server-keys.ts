import type { Database } from '../database.ts'
import { sql } from '../sql.ts'
import { remove, upsert } from '../table-write.ts'

/** Another server's signing key. */
export interface ServerKeyRow {
  readonly key_id: string
  readonly public_key: Uint8Array
  /** Milliseconds since 1970, as are the others. Already capped. */
  readonly valid_until: number
  /** When a key that is no longer used stopped to be; null for a current one. */
  readonly expired_at: number | null
  readonly fetched_at: number
}

/** Bound: `keysPerServerMax` rows a server that we ever had to do with. */
export const upsertServerKey = upsert({
  name: 'server_keys.upsert',
  table: 'server_keys',
  key: ['server', 'key_id'],
  columns: { server: 'text', key_id: 'text', public_key: 'bytes', valid_until: 'int', expired_at: 'int', fetched_at: 'int' },
})

export const removeServerKey = remove({
  name: 'server_keys.remove',
  table: 'server_keys',
  columns: { server: 'text', key_id: 'text' },
})

/** The last answer of a server about its keys, whole, for those who ask us as a notary. Bound: one row a server. */
export const upsertKeyAnswer = upsert({
  name: 'server_key_answers.upsert',
  table: 'server_key_answers',
  key: ['server'],
  columns: { server: 'text', json: 'text', fetched_at: 'int', valid_until: 'int' },
})

/** All keys of a server, newest first. */
export function serverKeys(db: Database, server: string): Promise<ServerKeyRow[]> {
  return db.all(sql<ServerKeyRow>('server_keys.ofServer')`
    SELECT key_id, public_key, valid_until, expired_at, fetched_at FROM server_keys WHERE server = ${server}
    ORDER BY fetched_at DESC, key_id LIMIT 400`)
}

/** The last answer of a server about its keys. */
export function keyAnswer(db: Database, server: string): Promise<{ json: string; fetched_at: number; valid_until: number } | undefined> {
  return db.first(sql<{ json: string; fetched_at: number; valid_until: number }>('server_key_answers.one')`
    SELECT json, fetched_at, valid_until FROM server_key_answers WHERE server = ${server}`)
}
