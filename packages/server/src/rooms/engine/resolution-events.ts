import type { EventId } from '@causeway/events'
import { assert } from '../../assert.ts'
import { limits } from '../../limits.ts'
import type { TimeSlice } from '../../platform/time-slice.ts'
import type { Database } from '../../storage/database.ts'
import { AuthLinks } from './auth-links.ts'
import { loadEvents, loadNumbers } from './load-room.ts'
import type { RoomView } from './room-view.ts'
import type { EventNumber } from './state-vector.ts'
import type { StoredEvent } from './stored-event.ts'

/** The events that one resolution works on: edges of many, bodies of those that it judges. */
export class ResolutionEvents {
  readonly links: AuthLinks
  readonly #db: Database
  readonly #view: RoomView
  readonly #slice: TimeSlice
  readonly #bodies = new Map<EventId, StoredEvent>()
  /** How far chains are followed at the next want: that of power levels events may be as long as the room is old. */
  #stride = 4
  /** Events whose edges were asked for and are not known. */
  readonly #edgeless = new Set<EventId>()

  constructor(db: Database, view: RoomView, slice: TimeSlice) {
    this.links = new AuthLinks(db, view, slice)
    this.#db = db
    this.#view = view
    this.#slice = slice
  }

  body(id: EventId): StoredEvent | undefined {
    return this.#bodies.get(id)
  }

  /** The auth events of an event, if its edges are loaded. */
  authEvents(id: EventId): readonly EventId[] | undefined {
    const ids = this.links.authEvents(id)
    if (ids === undefined) this.#edgeless.add(id)
    return ids
  }

  /** Load events whole. */
  async load(numbers: readonly EventNumber[]): Promise<StoredEvent[]> {
    const loaded: StoredEvent[] = []
    for (let at = 0; at < numbers.length; at += limits.eventsPerReadMax) {
      for (const event of await loadEvents(this.#db, this.#view, numbers.slice(at, at + limits.eventsPerReadMax))) {
        this.#bodies.set(event.pdu.eventId, event)
        loaded.push(event)
      }
      if (this.#slice.over) await this.#slice.rest()
    }
    return loaded
  }

  /** Load what a resolution found missing: edges as long as it asks for these, then bodies. */
  async loadMissing(ids: readonly EventId[]): Promise<void> {
    const known = await loadNumbers(this.#db, this.#view, ids)
    assert(known.size === new Set(ids).size, 'the auth chain of stored events is stored')
    const edgeless = ids.filter((id) => this.#edgeless.delete(id))
    this.#edgeless.clear()
    const stride = this.#stride
    this.#stride *= 4
    if (edgeless.length > 0) {
      await this.links.loadChains(
        edgeless.map((id) => known.get(id) ?? 0),
        () => false,
        stride,
      )
      return
    }
    let power = powerLevels(await this.load([...known.values()]))
    for (let step = 0; step < stride && power.length > 0; step += 1) {
      const auth = new Set(power.flatMap((event) => event.edges.auth.filter((number) => number !== 0)))
      await this.links.load(auth)
      power = powerLevels(await this.load([...auth].filter((number) => !this.#has(number))))
    }
  }

  #has(number: EventNumber): boolean {
    const id = this.links.idOf(number)
    return id !== undefined && this.#bodies.has(id)
  }
}

function powerLevels(events: readonly StoredEvent[]): StoredEvent[] {
  return events.filter((event) => event.pdu.type === 'm.room.power_levels')
}
