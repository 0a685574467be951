import { forgetParsed, type EventId, type Pdu, type RoomId, type RoomRules, type ServerName, type UserId } from '@causeway/events'
import { limits } from '../../limits.ts'
import { beginning, laterOf, placeAfter, type Place } from '../history/place.ts'
import { subscribedThreadsInMemoryMax } from '../relations/limits.ts'
import { RoomRelations } from '../relations/room-relations.ts'
import { KeyTable } from './key-table.ts'
import type { PartialRoom, RoomCompletion } from './partial-room.ts'
import { RecentMap } from './recent-map.ts'
import { StateVector, type EventNumber, type KeyNumber } from './state-vector.ts'
import type { StoredEvent } from './stored-event.ts'

/** A state of the room, with its number in storage and the length of the chain that leads to it. */
export interface StateNode {
  readonly node: number
  readonly links: number
  readonly state: StateVector
}

/** A forward extremity. */
export interface Tip {
  readonly event: EventNumber
  readonly eventId: EventId
  /** Local depth. */
  readonly depth: number
  /** The depth that the event itself claims; ours claim one more. */
  readonly claimedDepth: number
  readonly stateAfter: number
}

/**
 * All that a room must know to judge and place one more event, in memory. Changed only under the room's queue, ahead of
 * the commit that makes the change durable; when that commit fails the view is dropped (`chain.broken`).
 */
export class RoomView {
  readonly room: number
  readonly roomId: RoomId
  readonly rules: RoomRules
  readonly shard: number
  /** The commit chain of this view: see `CommitUnit.chains`. */
  readonly chain = { broken: false }
  readonly keys = new KeyTable()

  /** Numbers given so far: events and state nodes share one sequence. */
  lastNumber = 0
  /** The newest live position, and the lowest history position. */
  livePos = 0
  historyPos = 0
  /** The highest number of an auth event that came after an event resting on it; 0 if all came in order, as most do. */
  authDisorder = 0
  tips: readonly Tip[] = []
  /** The resolved state after all tips. */
  current: StateNode = { node: 0, links: 0, state: StateVector.empty }
  /** The slot and stream position of the newest live event. */
  lastSlot = 0
  lastPosition = 0
  /** Packed notification totals after the newest live event. */
  counts: Uint8Array | undefined = undefined
  /** Live events since the last checkpoint. */
  sinceCheckpoint = 0
  /** What is missing of the state of a room that we have joined fast; absent when nothing is. */
  partial: PartialRoom | undefined = undefined
  /** The same once its state was taken for whole without what cannot be verified: what is judged by it may have to be judged again. */
  unverified: PartialRoom | undefined = undefined
  /** When the last of such a join's state came. */
  completion: RoomCompletion | undefined = undefined
  /** Joined members by server; of a server that is in the room by another's word, one more. */
  readonly servers = new Map<ServerName, number>()
  joinedMembers = 0
  invitedMembers = 0
  /** Our own joined users. */
  readonly localJoined = new Set<UserId>()
  /** How many changes of member events of our own users there were, and whose the newest were. */
  readonly #localMemberChanges: UserId[] = []
  #localMembersVersion = 0
  /** Is it ahead of what was handed to the commit lane? A job that ends so has failed, and its view with it. */
  ahead = false
  quarantined: string | undefined = undefined
  /** The newest live events, oldest first: what /sync and previews read without the database. */
  recent: StoredEvent[] = []
  /** The last place in history of all events that are older than those. */
  olderPeak: Place = beginning

  /** Redactions whose target we have not got, by the target's id. */
  readonly pendingRedactions = new Map<EventId, Set<EventNumber>>()

  /** Undecided events by number, with all events that they name: what they may be waiting for. */
  readonly undecided = new Map<EventNumber, ReadonlySet<EventId>>()
  /** Undecided events whose past has moved since they were last judged. */
  readonly released = new Set<EventNumber>()
  /** Events that we have not got, and the events in our graph that follow them. */
  readonly missing = new Map<EventId, Set<EventNumber>>()

  /** As many forward extremities none of our users could take up; 0 if one could. */
  unmergeable = 0
  /** Resolutions by the numbers of the states that went into them. */
  readonly resolutions = new RecentMap<string, StateNode>(limits.resolutionsKept)
  /** Milliseconds of state resolution since `from`, on the monotonic clock. */
  readonly resolving = { from: 0, spent: 0 }

  readonly relations = new RoomRelations()

  /** Our users who are subscribed to threads, by the threads' roots, as far as it was asked. */
  readonly threadSubscribers = new RecentMap<EventId, ReadonlySet<string>>(subscribedThreadsInMemoryMax)

  #events = new RecentMap<EventNumber, StoredEvent>(limits.roomEventsInMemoryMax)
  #numbers = new RecentMap<EventId, EventNumber>(limits.roomEventsInMemoryMax)
  readonly #nodes = new RecentMap<number, StateNode>(limits.roomStatesInMemoryMax)

  readonly #heldEvents = new Map<EventNumber, StoredEvent>()
  readonly #heldNumbers = new Map<EventId, EventNumber>()
  readonly #heldNodes = new Map<number, StateNode>()

  constructor(room: number, roomId: RoomId, rules: RoomRules, shard: number) {
    this.room = room
    this.roomId = roomId
    this.rules = rules
    this.shard = shard
  }

  nextNumber(): number {
    this.lastNumber += 1
    return this.lastNumber
  }

  /** Grows with every change of a member event of our own users. */
  get localMembersVersion(): number {
    return this.#localMembersVersion
  }

  /** The member event of one of our users changes. */
  noteLocalMember(userId: UserId): void {
    this.#localMembersVersion += 1
    this.#localMemberChanges.push(userId)
    if (this.#localMemberChanges.length > limits.localMemberChangesMax) this.#localMemberChanges.shift()
  }

  /** Whose member events have changed since a version; absent when it is too long ago. */
  localMembersSince(version: number): readonly UserId[] | undefined {
    const count = this.#localMembersVersion - version
    if (count > this.#localMemberChanges.length) return undefined
    return count === 0 ? [] : this.#localMemberChanges.slice(-count)
  }

  /** Remember an event that is not in storage yet, until `settle`: nothing else has it. */
  hold(event: StoredEvent): void {
    this.#heldEvents.set(event.event, event)
    this.#heldNumbers.set(event.pdu.eventId, event.event)
  }

  /** The same for a state. */
  holdNode(node: StateNode): void {
    this.#heldNodes.set(node.node, node)
  }

  /** What was held is in storage now (or the view is dropped): it may be forgotten like all else. */
  settle(events: readonly StoredEvent[], nodes: readonly StateNode[]): void {
    for (const { event, pdu } of events) {
      // It may have been redacted meanwhile: then that form is kept.
      const held = this.#heldEvents.get(event)
      if (held !== undefined) {
        forgetParsed(held.pdu)
        this.keep(held)
      }
      this.#heldEvents.delete(event)
      this.#heldNumbers.delete(pdu.eventId)
    }
    for (const node of nodes) {
      this.#heldNodes.delete(node.node)
      this.keepNode(node)
    }
  }

  /** Remember an event that is stored. */
  keep(event: StoredEvent): void {
    this.#events.set(event.event, event)
    this.#numbers.set(event.pdu.eventId, event.event)
  }

  /** For who still reads by a view that was dropped: what it remembers of events may be out of date. */
  forgetEvents(): void {
    this.#events = new RecentMap(limits.roomEventsInMemoryMax)
    this.#numbers = new RecentMap(limits.roomEventsInMemoryMax)
  }

  /** An event changed after it took its place (it was redacted). */
  replace(event: StoredEvent): void {
    if (this.#heldEvents.has(event.event)) this.#heldEvents.set(event.event, event)
    else this.keep(event)
    this.recent = this.recent.map((recent) => (recent.event === event.event ? event : recent))
  }

  /** An event, if it is in memory. */
  event(number: EventNumber): StoredEvent | undefined {
    return this.#heldEvents.get(number) ?? this.#events.get(number)
  }

  /** The number of an event id, if it is in memory. */
  numberOf(id: EventId): EventNumber | undefined {
    return this.#heldNumbers.get(id) ?? this.#numbers.get(id)
  }

  keepNode(node: StateNode): void {
    this.#nodes.set(node.node, node)
  }

  /** A state, if it is in memory. */
  node(node: number): StateNode | undefined {
    if (node === this.current.node) return this.current
    return this.#heldNodes.get(node) ?? this.#nodes.get(node)
  }

  /** Is this state not in storage yet? It may never come there, if its unit is given up. */
  holdsNode(node: number): boolean {
    return this.#heldNodes.has(node)
  }

  /** The number of the event that currently holds (type, state key), 0 if none. */
  currentEvent(type: string, stateKey: string): EventNumber {
    const key = this.keys.find(type, stateKey)
    return key === undefined ? 0 : this.current.state.get(key)
  }

  /** The current state event, if there is one and it is in memory (those that authorization reads are, after `warmAuth`). */
  currentPdu(type: string, stateKey: string): Pdu | undefined {
    return this.event(this.currentEvent(type, stateKey))?.pdu
  }

  /** The key numbers of all members, with their user ids. */
  memberKeys(): Iterable<[userId: string, key: KeyNumber]> {
    return this.keys.ofType('m.room.member')
  }

  /** Add to the newest live events. */
  pushRecent(event: StoredEvent): void {
    this.recent.push(event)
    if (this.recent.length <= limits.roomRecentEvents * 2) return
    const older = this.recent.slice(0, -limits.roomRecentEvents)
    this.olderPeak = older.map(placeAfter).reduce(laterOf, this.olderPeak)
    this.recent = this.recent.slice(-limits.roomRecentEvents)
  }

  /** Does this server take part in the room? Without tips the room is only known by an invite, or by a join under way. */
  get hasState(): boolean {
    return this.tips.length > 0
  }

  /** An estimate of this view's size, for the cache. Bytes. */
  get weight(): number {
    return 4_000 + this.keys.size * 150 + this.#events.size * 1_500 + this.recent.length * 1_000
  }
}
