import { historyVisibility, membershipOfEvent, redactPdu, type Pdu, type UserId } from '@causeway/events'
import { assert } from '../../assert.ts'
import type { Database } from '../../storage/database.ts'
import { emptyEventType } from '../engine/empty-event.ts'
import type { EnginePorts } from '../engine/engine-ports.ts'
import { loadEvents, loadNode } from '../engine/load-room.ts'
import type { RoomView } from '../engine/room-view.ts'
import type { EventNumber, KeyNumber, StateVector } from '../engine/state-vector.ts'
import type { StoredEvent } from '../engine/stored-event.ts'
import { LoadedState } from '../engine/view-state.ts'
import { mayRead, type Standpoint } from './visibility.ts'

/** A thread of which a user sees something. */
export interface SeenThread {
  /** Did the user send its root or a reply? */
  readonly participated: boolean
}

/**
 * What one user sees of one room, for the length of a request. Events are first loaded (`load`, which in a warm room asks
 * nothing of the database), then judged without waiting. Messages share their state, so a page costs a few lookups.
 */
export class RoomSight {
  readonly view: RoomView
  readonly userId: UserId
  readonly #db: Database
  readonly #erased: EnginePorts['erased']
  readonly #joinedUntil: number
  readonly #memberKey: KeyNumber
  readonly #visibilityKey: KeyNumber
  readonly #standpoints = new Map<number, Standpoint>()
  readonly #replaced = new Map<EventNumber, StoredEvent>()
  readonly #redactions = new Map<EventNumber, StoredEvent>()
  readonly #bundles = new Map<EventNumber, string>()
  readonly #threads = new Map<EventNumber, SeenThread>()

  /** `joinedUntil`: see `mayRead`; Infinity for somebody who is joined. */
  constructor({ db, erased }: Pick<EnginePorts, 'db' | 'erased'>, view: RoomView, userId: UserId, joinedUntil: number) {
    this.#db = db
    this.#erased = erased
    this.view = view
    this.userId = userId
    this.#joinedUntil = joinedUntil
    this.#memberKey = view.keys.find('m.room.member', userId) ?? 0
    this.#visibilityKey = view.keys.find('m.room.history_visibility', '') ?? 0
  }

  /** Load what judging and showing these events takes. */
  async load(events: readonly StoredEvent[]): Promise<void> {
    const nodes = new Set<number>()
    const wanted: { readonly of: StoredEvent; readonly stateBefore: number }[] = []
    for (const event of events) {
      if (!this.#standpoints.has(event.stateAfter)) nodes.add(event.stateAfter)
      if (event.isState && !this.#replaced.has(event.event)) wanted.push({ of: event, stateBefore: event.stateBefore })
      if (event.isState && !this.#standpoints.has(event.stateBefore)) nodes.add(event.stateBefore)
    }
    // Older states first: a newer one is found as its difference from them.
    if (nodes.size > 0) await this.#loadStandpoints([...nodes].sort((a, b) => a - b))
    if (wanted.length > 0) await this.#loadReplaced(wanted)
    await this.#loadRedactions(events)
    await this.#erased.ready()
  }

  /** May the user read this event? It must have been loaded. */
  sees(event: StoredEvent): boolean {
    if (event.pdu.type === emptyEventType && !event.isState) return false
    const at = this.#standpoint(event.stateAfter)
    const before = this.#changesSight(event) ? this.#standpoint(event.stateBefore) : at
    return mayRead(event, at, before, this.#joinedUntil)
  }

  /**
   * The event as the user is shown it: in its redacted form if its sender wanted to be erased and the user was not there when it was
   * sent. Client-Server API, POST /account/deactivate.
   */
  shown(event: StoredEvent): Pdu {
    const { pdu } = event
    if (!this.#erased.has(pdu.sender) || pdu.sender === this.userId || this.membershipAt(event) === 'join') return pdu
    return redactPdu(pdu, this.view.rules)
  }

  /** The user's membership at an event, with what the event itself changed. */
  membershipAt(event: StoredEvent): string {
    return this.#standpoint(event.stateAfter).membership ?? 'leave'
  }

  /** The state event that a state event took the place of. */
  replaced(event: StoredEvent): StoredEvent | undefined {
    return this.#replaced.get(event.event)
  }

  /** May the user read what an event took the place of? They may if they could read the state that it was part of. */
  seesReplaced(event: StoredEvent): boolean {
    const before = this.#standpoint(event.stateBefore)
    return mayRead(event, before, before, this.#joinedUntil)
  }

  /** The redaction that was applied to an event. */
  redaction(event: StoredEvent): StoredEvent | undefined {
    return event.redactedBy === undefined ? undefined : this.#redactions.get(event.redactedBy)
  }

  /** The event is shown with these aggregations of its children, as JSON. */
  bundle(event: StoredEvent, json: string, thread: SeenThread | undefined): void {
    this.#bundles.set(event.event, json)
    if (thread !== undefined) this.#threads.set(event.event, thread)
  }

  /** The thread of an event that was bundled, as far as the user sees it. */
  threadOf(event: StoredEvent): SeenThread | undefined {
    return this.#threads.get(event.event)
  }

  isBundled(event: StoredEvent): boolean {
    return this.#bundles.has(event.event)
  }

  /** The aggregations of an event's children, as JSON. */
  relations(event: StoredEvent): string | undefined {
    return this.#bundles.get(event.event)
  }

  #changesSight(event: StoredEvent): boolean {
    return event.isState && (event.key === this.#memberKey || event.key === this.#visibilityKey)
  }

  #standpoint(node: number): Standpoint {
    const standpoint = this.#standpoints.get(node)
    assert(standpoint !== undefined, 'an event is loaded before it is judged')
    return standpoint
  }

  async #loadStandpoints(nodes: readonly number[]): Promise<void> {
    const states: (readonly [node: number, state: StateVector])[] = []
    const absent: EventNumber[] = []
    for (const node of nodes) {
      const { state } = this.view.node(node) ?? (await loadNode(this.#db, this.view, node))
      states.push([node, state])
      for (const key of [this.#memberKey, this.#visibilityKey]) {
        const number = state.get(key)
        if (number !== 0 && this.view.event(number) === undefined) absent.push(number)
      }
    }
    const loaded = absent.length === 0 ? [] : await loadEvents(this.#db, this.view, [...new Set(absent)])
    const found = new Map(loaded.map((event) => [event.event, event]))
    const eventOf = (number: EventNumber): StoredEvent | undefined => found.get(number) ?? this.view.event(number)
    for (const [node, state] of states) {
      const visibility = eventOf(state.get(this.#visibilityKey))?.pdu
      const member = eventOf(state.get(this.#memberKey))?.pdu
      this.#standpoints.set(node, {
        visibility: historyVisibility(new LoadedState(visibility === undefined ? [] : [visibility])),
        membership: membershipOfEvent(member),
      })
    }
  }

  async #loadReplaced(wanted: readonly { readonly of: StoredEvent; readonly stateBefore: number }[]): Promise<void> {
    const pairs: (readonly [event: EventNumber, replaced: EventNumber])[] = []
    for (const { of, stateBefore } of wanted) {
      const { state } = this.view.node(stateBefore) ?? (await loadNode(this.#db, this.view, stateBefore))
      const number = state.get(of.key)
      if (number !== 0) pairs.push([of.event, number])
    }
    const events = await loadEvents(this.#db, this.view, [...new Set(pairs.map(([, replaced]) => replaced))])
    const found = new Map(events.map((event) => [event.event, event]))
    for (const [event, number] of pairs) {
      const replaced = found.get(number)
      if (replaced !== undefined) this.#replaced.set(event, replaced)
    }
  }

  async #loadRedactions(events: readonly StoredEvent[]): Promise<void> {
    const numbers = events.map((event) => event.redactedBy).filter((number) => number !== undefined)
    if (numbers.length === 0) return
    for (const event of await loadEvents(this.#db, this.view, [...new Set(numbers)])) this.#redactions.set(event.event, event)
  }
}
