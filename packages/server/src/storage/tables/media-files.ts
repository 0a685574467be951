import type { Database } from '../database.ts'
import { sql, type Query } from '../sql.ts'

/** Know of a file before it gets its place, so that none is ever there unknown. */
export function noteFile(hash: string, bytes: number, now: number): Query<unknown> {
  return sql('media_files.note')`
    INSERT INTO media_files (hash, bytes, refs, unused_since) VALUES (${hash}, ${bytes}, 0, ${now}) ON CONFLICT (hash) DO NOTHING`
}

/** Refer to a file once more; a step with `expect: 1`: it may be about to be removed. */
export function useFile(hash: string, bytes: number, now: number): Query<unknown> {
  return sql('media_files.use')`
    INSERT INTO media_files (hash, bytes, refs, unused_since) VALUES (${hash}, ${bytes}, 1, ${now})
    ON CONFLICT (hash) DO UPDATE SET refs = media_files.refs + 1 WHERE media_files.removing_since IS NULL`
}

/** Refer to a file once less. */
export function releaseFile(hash: string, now: number): Query<unknown> {
  return sql('media_files.release')`UPDATE media_files SET refs = refs - 1, unused_since = ${now} WHERE hash = ${hash}`
}

/**
 * Begin to remove a file that nothing refers to; a step with `expect: 1`. From then on nothing refers to it until `forgetFile`. What was
 * begun before `abandoned` is begun anew: its process died.
 */
export function beginRemovingFile(hash: string, now: number, abandoned: number): Query<unknown> {
  return sql('media_files.beginRemoving')`
    UPDATE media_files SET removing_since = ${now}
    WHERE hash = ${hash} AND refs = 0 AND (removing_since IS NULL OR removing_since < ${abandoned})`
}

/** The file is removed. */
export function forgetFile(hash: string): Query<unknown> {
  return sql('media_files.forget')`DELETE FROM media_files WHERE hash = ${hash} AND refs = 0 AND removing_since IS NOT NULL`
}

/** Files that nothing refers to since `before`, at most `limit`. */
export function unusedFiles(db: Database, before: number, limit: number): Promise<{ readonly hash: string }[]> {
  return db.all(sql<{ readonly hash: string }>('media_files.unused')`
    SELECT hash FROM media_files WHERE refs = 0 AND unused_since < ${before} LIMIT ${limit}`)
}

/** What one owner keeps. */
export interface UsageRow {
  readonly bytes: number
  readonly files: number
}

/** What a user uploaded; '' is what we keep of other servers. */
export function mediaUsage(db: Database, owner: string): Promise<UsageRow | undefined> {
  return db.first(sql<UsageRow>('media_usage.one')`SELECT bytes, files FROM media_usage WHERE owner = ${owner}`)
}

/** Count a file; a step with `expect: 1`: with it the owner may not pass `bytesMax`. */
export function addUsage(owner: string, bytes: number, bytesMax: number): Query<unknown> {
  return sql('media_usage.add')`
    INSERT INTO media_usage (owner, bytes, files) SELECT CAST(${owner} AS text), CAST(${bytes} AS bigint), 1
    WHERE CAST(${bytes} AS bigint) <= CAST(${bytesMax} AS bigint)
    ON CONFLICT (owner) DO UPDATE SET bytes = media_usage.bytes + excluded.bytes, files = media_usage.files + 1
    WHERE media_usage.bytes + excluded.bytes <= ${bytesMax}`
}

/** Count files no more. */
export function reduceUsage(owner: string, bytes: number, files: number): Query<unknown> {
  return sql('media_usage.reduce')`UPDATE media_usage SET bytes = bytes - ${bytes}, files = files - ${files} WHERE owner = ${owner}`
}
