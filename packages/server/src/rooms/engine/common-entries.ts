import { splitStateTuple, type CommonState, type EventId, type StateTuple } from '@causeway/events'
import type { AuthLinks } from './auth-links.ts'
import type { RoomView } from './room-view.ts'
import type { EventNumber, KeyNumber, StateVector } from './state-vector.ts'

/**
 * What the states of a resolution have in common, as it looks at it: by number, in a state that is in memory anyway. Of the events only
 * those are loaded that are asked for: one that is not reads as absent, and is wanted; what was found out with such an answer does not
 * count.
 */
export class CommonEntries implements CommonState {
  readonly #view: RoomView
  readonly #state: StateVector
  readonly #conflicted: ReadonlySet<KeyNumber>
  readonly #links: AuthLinks
  #wanted = new Set<EventNumber>()
  #wantedLinks = new Set<EventNumber>()

  /** `state`: one of the states. `conflicted`: the keys in which they differ. */
  constructor(view: RoomView, state: StateVector, conflicted: ReadonlySet<KeyNumber>, links: AuthLinks) {
    this.#view = view
    this.#state = state
    this.#conflicted = conflicted
    this.#links = links
  }

  get(tuple: StateTuple): EventId | undefined {
    return this.#idOf(this.#at(this.#keyOf(tuple)))
  }

  has(tuple: StateTuple): boolean {
    return this.#at(this.#keyOf(tuple)) !== 0
  }

  includes(eventId: EventId): boolean {
    const number = this.#links.numberOf(eventId)
    return number !== undefined && this.holds(number)
  }

  /** {@link includes}, by number. */
  holds(number: EventNumber): boolean {
    return this.#at(this.#links.keyOf(number)) === number
  }

  heirOf(eventId: EventId): EventId | undefined {
    const number = this.#links.numberOf(eventId)
    return number === undefined ? undefined : this.#idOf(this.#at(this.#links.keyOf(number)))
  }

  *events(floor: number): Generator<EventId> {
    // Up to the disorder numbers are no order: then all of them count.
    const isOrder = floor > this.#view.authDisorder
    for (const [key, number] of this.#state.entriesFrom(isOrder ? floor : 0)) {
      if (this.#conflicted.has(key)) continue
      const id = this.#links.idOf(number)
      if (id === undefined) this.#wantedLinks.add(number)
      else yield id
    }
  }

  /** What was asked for since the last call and is not loaded: whole events, and those whose edges suffice. */
  takeWanted(): { readonly whole: readonly EventNumber[]; readonly links: readonly EventNumber[] } {
    const wanted = { whole: [...this.#wanted], links: [...this.#wantedLinks] }
    this.#wanted = new Set()
    this.#wantedLinks = new Set()
    return wanted
  }

  #keyOf(tuple: StateTuple): KeyNumber | undefined {
    return this.#view.keys.find(...splitStateTuple(tuple))
  }

  /** The event that all states have here, 0 if there is none. */
  #at(key: KeyNumber | undefined): EventNumber {
    return key === undefined || this.#conflicted.has(key) ? 0 : this.#state.get(key)
  }

  #idOf(number: EventNumber): EventId | undefined {
    if (number === 0) return undefined
    const id = this.#links.idOf(number)
    if (id === undefined) this.#wanted.add(number)
    return id
  }
}
