import { isJsonObject, parseRoomId, type JsonObject } from '@causeway/events'
import { MatrixError } from '../errors.ts'
import type { BackupKeyRow } from '../storage/tables/key-backups.ts'
import { backupSessionBytesMax, backupSessionsPerRequestMax } from './limits.ts'
import { isName, jsonWithin, objectIn } from './names.ts'

/** Which sessions of a backup: all, a room's, or one. */
export type BackupPlace =
  | { readonly room?: undefined; readonly session?: undefined }
  | { readonly room: string; readonly session?: string | undefined }

/** A session that is put into a backup. */
export interface SessionUpload {
  readonly room: string
  readonly session: string
  readonly object: JsonObject
  readonly json: string
}

/** The sessions of `{ rooms: { <room>: { sessions: { <session>: … } } } }`. Throws M_BAD_JSON, M_INVALID_PARAM, M_TOO_LARGE. */
export function readRooms(value: unknown): SessionUpload[] {
  const sessions: SessionUpload[] = []
  for (const [room, ofRoom] of Object.entries(objectIn(value, 'rooms'))) {
    if (!isJsonObject(ofRoom)) throw new MatrixError('M_BAD_JSON', 'a room of a backup is an object')
    sessions.push(...readRoom(room, ofRoom['sessions']))
    if (sessions.length > backupSessionsPerRequestMax) throw tooMany()
  }
  return sessions
}

/** The sessions of one room, by id. Throws the same. */
export function readRoom(room: string, value: unknown): SessionUpload[] {
  if (parseRoomId(room) === undefined) throw new MatrixError('M_INVALID_PARAM', 'a backup has sessions of rooms')
  const entries = Object.entries(objectIn(value, 'sessions'))
  if (entries.length > backupSessionsPerRequestMax) throw tooMany()
  return entries.map(([session, data]) => readSession(room, session, data))
}

/** One session. Throws M_BAD_JSON, M_INVALID_PARAM, M_TOO_LARGE. */
export function readSession(room: string, session: string, value: unknown): SessionUpload {
  if (!isName(session)) throw new MatrixError('M_INVALID_PARAM', 'this is no session id')
  const object = objectIn(value, 'a session')
  const { first_message_index: first, forwarded_count: forwarded, is_verified: verified, session_data: data } = object
  const counts = isCount(first) && isCount(forwarded)
  if (!counts || typeof verified !== 'boolean' || !isJsonObject(data)) {
    throw new MatrixError('M_BAD_JSON', 'a session has first_message_index, forwarded_count, is_verified and session_data')
  }
  return { room, session, object, json: jsonWithin(object, backupSessionBytesMax, 'a session') }
}

/** Is a session better than the one that is there? Client-Server API, "Server-side key backups". */
export function isBetter(one: JsonObject, there: JsonObject): boolean {
  if (one['is_verified'] !== there['is_verified']) return one['is_verified'] === true
  const [first, firstThere] = [Number(one['first_message_index']), Number(there['first_message_index'])]
  if (first !== firstThere) return first < firstThere
  return Number(one['forwarded_count']) < Number(there['forwarded_count'])
}

/** Sessions as JSON: those of several rooms under `rooms`, or of one under `sessions`. Rows are in the order of rooms. */
export function roomsJson(rows: readonly BackupKeyRow[]): string {
  const rooms = [...Map.groupBy(rows, (row) => row.room_id)].map(([room, ofRoom]) => `${JSON.stringify(room)}:${sessionsJson(ofRoom)}`)
  return `{"rooms":{${rooms.join(',')}}}`
}

export function sessionsJson(rows: readonly BackupKeyRow[]): string {
  return `{"sessions":{${rows.map((row) => `${JSON.stringify(row.session_id)}:${row.json}`).join(',')}}}`
}

function isCount(value: JsonObject[string] | undefined): boolean {
  return typeof value === 'number' && value >= 0
}

function tooMany(): MatrixError {
  return new MatrixError('M_TOO_LARGE', `a request holds at most ${backupSessionsPerRequestMax} sessions`)
}
