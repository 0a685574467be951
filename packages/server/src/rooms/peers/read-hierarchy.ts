import { isJsonObject, parseRoomId, parseUserId, type JsonObject, type JsonValue, type RoomId } from '@causeway/events'
import type { RoomDescription } from '../room-summary.ts'
import { spaceChildrenMax, spaceChildrenTextMax } from '../spaces/limits.ts'
import { childFrom, inOrder, type SpaceChild } from '../spaces/space-children.ts'
import { publicRoom } from './remote-public-rooms.ts'

/** Rooms of a join rule that are looked at; as many as of our own. */
const allowedRoomsMax = 50

/** A room, or a space with its children, as another server tells of it. */
export interface RemoteSpace {
  readonly room: RoomDescription
  readonly children: readonly SpaceChild[]
  /** What it says of its children, as far as it knows them. */
  readonly descriptions: ReadonlyMap<RoomId, RoomDescription>
  /** Children that nobody of our server may know, so it says. */
  readonly inaccessible: ReadonlySet<RoomId>
}

/** Read an answer of GET /hierarchy (Server-Server API, "Spaces") about a room. Absent if it is about something else. */
export function readHierarchy(answer: JsonObject, roomId: RoomId): RemoteSpace | undefined {
  const { room, children, inaccessible_children: inaccessible } = answer
  const described = room === undefined ? undefined : description(room)
  if (described?.room_id !== roomId || !isJsonObject(room)) return undefined
  const links = described.room_type === 'm.space' ? linksOf(room['children_state']) : []
  const linked = new Set(links.map((link) => link.roomId))
  const known = listOf(children).flatMap((child) => description(child) ?? [])
  return {
    room: described,
    children: inOrder(links),
    descriptions: new Map(known.filter((child) => linked.has(child.room_id)).map((child) => [child.room_id, child])),
    inaccessible: new Set(listOf(inaccessible).flatMap((id) => (typeof id === 'string' ? (parseRoomId(id) ?? []) : []))),
  }
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value.slice(0, spaceChildrenMax) : []
}

function description(value: JsonValue): RoomDescription | undefined {
  const room = publicRoom(value)
  if (room === undefined || !isJsonObject(value)) return undefined
  const { room_version: version, encryption, allowed_room_ids: allowed } = value
  const ids = listOf(allowed)
    .slice(0, allowedRoomsMax)
    .flatMap((id) => (typeof id === 'string' ? (parseRoomId(id) ?? []) : []))
  return {
    ...room,
    ...(typeof version === 'string' ? { room_version: version } : {}),
    ...(typeof encryption === 'string' ? { encryption } : {}),
    ...(ids.length > 0 ? { allowed_room_ids: ids } : {}),
  }
}

function linksOf(events: JsonValue | undefined): SpaceChild[] {
  const links: SpaceChild[] = []
  let text = 0
  for (const event of listOf(events)) {
    const link = strippedChild(event)
    text += link === undefined ? 0 : JSON.stringify(link.stripped).length
    if (text > spaceChildrenTextMax) break
    if (link !== undefined) links.push(link)
  }
  return links
}

function strippedChild(event: JsonValue): SpaceChild | undefined {
  if (!isJsonObject(event)) return undefined
  const { type, state_key: stateKey, sender, content, origin_server_ts: time } = event
  if (type !== 'm.space.child' || typeof stateKey !== 'string' || typeof sender !== 'string' || parseUserId(sender) === undefined) {
    return undefined
  }
  if (content === undefined || !isJsonObject(content) || typeof time !== 'number') return undefined
  return childFrom({ type, state_key: stateKey, sender, content, origin_server_ts: time })
}
