import type { Database } from '../database.ts'
import { sql, type Query } from '../sql.ts'

/** A piece of media: ours, or another server's that we keep a copy of. */
export interface MediaRow {
  readonly server: string
  readonly media_id: string
  /** Absent of other servers' media. */
  readonly uploader: string | null
  /** The file's name; absent until it was uploaded. */
  readonly hash: string | null
  readonly content_type: string
  readonly file_name: string | null
  readonly bytes: number
  readonly created_at: number
  /** Until when it must be uploaded. */
  readonly expires_at: number | null
  readonly accessed_at: number
}

/** A thumbnail that was made. */
export interface ThumbnailRow {
  readonly hash: string
  readonly content_type: string
  readonly bytes: number
}

/** Which thumbnail. */
export interface ThumbnailKey {
  readonly server: string
  readonly mediaId: string
  readonly width: number
  readonly height: number
  readonly method: string
  /** 1 or 0. */
  readonly animated: number
}

/** One piece of media. */
export function findMedia(db: Database, server: string, mediaId: string): Promise<MediaRow | undefined> {
  return db.first(sql<MediaRow>('media.one')`
    SELECT server, media_id, uploader, hash, content_type, file_name, bytes, created_at, expires_at, accessed_at
    FROM media WHERE server = ${server} AND media_id = ${mediaId}`)
}

/** Add what is uploaded; a step with `expect: 1`: there may be one of that name. */
export function addMedia(row: MediaRow): Query<unknown> {
  return sql('media.add')`
    INSERT INTO media (server, media_id, uploader, hash, content_type, file_name, bytes, created_at, expires_at, accessed_at)
    VALUES (${row.server}, ${row.media_id}, ${row.uploader}, ${row.hash}, ${row.content_type}, ${row.file_name}, ${row.bytes},
      ${row.created_at}, ${row.expires_at}, ${row.accessed_at})
    ON CONFLICT (server, media_id) DO NOTHING`
}

/** Add what is to be uploaded later; a step with `expect: 1`: its uploader may have no more than `pendingMax` of them. */
export function addPendingMedia(
  server: string,
  mediaId: string,
  uploader: string,
  now: number,
  expiresAt: number,
  pendingMax: number,
): Query<unknown> {
  return sql('media.addPending')`
    INSERT INTO media (server, media_id, uploader, content_type, bytes, created_at, expires_at, accessed_at)
    SELECT CAST(${server} AS text), CAST(${mediaId} AS text), CAST(${uploader} AS text), '', 0, CAST(${now} AS bigint),
      CAST(${expiresAt} AS bigint), CAST(${now} AS bigint)
    WHERE (SELECT count(*) FROM media WHERE uploader = ${uploader} AND hash IS NULL AND expires_at > ${now}) < ${pendingMax}`
}

/** What is uploaded at last; a step with `expect: 1`. */
export function fillMedia(
  server: string,
  mediaId: string,
  uploader: string,
  now: number,
  file: Pick<MediaRow, 'hash' | 'content_type' | 'file_name' | 'bytes'>,
): Query<unknown> {
  return sql('media.fill')`
    UPDATE media SET hash = ${file.hash}, content_type = ${file.content_type}, file_name = ${file.file_name}, bytes = ${file.bytes},
      expires_at = NULL, accessed_at = ${now}
    WHERE server = ${server} AND media_id = ${mediaId} AND uploader = ${uploader} AND hash IS NULL AND expires_at > ${now}`
}

/** Note that somebody looked at it. */
export function touchMedia(server: string, mediaId: string, now: number): Query<unknown> {
  return sql('media.touch')`UPDATE media SET accessed_at = ${now} WHERE server = ${server} AND media_id = ${mediaId}`
}

/** Remove one; a step with `expect: 1`: it may be gone, or have another file by now. */
export function removeMedia(server: string, mediaId: string, hash: string): Query<unknown> {
  return sql('media.remove')`DELETE FROM media WHERE server = ${server} AND media_id = ${mediaId} AND hash = ${hash}`
}

/** Remove at most `limit` of those that were to be uploaded before `now` and were not. */
export function removeExpiredMedia(now: number, limit: number): Query<unknown> {
  return sql('media.removeExpired')`
    DELETE FROM media WHERE (server, media_id) IN
      (SELECT server, media_id FROM media WHERE hash IS NULL AND expires_at <= ${now} LIMIT ${limit})`
}

/** Copies of other servers' media that nobody looked at since `before`, the longest unused first, at most `limit`. */
export function oldestRemoteMedia(db: Database, before: number, limit: number): Promise<MediaRow[]> {
  return db.all(sql<MediaRow>('media.oldestRemote')`
    SELECT server, media_id, uploader, hash, content_type, file_name, bytes, created_at, expires_at, accessed_at
    FROM media WHERE uploader IS NULL AND accessed_at < ${before} ORDER BY accessed_at LIMIT ${limit}`)
}

/** One thumbnail. */
export function findThumbnail(db: Database, key: ThumbnailKey): Promise<ThumbnailRow | undefined> {
  return db.first(sql<ThumbnailRow>('media_thumbnails.one')`
    SELECT hash, content_type, bytes FROM media_thumbnails
    WHERE server = ${key.server} AND media_id = ${key.mediaId} AND width = ${key.width} AND height = ${key.height}
      AND method = ${key.method} AND animated = ${key.animated}`)
}

/** All thumbnails of one piece of media. Bound: the sizes that are made. */
export function thumbnailsOf(db: Database, server: string, mediaId: string): Promise<ThumbnailRow[]> {
  return db.all(sql<ThumbnailRow>('media_thumbnails.all')`
    SELECT hash, content_type, bytes FROM media_thumbnails WHERE server = ${server} AND media_id = ${mediaId}`)
}

/** Add a thumbnail of the media that has the file `of`; a step with `expect: 1`: that may be gone, or there is one by now. */
export function addThumbnail(key: ThumbnailKey, row: ThumbnailRow, of: string): Query<unknown> {
  return sql('media_thumbnails.add')`
    INSERT INTO media_thumbnails (server, media_id, width, height, method, animated, hash, content_type, bytes)
    SELECT CAST(${key.server} AS text), CAST(${key.mediaId} AS text), CAST(${key.width} AS bigint), CAST(${key.height} AS bigint),
      CAST(${key.method} AS text), CAST(${key.animated} AS bigint), CAST(${row.hash} AS text), CAST(${row.content_type} AS text),
      CAST(${row.bytes} AS bigint)
    WHERE EXISTS (SELECT 1 FROM media WHERE server = ${key.server} AND media_id = ${key.mediaId} AND hash = ${of})
    ON CONFLICT (server, media_id, width, height, method, animated) DO NOTHING`
}

/** Remove all thumbnails of one piece of media; a step that expects as many as were read. */
export function removeThumbnails(server: string, mediaId: string): Query<unknown> {
  return sql('media_thumbnails.remove')`DELETE FROM media_thumbnails WHERE server = ${server} AND media_id = ${mediaId}`
}
