import { isJsonObject, parseRoomId, type JsonObject, type JsonValue, type ServerName } from '@causeway/events'
import { toClientError } from '../../federation/client/client-error.ts'
import type { FederationClient } from '../../federation/client/federation-client.ts'
import { getPublicRooms, queryPublicRooms } from '../../federation/wire/queries.ts'
import type { PublicRoom } from '../room-summary.ts'

/** Rooms that are asked for at most, and kept of an answer. */
const roomsMax = 100
/** Characters of another server's token; longer ones are left out, and the list ends there. */
const tokenCharsMax = 1_024
/** Characters of a name, a topic or an address in it: as much as an event can hold. */
const textCharsMax = 65_536

/** Which part of another server's directory is asked for. */
export interface RemoteDirectoryQuery {
  readonly limit: number | undefined
  readonly since: string | undefined
  readonly term: string | undefined
  readonly roomTypes: readonly (string | null)[] | undefined
}

/** A page of another server's directory, as that server says. */
export interface RemoteDirectoryPage {
  readonly chunk: readonly PublicRoom[]
  readonly total_room_count_estimate?: number
  readonly next_batch?: string
  readonly prev_batch?: string
}

/**
 * Ask another server for its public rooms (Server-Server API, "Published Room Directory"). Only what such a list may hold is
 * passed on. Throws the refusal in a form that our client may read.
 */
export async function remotePublicRooms(
  client: FederationClient,
  server: ServerName,
  query: RemoteDirectoryQuery,
): Promise<RemoteDirectoryPage> {
  const { since, term, roomTypes } = query
  const limit = Math.min(roomsMax, Math.max(1, query.limit ?? roomsMax))
  const page = { limit, ...(since === undefined ? {} : { since }) }
  const filter: JsonObject = {
    ...(term === undefined ? {} : { generic_search_term: term }),
    ...(roomTypes === undefined ? {} : { room_types: [...roomTypes] }),
  }
  const plain = Object.keys(filter).length === 0
  const answer = plain
    ? await client.call(server, getPublicRooms, { query: page, evenIfResting: true })
    : await client.call(server, queryPublicRooms, { body: { ...page, filter }, evenIfResting: true })
  if (!answer.ok) throw toClientError(answer)
  const { chunk, total_room_count_estimate: total, next_batch: next, prev_batch: previous } = answer.value
  const rooms: readonly JsonValue[] = Array.isArray(chunk) ? chunk.slice(0, roomsMax) : []
  return {
    chunk: rooms.flatMap((room) => publicRoom(room) ?? []),
    ...(typeof total === 'number' ? { total_room_count_estimate: total } : {}),
    ...(isToken(next) ? { next_batch: next } : {}),
    ...(isToken(previous) ? { prev_batch: previous } : {}),
  }
}

function isToken(value: JsonValue | undefined): value is string {
  return typeof value === 'string' && value.length <= tokenCharsMax
}

/** A room as another server describes it; absent when it has no id. */
export function publicRoom(value: JsonValue): PublicRoom | undefined {
  if (!isJsonObject(value)) return undefined
  const roomId = typeof value['room_id'] === 'string' ? parseRoomId(value['room_id']) : undefined
  if (roomId === undefined) return undefined
  const members = value['num_joined_members']
  const texts = ['name', 'topic', 'canonical_alias', 'avatar_url', 'room_type'].map((key) => [key, value[key]] as const)
  return {
    room_id: roomId,
    num_joined_members: typeof members === 'number' && members >= 0 ? members : 0,
    world_readable: value['world_readable'] === true,
    guest_can_join: value['guest_can_join'] === true,
    join_rule: typeof value['join_rule'] === 'string' ? value['join_rule'] : 'public',
    ...Object.fromEntries(texts.filter(([, text]) => typeof text === 'string' && text.length <= textCharsMax)),
  }
}
