import { membershipOfEvent, type UserId } from '@causeway/events'
import { loadEvents } from '../rooms/engine/load-room.ts'
import type { RoomView } from '../rooms/engine/room-view.ts'
import type { KeyNumber, StateVector } from '../rooms/engine/state-vector.ts'
import { heroesMax, heroesScanMax } from '../rooms/history/limits.ts'
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

/** The first members other than the reader who are joined or invited, or else who were. Members are numbered as they came. */
async function heroesOf(
  db: Database,
  view: RoomView,
  state: StateVector,
  reader: UserId,
): Promise<(readonly [userId: string, key: KeyNumber])[]> {
  const present: (readonly [string, KeyNumber])[] = []
  const gone: (readonly [string, KeyNumber])[] = []
  let scanned = 0
  for (const [userId, key] of view.memberKeys()) {
    const number = userId === reader ? 0 : state.get(key)
    if (number === 0) continue
    if (present.length >= heroesMax || scanned >= heroesScanMax) break
    scanned += 1
    const [event] = await loadEvents(db, view, [number])
    const membership = membershipOfEvent(event?.pdu)
    if (membership === 'join' || membership === 'invite') present.push([userId, key])
    else if (membership !== undefined && gone.length < heroesMax) gone.push([userId, key])
  }
  return present.length > 0 ? present : gone
}
