import type { ServerName } from '@causeway/events'
import { assert } from '../../assert.ts'
import type { Announcement, CommitOutcome, CommitUnit, Rows, Step } from '../../storage/database.ts'
import type { SqlValue } from '../../storage/sql.ts'
import type { TableWrite } from '../../storage/table-write.ts'
import { insertKey } from '../../storage/tables/rooms.ts'
import { CommitDraft } from './commit-draft.ts'
import type { EnginePorts } from './engine-ports.ts'
import type { Departure, LocalMembershipChange, RoomAnnouncement } from './room-announcement.ts'
import type { RoomView, StateNode } from './room-view.ts'
import type { StoredEvent } from './stored-event.ts'

/**
 * What one action changes in a room: the events that it places, written as one unit. The view is ahead of the unit from
 * the first placed event on, so a unit is either committed or its view is dropped.
 */
export class RoomUnit {
  readonly draft = new CommitDraft()
  readonly #ports: EnginePorts
  readonly #view: RoomView
  #live: StoredEvent[] = []
  /** What gets the unit's position: live events, also those that took the place of another form of themselves. */
  readonly #unpositioned: StoredEvent[] = []
  readonly #memberships: LocalMembershipChange[] = []
  readonly #departures: Departure[] = []
  readonly #returned: ServerName[] = []
  readonly #rows: Rows[] = []
  readonly #placed: StoredEvent[] = []
  readonly #nodes: StateNode[] = []
  readonly #steps: Step[] = []
  readonly #announcements: Announcement[] = []
  #positioned = false
  #completed = false
  readonly #last = new CommitDraft()
  readonly #late: ((position: number) => void)[] = []
  readonly #settled: (() => void)[] = []

  constructor(ports: EnginePorts, view: RoomView) {
    this.#ports = ports
    this.#view = view
  }

  /** The number of the unit's room. */
  get room(): number {
    return this.#view.room
  }

  addLive(event: StoredEvent): void {
    this.#live.push(event)
    this.#unpositioned.push(event)
  }

  /** An event, which this unit may have placed, takes another form: it was redacted. */
  replace(event: StoredEvent): void {
    if (this.#live.some((live) => live.event === event.event)) this.#unpositioned.push(event)
    this.#live = this.#live.map((live) => (live.event === event.event ? event : live))
    this.#view.replace(event)
  }

  /** An event gets its place: the view holds it until the unit has settled. */
  hold(event: StoredEvent): void {
    this.#view.ahead = true
    this.#placed.push(event)
    this.#view.hold(event)
  }

  /** A state comes into being: likewise. */
  holdNode(node: StateNode): void {
    this.#nodes.push(node)
    this.#view.holdNode(node)
  }

  addMemberships(changes: readonly LocalMembershipChange[]): void {
    this.#memberships.push(...changes)
  }

  addDeparture(departure: Departure): void {
    this.#departures.push(departure)
  }

  /** These servers are in the room again, and never saw themselves out of it. */
  addReturned(servers: readonly ServerName[]): void {
    this.#returned.push(...servers)
  }

  /** The unit takes a stream position though it places no live event. */
  takePosition(): void {
    this.#positioned = true
  }

  /** The room's state becomes complete with this unit. */
  completes(): void {
    this.#positioned = true
    this.#completed = true
  }

  /** What else is to be told when the unit is durable. */
  addAnnouncements(announcements: readonly Announcement[]): void {
    this.#announcements.push(...announcements)
  }

  /** Rows of the same action. */
  addRows(rows: readonly Rows[]): void {
    this.#rows.push(...rows)
  }

  /** Rows that come after all others of the unit. */
  addLast(write: TableWrite, row: readonly SqlValue[]): void {
    this.#last.add(write, ...row)
  }

  /** Tell something beside what the room's own announcement says. */
  announce(announcement: Announcement): void {
    this.#announcements.push(announcement)
  }

  /** Statements that may refuse the whole unit. */
  addStep(step: Step): void {
    this.#steps.push(step)
  }

  /** Rows that hold the unit's stream position: added when it is known. */
  whenPlaced(add: (position: number) => void): void {
    this.#late.push(add)
  }

  /** What is to be done when the unit is durable, or has failed. */
  whenSettled(run: () => void): void {
    this.#settled.push(run)
  }

  /** Hand everything to the commit lane. All events of a unit share one stream position, for they become visible together. */
  commit(): Promise<CommitOutcome> {
    return this.#settleWith(this.#ports.db.commit(this.#finished()))
  }

  /** The same together with the unit of another room of this process: both are written, or neither is. */
  commitWith(other: RoomUnit): Promise<CommitOutcome> {
    const [own, others] = [this.#finished(), other.#finished()]
    const committed = this.#ports.db.commit({
      steps: [...own.steps, ...others.steps],
      rows: [...own.rows, ...others.rows],
      shards: [...own.shards, ...others.shards],
      chains: [...own.chains, ...others.chains],
      announcements: [...own.announcements, ...others.announcements],
    })
    other.#settleWith(committed)
    return this.#settleWith(committed)
  }

  /** All that the unit writes, with its stream position. The view is no longer ahead: to be handed over at once. */
  #finished(): Required<CommitUnit> {
    const view = this.#view
    assert(!view.chain.broken, 'a unit builds on a view that holds')
    const position = this.#positioned || this.#live.length > 0 ? this.#ports.db.nextPosition() : 0
    for (const event of this.#unpositioned) event.position = position
    for (const add of this.#late) add(position)
    if (this.#live.length > 0) {
      view.lastSlot = this.#ports.db.slot
      view.lastPosition = position
    }
    for (const key of view.keys.takeNew()) {
      const pair = view.keys.at(key)
      if (pair !== undefined) {
        this.draft.add(insertKey, view.room, key, encode(pair.type), pair.stateKey === undefined ? null : encode(pair.stateKey))
      }
    }
    const announcement: RoomAnnouncement = {
      kind: 'room',
      room: view.room,
      roomId: view.roomId,
      slot: this.#ports.db.slot,
      position,
      events: this.#live,
      memberships: this.#memberships,
      departures: this.#departures,
      ...(this.#returned.length === 0 ? {} : { returned: { servers: this.#returned, members: [...view.localJoined] } }),
      released: view.released.size > 0,
      completed: this.#completed,
    }
    view.ahead = false
    return {
      steps: this.#steps,
      rows: [...this.draft.rows(), ...this.#last.rows(), ...this.#rows],
      shards: [view.shard],
      chains: [view.chain],
      announcements: [announcement, ...this.#announcements],
    }
  }

  #settleWith(committed: Promise<CommitOutcome>): Promise<CommitOutcome> {
    const view = this.#view
    const settle = (): void => {
      view.settle(this.#placed, this.#nodes)
      for (const run of this.#settled) run()
    }
    committed.then(settle, settle)
    return committed
  }
}

const encoder = new TextEncoder()

function encode(text: string): Uint8Array {
  return encoder.encode(text)
}
