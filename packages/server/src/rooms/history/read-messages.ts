import type { EventId, RoomId, UserId } from '@causeway/events'
import { highestPlace } from '../../storage/tables/history.ts'
import { loadEvents, loadNode } from '../engine/load-room.ts'
import type { RoomView } from '../engine/room-view.ts'
import type { StoredEvent } from '../engine/stored-event.ts'
import { bundleRelations } from '../relations/bundle.ts'
import { choiceOf } from '../relations/related-by.ts'
import { bareEvent, clientEvent, type Reading } from './client-event.ts'
import { wantsAll, wantsEvent, wantsRoom, type EventFilter } from './event-filter.ts'
import { contextEventsMax, pageEventsMax } from './limits.ts'
import { readPage, type Page } from './messages.ts'
import { beginning, isAfter, placeAfter, placeBefore, type Place } from './place.ts'
import { requireVisibleEvent } from './read-event.ts'
import type { ReadingPorts } from './reading-ports.ts'
import { requireAccess, sightOf, type RoomAccess } from './room-access.ts'
import type { RoomSight } from './room-sight.ts'
import { mapEvents, numbersInState } from './state-events.ts'

/** A request for a page of a room's history. */
export interface MessagesWish {
  readonly direction: 'b' | 'f'
  /** Absent: from the newest event back, or from the oldest on. */
  readonly from: Place | undefined
  readonly to: Place | undefined
  readonly limit: number
  readonly filter: EventFilter
}

/** A page as JSON texts, and its places. */
export interface MessagesPage {
  readonly start: Place
  readonly end: Place | undefined
  readonly chunk: readonly string[]
  /** Member events of the senders, when the filter loads members lazily. */
  readonly state: readonly string[]
}

/** A page of a room's history. Throws M_FORBIDDEN for somebody who may read nothing of the room. */
export async function readMessages(
  ports: ReadingPorts,
  roomId: RoomId,
  userId: UserId,
  reading: Reading,
  wish: MessagesWish,
): Promise<MessagesPage> {
  const access = await requireAccess(ports.engine, roomId, userId)
  const { filter } = wish
  const start = wish.from ?? (wish.direction === 'b' ? await newestPlace(ports, access.view) : beginning)
  if (!wantsRoom(filter, roomId)) return { start, end: undefined, chunk: [], state: [] }
  const sight = sightOf(ports.engine, access, userId)
  const page = await readPage(
    ports.db,
    sight,
    { ...clamped(access, wish, start), limit: limitOf(wish), ...choiceOf(ports.db, access.view, filter) },
    ports.backfill,
  )
  await bundleRelations(ports.db, sight, page.events, reading, () => ports.ignoredBy(userId))
  const newest = wish.direction === 'b' ? page.events[0] : page.events.at(-1)
  const state = newest === undefined || !filter.lazyLoadMembers ? [] : await sendersOf(ports, access.view, newest, page.events)
  return {
    start,
    end: page.end ?? endOfFiltered(wish, start, page),
    chunk: textsOf(page, sight, reading),
    state: state.map((event) => bareEvent(event, reading)),
  }
}

/**
 * Clients take `end` beside events for granted where they ask for some kinds of events only: such a page ends after its own last event,
 * and the empty one after it says that nothing is further.
 */
function endOfFiltered({ direction, filter }: MessagesWish, { below }: Place, { events }: Page): Place | undefined {
  const last = events.at(-1)
  if (last === undefined || wantsAll(filter)) return undefined
  if (direction === 'f') return placeAfter(last)
  return below === undefined ? placeBefore(last) : { ...placeBefore(last), below }
}

/** An event with those around it, and the state after the last of them; JSON texts. */
export interface EventContext {
  readonly start: Place
  readonly end: Place
  readonly event: string
  readonly before: readonly string[]
  readonly after: readonly string[]
  readonly state: readonly string[]
}

/** The events around one event. Throws M_NOT_FOUND if the user may not read that one. */
export async function readContext(
  ports: ReadingPorts,
  roomId: RoomId,
  eventId: EventId,
  userId: UserId,
  reading: Reading,
  wish: { readonly limit: number; readonly filter: EventFilter },
): Promise<EventContext> {
  const { event, sight } = await requireVisibleEvent(ports, roomId, eventId, userId)
  const { filter } = wish
  const limit = Math.min(wish.limit, contextEventsMax)
  const choice = wantsRoom(filter, roomId) ? choiceOf(ports.db, sight.view, filter) : { wants: () => false }
  const page = (direction: 'b' | 'f', from: Place, count: number): Promise<Page> =>
    count === 0
      ? Promise.resolve({ events: [], end: from })
      : readPage(ports.db, sight, { direction, from, to: undefined, limit: count, ...choice }, ports.backfill)
  const before = await page('b', placeBefore(event), Math.floor(limit / 2))
  const after = await page('f', placeAfter(event), Math.ceil(limit / 2))
  const last = after.events.at(-1) ?? event
  const oldest = before.events.at(-1)
  const shown = [...before.events, event, ...after.events]
  await bundleRelations(ports.db, sight, shown, reading, () => ports.ignoredBy(userId))
  return {
    start: before.end ?? (oldest === undefined ? placeBefore(event) : placeBefore(oldest)),
    end: after.end ?? placeAfter(last),
    event: clientEvent(event, sight, reading),
    before: textsOf(before, sight, reading),
    after: textsOf(after, sight, reading),
    state: await contextState(ports, sight.view, last, shown, filter, reading),
  }
}

async function contextState(
  ports: ReadingPorts,
  view: RoomView,
  last: StoredEvent,
  shown: readonly StoredEvent[],
  filter: EventFilter,
  reading: Reading,
): Promise<string[]> {
  const { state } = await loadNode(ports.db, view, last.stateAfter)
  const senders = new Set<number>(shown.map((event) => state.get(event.sender)))
  const numbers = numbersInState(view, state)
  const texts = await mapEvents(ports, view, numbers, (event) => {
    const left = filter.lazyLoadMembers && event.pdu.type === 'm.room.member' && !senders.has(event.event)
    return left || !wantsEvent(filter, event) ? undefined : bareEvent(event, reading)
  })
  return texts.filter((text) => text !== undefined)
}

/** A former member pages no further than to their leaving, unless everybody may read the room. */
function clamped(access: RoomAccess, wish: MessagesWish, start: Place): { direction: 'b' | 'f'; from: Place; to: Place | undefined } {
  const { direction, to } = wish
  if (access.joined.when !== 'before' || access.worldReadable) return { direction, from: start, to }
  const left = placeAfter(access.joined.left)
  if (direction === 'b') return { direction, from: isAfter(start, left) ? left : start, to }
  return { direction, from: start, to: to === undefined || isAfter(to, left) ? left : to }
}

async function newestPlace(ports: ReadingPorts, view: RoomView): Promise<Place> {
  return (await highestPlace(ports.db, view.room)) ?? { depth: Number.MAX_SAFE_INTEGER, pos: 0 }
}

function limitOf(wish: MessagesWish): number {
  return Math.min(wish.limit, wish.filter.limit ?? wish.limit, pageEventsMax)
}

function textsOf(page: Page, sight: RoomSight, reading: Reading): string[] {
  return page.events.map((event) => clientEvent(event, sight, reading))
}

/** The member events of the events' senders in the state after `newest`. */
async function sendersOf(ports: ReadingPorts, view: RoomView, newest: StoredEvent, events: readonly StoredEvent[]): Promise<StoredEvent[]> {
  const { state } = await loadNode(ports.db, view, newest.stateAfter)
  const numbers = new Set(events.map((event) => state.get(event.sender)))
  numbers.delete(0)
  return loadEvents(ports.db, view, [...numbers])
}
