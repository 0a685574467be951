import type { EventId } from '@causeway/events'
import { assert } from '../../assert.ts'
import { limits } from '../../limits.ts'
import type { TimeSlice } from '../../platform/time-slice.ts'
import type { Database } from '../../storage/database.ts'
import { linksByNumber } from '../../storage/tables/events.ts'
import { unpackEdges } from './packed-numbers.ts'
import type { RoomView } from './room-view.ts'
import type { EventNumber, KeyNumber } from './state-vector.ts'
import { standing } from './stored-event.ts'

interface Links {
  readonly id: EventId
  readonly key: KeyNumber
  readonly auth: readonly EventNumber[]
  readonly rejected: boolean
}

/** The part of a room's auth graph that a resolution looks at: ids and edges of events, without their bodies. */
export class AuthLinks {
  readonly #db: Database
  readonly #view: RoomView
  readonly #slice: TimeSlice
  readonly #byNumber = new Map<EventNumber, Links>()
  readonly #numbers = new Map<EventId, EventNumber>()

  constructor(db: Database, view: RoomView, slice: TimeSlice) {
    this.#db = db
    this.#view = view
    this.#slice = slice
  }

  idOf(number: EventNumber): EventId | undefined {
    return this.#byNumber.get(number)?.id
  }

  numberOf(id: EventId): EventNumber | undefined {
    return this.#numbers.get(id)
  }

  /** The number of an event's type and state key, once it is loaded. */
  keyOf(number: EventNumber): KeyNumber | undefined {
    return this.#byNumber.get(number)?.key
  }

  /** Lower than that of no event that it rests on: an event comes after those, but for what `authDisorder` says. */
  orderOf(number: EventNumber): number {
    return Math.max(number, this.#view.authDisorder)
  }

  /** {@link orderOf}, by id; absent for an event that is not loaded. */
  orderOfId(id: EventId): number | undefined {
    const number = this.#numbers.get(id)
    return number === undefined ? undefined : this.orderOf(number)
  }

  isRejected(id: EventId): boolean {
    return this.#of(id)?.rejected === true
  }

  /** The auth events of an event, once their ids are known too. */
  authEvents(id: EventId): readonly EventId[] | undefined {
    const links = this.#of(id)
    if (links === undefined) return undefined
    const ids: EventId[] = []
    for (const number of links.auth) {
      const auth = this.idOf(number)
      if (auth === undefined) return undefined
      ids.push(auth)
    }
    return ids
  }

  /** Load events by number. */
  async load(numbers: Iterable<EventNumber>): Promise<void> {
    const absent: EventNumber[] = []
    for (const number of numbers) {
      if (number === 0 || this.#byNumber.has(number)) continue
      const known = this.#view.event(number)
      if (known === undefined) absent.push(number)
      else this.#add(number, { id: known.pdu.eventId, key: known.key, auth: known.edges.auth, standing: known.standing })
      if (this.#slice.over) await this.#slice.rest()
    }
    for (let at = 0; at < absent.length; at += limits.eventsPerReadMax) {
      for (const row of await linksByNumber(this.#db, this.#view.room, absent.slice(at, at + limits.eventsPerReadMax))) {
        // The column holds only ids that were parsed when the row was written.
        const id = row.event_id as EventId
        this.#add(row.event, { id, key: row.key, auth: unpackEdges(row.edges).auth, standing: row.standing })
      }
      if (this.#slice.over) await this.#slice.rest()
    }
  }

  /** Load what some events rest on, level by level, but not what those rest on that `isEnd` holds for; at most so many levels. */
  async loadChains(numbers: Iterable<EventNumber>, isEnd: (number: EventNumber) => boolean, levels = Infinity): Promise<void> {
    const seen = new Set<EventNumber>()
    for (let level = [...numbers], depth = 0; level.length > 0 && depth < levels; depth += 1) {
      await this.load(level)
      const next = new Set<EventNumber>()
      for (const number of level) {
        seen.add(number)
        const links = this.#byNumber.get(number)
        assert(links !== undefined, 'the auth chain of stored events is stored')
        for (const auth of links.auth) if (auth !== 0 && !seen.has(auth)) next.add(auth)
      }
      // The edges of an end are not followed, but its id is needed.
      await this.load(next)
      level = [...next].filter((number) => !isEnd(number))
      for (const number of level) seen.add(number)
      if (this.#slice.over) await this.#slice.rest()
    }
  }

  #of(id: EventId): Links | undefined {
    const number = this.#numbers.get(id)
    return number === undefined ? undefined : this.#byNumber.get(number)
  }

  #add(number: EventNumber, { id, key, auth, standing: stands }: Pick<Links, 'id' | 'key' | 'auth'> & { readonly standing: number }): void {
    this.#byNumber.set(number, { id, key, auth: auth.filter((edge) => edge !== 0), rejected: stands === standing.rejected })
    this.#numbers.set(id, number)
  }
}
