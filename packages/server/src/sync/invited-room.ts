import { isPlainObject } from '../rooms/history/event-filter.ts'
import { loadEvents, loadNode } from '../rooms/engine/load-room.ts'
import type { RoomView } from '../rooms/engine/room-view.ts'
import { strippedEvent } from '../rooms/history/client-event.ts'
import type { SyncPorts } from './sync-ports.ts'
import type { RoomMembership } from './user-rooms.ts'

/** State that tells somebody outside what the room is (Client-Server API, "Stripped state"). */
const shownTypes = [
  'm.room.create',
  'm.room.join_rules',
  'm.room.canonical_alias',
  'm.room.avatar',
  'm.room.name',
  'm.room.topic',
  'm.room.encryption',
]

/** An invited or knocked room's member of the answer: its stripped state, with the members whom the invite is about. */
export async function invitedRoom(ports: SyncPorts, membership: RoomMembership, name: 'invite_state' | 'knock_state'): Promise<string> {
  const stripped = await strippedStateOf(ports, membership)
  return `${JSON.stringify(membership.roomId)}:{"${name}":{"events":[${stripped.join(',')}]}}`
}

/** What an invite or knock shows of its room: stripped events as JSON. */
export async function strippedStateOf(ports: SyncPorts, membership: RoomMembership): Promise<readonly string[]> {
  return membership.inviteState === undefined ? ownState(ports, membership) : given(membership.inviteState)
}

/** The state at the invite, of a room that we are in. */
async function ownState(ports: SyncPorts, membership: RoomMembership): Promise<string[]> {
  const view = await ports.engine.view(membership.roomId)
  const [own] = view === undefined || membership.event === 0 ? [] : await loadEvents(ports.db, view, [membership.event])
  if (view === undefined || own === undefined) return []
  const { state } = await loadNode(ports.db, view, own.stateAfter)
  const keys = [...shownTypes.map((type) => view.keys.find(type, '')), view.keys.find('m.room.member', membership.sender)]
  const numbers = keys.map((key) => (key === undefined ? 0 : state.get(key))).filter((number) => number !== 0 && number !== own.event)
  return [...(await strip(ports, view, numbers)), strippedEvent(own.pdu)]
}

async function strip(ports: SyncPorts, view: RoomView, numbers: readonly number[]): Promise<string[]> {
  return (await loadEvents(ports.db, view, numbers)).map((event) => strippedEvent(event.pdu))
}

/** What came with an invite from outside; only what stripped events may have is passed on. */
function given(text: string): string[] {
  const list: unknown = JSON.parse(text)
  if (!Array.isArray(list)) return []
  return list
    .filter(isPlainObject)
    .map(({ content, sender, state_key: stateKey, type }) => JSON.stringify({ content, sender, state_key: stateKey, type }))
}
