import type { RoomId } from '@causeway/events'
import { MatrixError } from '../errors.ts'
import type { RoomView } from '../rooms/engine/room-view.ts'
import { storedEvent, type StoredEvent } from '../rooms/engine/stored-event.ts'
import { livePosAt } from '../rooms/history/live-position.ts'
import { beginning, placeAfter, placeBelow, type Place } from '../rooms/history/place.ts'
import type { ReadingPorts } from '../rooms/history/reading-ports.ts'
import { liveEventsBackwards } from '../storage/tables/events.ts'
import type { StreamTokens } from './stream-token.ts'

/** The end of a page that a token stands for: `late` ends are put behind all events before them in live order. */
export type PageEnd = 'early' | 'late'

/**
 * The place in a room's history that a token stands for; a token of /sync is the place after the room's last event at that
 * point. Absent for one of a store that was since restored. Throws M_INVALID_PARAM for what is no token.
 */
export async function placeOfToken(
  ports: ReadingPorts,
  tokens: StreamTokens,
  roomId: RoomId,
  text: string,
  end: PageEnd,
): Promise<Place | undefined> {
  const token = tokens.parse(text)
  if (token === undefined) throw new MatrixError('M_INVALID_PARAM', 'This is not a token of this server')
  if (token.kind === 'outdated') return undefined
  if (token.kind === 'place') return token.place
  const view = await ports.engine.view(roomId)
  if (view === undefined) return beginning
  const pos = await livePosAt(ports.db, view, token.point.positions)
  if (end === 'late') return placeBelow(ports.db, view, beginning, pos + 1)
  const event = await liveEventAt(ports, view, pos)
  return event === undefined ? beginning : placeAfter(event)
}

/** The live position that a token stands for in a room; absent as above. Throws M_INVALID_PARAM. */
export async function livePosOfToken(ports: ReadingPorts, tokens: StreamTokens, roomId: RoomId, text: string): Promise<number | undefined> {
  const token = tokens.parse(text)
  if (token === undefined) throw new MatrixError('M_INVALID_PARAM', 'This is not a token of this server')
  if (token.kind === 'outdated') return undefined
  if (token.kind === 'place') return Math.max(0, token.place.pos)
  const view = await ports.engine.view(roomId)
  return view === undefined ? 0 : livePosAt(ports.db, view, token.point.positions)
}

async function liveEventAt(ports: ReadingPorts, view: RoomView, pos: number): Promise<StoredEvent | undefined> {
  const known = view.recent.findLast((event) => event.pos === pos)
  if (known !== undefined || pos === 0) return known
  const [row] = await liveEventsBackwards(ports.db, view.room, pos - 1, pos, 1)
  return row === undefined ? undefined : storedEvent(row, view.rules)
}
