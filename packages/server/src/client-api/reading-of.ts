import { MatrixError } from '../errors.ts'
import type { UserCaller } from '../http/caller.ts'
import type { Clock } from '../platform/clock.ts'
import type { Reading } from '../rooms/history/client-event.ts'
import { everyEvent, parseEventFilter, type EventFilter } from '../rooms/history/event-filter.ts'
import { filterTextMax } from '../rooms/history/limits.ts'

/** How a caller of the client API reads events. */
export function readingOf(caller: UserCaller, clock: Clock): Reading {
  return { now: clock.now(), sessionId: caller.sessionId, format: 'client' }
}

/** The RoomEventFilter of a query, as JSON text. Throws M_BAD_JSON. */
export function filterOf(text: string | undefined): EventFilter {
  if (text === undefined || text === '') return everyEvent
  if (text.length > filterTextMax) throw new MatrixError('M_BAD_JSON', 'the filter is too long')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new MatrixError('M_BAD_JSON', 'the filter is not JSON', { cause })
  }
  return parseEventFilter(value, 'filter')
}
