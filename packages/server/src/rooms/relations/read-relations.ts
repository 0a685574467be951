import type { EventId, RoomId, UserId } from '@causeway/events'
import { childrenAfter, childrenBefore, childrenOfAll, type RelatedRow } from '../../storage/tables/relations.ts'
import { loadEvents } from '../engine/load-room.ts'
import type { StoredEvent } from '../engine/stored-event.ts'
import { clientEvent, type Reading } from '../history/client-event.ts'
import { beginning, isAfter, placeAfter, placeBefore, type Place } from '../history/place.ts'
import { requireVisibleEvent } from '../history/read-event.ts'
import type { ReadingPorts } from '../history/reading-ports.ts'
import type { RoomSight } from '../history/room-sight.ts'
import { bundleRelations } from './bundle.ts'
import { recursionEventsMax, recursionLevels, relationsPageMax, relationsScanMax, relationsSlice } from './limits.ts'

/** A request for a page of what relates to an event. */
export interface RelationsWish {
  readonly eventId: EventId
  readonly relType: string | undefined
  readonly eventType: string | undefined
  readonly direction: 'b' | 'f'
  readonly from: Place | undefined
  readonly to: Place | undefined
  readonly limit: number
  readonly recurse: boolean
}

/** A page as JSON texts, and where the next one begins. */
export interface RelationsPage {
  readonly chunk: readonly string[]
  readonly next: Place | undefined
  /** How deep relations were followed, when that was asked for. */
  readonly recursionDepth: number | undefined
}

/** The end of everything. */
const theEnd: Place = { depth: Number.MAX_SAFE_INTEGER, pos: 0 }

/**
 * What relates to an event, in history order (Client-Server API, "Relationships API"). Throws M_NOT_FOUND if the user may
 * not read the event. What they may not see, and what users whom they ignore sent, is left out.
 */
export async function readRelations(
  ports: ReadingPorts,
  roomId: RoomId,
  userId: UserId,
  reading: Reading,
  wish: RelationsWish,
): Promise<RelationsPage> {
  const { sight } = await requireVisibleEvent(ports, roomId, wish.eventId, userId)
  const gathered = wish.recurse ? await gather(ports, sight, wish.eventId) : undefined
  const ignored = await ports.ignoredBy(userId)
  const limit = Math.min(wish.limit, relationsPageMax)
  const shown: StoredEvent[] = []
  let place = wish.from ?? (wish.direction === 'b' ? theEnd : beginning)
  let more = true
  for (let scanned = 0; more && shown.length < limit && scanned < relationsScanMax;) {
    const rows = gathered === undefined ? await slice(ports, sight, wish, place) : sliceOf(gathered.rows, wish, place)
    const within = rows.filter((row) => wish.to === undefined || isAfter(row, wish.to) === (wish.direction === 'b'))
    more = rows.length === relationsSlice && within.length === rows.length
    scanned += rows.length
    const events = await loadEvents(
      ports.db,
      sight.view,
      within.map(({ child }) => child),
    )
    await sight.load(events)
    for (const [index, event] of events.entries()) {
      place = wish.direction === 'b' ? placeBefore(event) : placeAfter(event)
      const typed = wish.eventType === undefined || event.pdu.type === wish.eventType
      if (typed && event.redactedBy === undefined && sight.sees(event) && (event.isState || !ignored.has(event.pdu.sender))) {
        shown.push(event)
      }
      if (shown.length < limit) continue
      more ||= index + 1 < events.length
      break
    }
  }
  await bundleRelations(ports.db, sight, shown, reading, ignored)
  return {
    chunk: shown.map((event) => clientEvent(event, sight, reading)),
    next: more ? place : undefined,
    recursionDepth: gathered?.depth,
  }
}

function slice(ports: ReadingPorts, sight: RoomSight, wish: RelationsWish, place: Place): Promise<RelatedRow[]> {
  const { room } = sight.view
  const relType = wish.relType ?? ''
  return wish.direction === 'b'
    ? childrenBefore(ports.db, room, wish.eventId, relType, { depth: place.depth, pos: place.pos + 1 }, relationsSlice)
    : childrenAfter(ports.db, room, wish.eventId, relType, place, relationsSlice)
}

/** The same of rows that were gathered, newest first. */
function sliceOf(rows: readonly RelatedRow[], wish: RelationsWish, place: Place): RelatedRow[] {
  const ordered = wish.direction === 'b' ? rows : rows.toReversed()
  return ordered
    .filter((row) => isAfter(row, place) === (wish.direction === 'f') && (wish.relType === undefined || row.rel_type === wish.relType))
    .slice(0, relationsSlice)
}

/** Everything that relates to an event by way of others as well, newest first; bounded in levels and number. */
async function gather(
  { db }: ReadingPorts,
  { view }: RoomSight,
  eventId: EventId,
): Promise<{ readonly rows: readonly RelatedRow[]; readonly depth: number }> {
  const found = new Map<number, RelatedRow>()
  let parents: string[] = [eventId]
  let depth = 0
  for (; depth < recursionLevels && parents.length > 0; depth += 1) {
    const rows = await childrenOfAll(db, view.room, parents, recursionEventsMax - found.size)
    const fresh = rows.filter((row) => !found.has(row.child))
    for (const row of fresh) found.set(row.child, row)
    if (fresh.length === 0 || found.size >= recursionEventsMax) break
    parents = fresh.map((row) => row.event_id)
  }
  return { rows: [...found.values()].sort((a, b) => b.depth - a.depth || b.pos - a.pos), depth }
}
