import { membershipOfEvent, type UserId } from '@causeway/events'
import type { Database } from '../../storage/database.ts'
import { loadEvents } from '../engine/load-room.ts'
import type { RoomView } from '../engine/room-view.ts'
import type { KeyNumber, StateVector } from '../engine/state-vector.ts'
import { heroesMax, heroesScanMax } from './limits.ts'

/** The first members other than the reader who are joined or invited, or else who were. Members are numbered as they came. */
export async function heroesOf(
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
