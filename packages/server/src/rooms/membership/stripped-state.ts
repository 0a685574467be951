import { parseUserId, serverOf, type JsonObject, type RoomId, type ServerName } from '@causeway/events'
import type { Database } from '../../storage/database.ts'
import { stateFor } from '../engine/view-state.ts'
import type { RoomView } from '../engine/room-view.ts'

/** The state that tells an invited or knocking user what the room is (Client-Server API, "Stripped state"). */
const strippedTypes = [
  'm.room.create',
  'm.room.join_rules',
  'm.room.canonical_alias',
  'm.room.avatar',
  'm.room.name',
  'm.room.topic',
  'm.room.encryption',
] as const

/** An event's stripped form. */
export interface Stripped {
  readonly type: string
  readonly state_key: string
  readonly sender: string
  readonly content: JsonObject
}

/** A room's stripped state; `members` are told beside it (who invites). */
export async function strippedState(db: Database, view: RoomView, members: readonly string[]): Promise<Stripped[]> {
  const state = await stateFor(db, view, view.current, [
    ...strippedTypes.map((type) => [type, ''] as const),
    ...members.map((member) => ['m.room.member', member] as const),
  ])
  return state.pdus.map((pdu) => ({ type: pdu.type, state_key: pdu.stateKey ?? '', sender: pdu.sender, content: pdu.content }))
}

/** The same as full events, which other servers get from version 1.16 of the specification on. */
export async function strippedPdus(db: Database, view: RoomView, members: readonly string[]): Promise<readonly JsonObject[]> {
  const state = await stateFor(db, view, view.current, [
    ...strippedTypes.map((type) => [type, ''] as const),
    ...members.map((member) => ['m.room.member', member] as const),
  ])
  return state.pdus.map((pdu) => pdu.object)
}

/**
 * The servers that are in a room on which one of our users knocked, or to which they are invited, as far as its stripped state tells: those of whoever
 * sent it, and the one in the room's id.
 */
export function serversOfStripped(roomId: RoomId, stripped: string | null): ReadonlySet<ServerName> {
  const list: unknown = stripped === null ? [] : JSON.parse(stripped)
  const servers = new Set<ServerName>()
  const origin = serverOf(roomId)
  if (origin !== undefined) servers.add(origin)
  for (const entry of Array.isArray(list) ? list : []) {
    const sender: unknown = typeof entry === 'object' && entry !== null && 'sender' in entry ? entry.sender : undefined
    const userId = typeof sender === 'string' ? parseUserId(sender) : undefined
    if (userId !== undefined) servers.add(serverOf(userId))
  }
  return servers
}
