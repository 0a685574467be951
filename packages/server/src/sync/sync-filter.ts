import type { UserId } from '@causeway/events'
import { LRUCache } from 'lru-cache'
import { MatrixError } from '../errors.ts'
import { parseEventFields, type EventFields } from '../rooms/history/event-fields.ts'
import { isPlainObject, parseEventFilter, type EventFilter } from '../rooms/history/event-filter.ts'
import { filterTextMax } from '../rooms/history/limits.ts'
import { filtersInMemoryMax, timelineEventsDefault, timelineEventsMax } from './limits.ts'

/** What a client wants of /sync (Client-Server API, Filter). */
export interface SyncFilter {
  readonly format: 'client' | 'federation'
  readonly fields: EventFields | undefined
  readonly presence: EventFilter
  readonly accountData: EventFilter
  /** `rooms` and `notRooms` of the room filter. */
  readonly rooms: EventFilter
  readonly ephemeral: EventFilter
  readonly state: EventFilter
  readonly timeline: EventFilter
  readonly roomAccountData: EventFilter
  readonly includeLeave: boolean
  /** Events of a room's timeline. */
  readonly timelineLimit: number
}

/** A filter from its JSON text. Throws M_NOT_JSON, M_BAD_JSON. */
export function parseSyncFilter(text: string): SyncFilter {
  if (text.length > filterTextMax) throw new MatrixError('M_BAD_JSON', 'the filter is too long')
  const filter = objectOf(parse(text), 'filter')
  const room = objectOf(filter['room'], 'room')
  const includeLeave = room['include_leave'] ?? false
  if (typeof includeLeave !== 'boolean') throw new MatrixError('M_BAD_JSON', 'room.include_leave must be true or false')
  const timeline = parseEventFilter(room['timeline'], 'room.timeline')
  return {
    format: filter['event_format'] === 'federation' ? 'federation' : 'client',
    fields: parseEventFields(filter['event_fields']),
    presence: parseEventFilter(filter['presence'], 'presence'),
    accountData: parseEventFilter(filter['account_data'], 'account_data'),
    rooms: parseEventFilter({ rooms: room['rooms'], not_rooms: room['not_rooms'] }, 'room'),
    ephemeral: parseEventFilter(room['ephemeral'], 'room.ephemeral'),
    state: parseEventFilter(room['state'], 'room.state'),
    timeline,
    roomAccountData: parseEventFilter(room['account_data'], 'room.account_data'),
    includeLeave,
    timelineLimit: Math.min(timeline.limit ?? timelineEventsDefault, timelineEventsMax),
  }
}

/** The filter of a client that names none. */
export const noFilter: SyncFilter = parseSyncFilter('{}')

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new MatrixError('M_NOT_JSON', 'the filter is not JSON', { cause })
  }
}

function objectOf(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (value === undefined) return {}
  if (!isPlainObject(value)) throw new MatrixError('M_BAD_JSON', `${name} must be an object`)
  return value
}

/** Finds and remembers parsed filters: a filter id never changes its meaning. */
export class SyncFilters {
  readonly #stored: (userId: UserId, filterId: string) => Promise<string | undefined>
  readonly #parsed = new LRUCache<string, SyncFilter>({ max: filtersInMemoryMax })

  /** `stored`: the JSON text of a user's filter by its id. */
  constructor(stored: (userId: UserId, filterId: string) => Promise<string | undefined>) {
    this.#stored = stored
  }

  /** The filter that a request names: an id, or JSON when it begins with `{`. Throws M_BAD_JSON, M_INVALID_PARAM. */
  async find(userId: UserId, named: string | undefined): Promise<SyncFilter> {
    if (named === undefined || named === '') return noFilter
    const key = named.startsWith('{') ? named : `${userId} ${named}`
    const known = this.#parsed.get(key)
    if (known !== undefined) return known
    const text = named.startsWith('{') ? named : await this.#stored(userId, named)
    if (text === undefined) throw new MatrixError('M_INVALID_PARAM', 'No such filter')
    const filter = parseSyncFilter(text)
    this.#parsed.set(key, filter)
    return filter
  }
}
