import type { UserId } from '@causeway/events'
import { loadEvents } from '../rooms/engine/load-room.ts'
import type { RoomView } from '../rooms/engine/room-view.ts'
import type { KeyNumber, StateVector } from '../rooms/engine/state-vector.ts'
import { heroesOf } from '../rooms/history/heroes.ts'
import type { Database } from '../storage/database.ts'

/** What a client shows of a room without having its members (Client-Server API, RoomSummary). */
export interface RoomSummary {
  readonly json: string
  /** The heroes' member events by key. */
  readonly heroes: readonly KeyNumber[]
}

/** A room's summary for a reader. Heroes are named only where no name and no alias does it. */
export async function summaryOf(db: Database, view: RoomView, state: StateVector, reader: UserId): Promise<RoomSummary> {
  const counts = `"m.joined_member_count":${view.joinedMembers},"m.invited_member_count":${view.invitedMembers}`
  if (await isNamed(db, view, state)) return { json: `{${counts}}`, heroes: [] }
  const heroes = await heroesOf(db, view, state, reader)
  const names = heroes.map(([userId]) => JSON.stringify(userId))
  return { json: `{"m.heroes":[${names.join(',')}],${counts}}`, heroes: heroes.map(([, key]) => key) }
}

async function isNamed(db: Database, view: RoomView, state: StateVector): Promise<boolean> {
  for (const [type, field] of [
    ['m.room.name', 'name'],
    ['m.room.canonical_alias', 'alias'],
  ] as const) {
    const key = view.keys.find(type, '')
    const number = key === undefined ? 0 : state.get(key)
    const [event] = number === 0 ? [] : await loadEvents(db, view, [number])
    const value = event?.pdu.content[field]
    if (typeof value === 'string' && value !== '') return true
  }
  return false
}
