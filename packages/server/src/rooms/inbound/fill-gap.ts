import type { EventId, Pdu, ServerName } from '@causeway/events'
import { limits } from '../../limits.ts'
import { loadEvents, loadNumbers } from '../engine/load-room.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import type { RoomView } from '../engine/room-view.ts'
import { inGraph } from '../engine/stored-event.ts'
import { checkReceived, type Received } from './check-received.ts'
import { parentsFirst } from './in-order.ts'
import type { RoomPeers } from './room-peers.ts'

interface Ports {
  readonly engine: RoomEngine
  readonly peers: RoomPeers
}

/** What is between our graph and an event. */
export interface FetchedGap {
  /** What the event follows, oldest first, through checks 1 to 3; their own past may be missing still. */
  readonly pdus: readonly Pdu[]
  /**
   * What it follows besides them, signed by servers that do not tell their keys at the moment. Not among them is what our graph
   * follows: that is history, which is fetched when somebody reads it.
   */
  readonly unverified: readonly Pdu[]
}

/**
 * Fetch the events between our graph and `latest` from a server: pages of /get_missing_events, and if these are full and do
 * not reach our graph, pages of /backfill. All within bounds. Must not be called under the room's queue: it waits for the network.
 */
export async function fetchGap(ports: Ports, view: RoomView, server: ServerName, latest: Pdu): Promise<FetchedGap> {
  const walk = new GapWalk(ports, view)
  await walk.add([latest])
  let full = true
  for (let page = 0; page < limits.missingEventsPagesMax && full && walk.goesOn; page += 1) {
    const values = await ports.peers.getMissingEvents(server, view.roomId, {
      earliest: view.tips.slice(-limits.missingEventsLimit).map((tip) => tip.eventId),
      latest: page === 0 ? [latest.eventId] : walk.children.slice(0, limits.missingEventsLimit),
      limit: limits.missingEventsLimit,
    })
    full = values !== undefined && values.length >= limits.missingEventsLimit
    const received = await checkReceived(ports.peers, (values ?? []).slice(0, limits.missingEventsLimit), view.roomId, view.rules)
    if (!(await walk.take(received))) full = false
  }
  for (let page = 0; page < limits.gapPagesMax && full && walk.goesOn; page += 1) {
    const from = walk.missing.slice(0, limits.missingEventsLimit)
    const values = await ports.peers.backfill(server, view.roomId, from, limits.backfillEvents)
    const received = await checkReceived(ports.peers, (values ?? []).slice(0, limits.backfillEvents), view.roomId, view.rules, {
      historical: true,
    })
    if (!(await walk.take(received))) full = false
  }
  return { pdus: walk.before(latest), unverified: walk.unverifiedBefore(latest) }
}

/** What a walk into the past has found, and what it still lacks. */
class GapWalk {
  readonly #ports: Ports
  readonly #view: RoomView
  readonly #found = new Map<EventId, Pdu>()
  readonly #unverified = new Map<EventId, Pdu>()
  /** Missing events, with one that follows each. */
  readonly #open = new Map<EventId, EventId>()
  #chars = 0

  constructor(ports: Ports, view: RoomView) {
    this.#ports = ports
    this.#view = view
  }

  /** Is there anything left to find, and room for it? */
  get goesOn(): boolean {
    return this.#open.size > 0 && this.#chars < limits.gapCharsMax
  }

  get missing(): readonly EventId[] {
    return [...this.#open.keys()]
  }

  /** Those that follow missing events, none twice. */
  get children(): readonly EventId[] {
    return [...new Set(this.#open.values())]
  }

  /** Take in what was received. False if nothing that passed was missing. */
  take(received: readonly Received[]): Promise<boolean> {
    for (const event of received) if (!event.ok && event.awaits !== undefined) this.#unverified.set(event.pdu.eventId, event.pdu)
    return this.add(received.flatMap((event) => (event.ok ? [event.pdu] : [])))
  }

  /** Take in what came; what is in our graph has a past of its own, which is no part of the gap. False if none of it was missing. */
  async add(pdus: readonly Pdu[]): Promise<boolean> {
    const held = await this.#inGraph(pdus.map((pdu) => pdu.eventId))
    const fresh = pdus.filter((pdu) => !this.#found.has(pdu.eventId) && !held.has(pdu.eventId))
    let helped = false
    for (const pdu of fresh) {
      this.#found.set(pdu.eventId, pdu)
      this.#chars += pdu.json.length
      helped = this.#open.delete(pdu.eventId) || helped
    }
    const asked = new Map<EventId, EventId>()
    for (const pdu of fresh) for (const id of pdu.prevEvents) if (!this.#found.has(id)) asked.set(id, pdu.eventId)
    const known = await this.#inGraph([...asked.keys()])
    for (const [id, child] of asked) if (!known.has(id)) this.#open.set(id, child)
    return helped
  }

  async #inGraph(ids: readonly EventId[]): Promise<Set<EventId>> {
    const { db } = this.#ports.engine.ports
    const numbers = await loadNumbers(db, this.#view, ids)
    return new Set((await loadEvents(db, this.#view, [...numbers.values()])).filter(inGraph).map((event) => event.pdu.eventId))
  }

  /** The events found that `latest` follows, oldest first; others are none of ours to place. */
  before(latest: Pdu): Pdu[] {
    const wanted = past(latest.prevEvents, (id) => this.#found.get(id))
    wanted.delete(latest.eventId)
    return inOrder(wanted)
  }

  /** The unverified events that `latest` follows, oldest first. What they follow is as sure as their ids, which are their hashes. */
  unverifiedBefore(latest: Pdu): Pdu[] {
    if (this.#unverified.size === 0) return []
    const { missing, undecided } = this.#view
    const named = (id: EventId): Pdu | undefined => this.#found.get(id) ?? this.#unverified.get(id)
    const wanted = past(latest.prevEvents, named)
    const ours = [...missing].flatMap(([id, children]) => ([...children].some((child) => !undecided.has(child)) ? [id] : []))
    for (const id of [...past(ours, named).keys(), ...this.#found.keys()]) wanted.delete(id)
    return inOrder(wanted)
  }
}

/** Some events and all that they follow, as far as `named` has them. */
function past(from: readonly EventId[], named: (id: EventId) => Pdu | undefined): Map<EventId, Pdu> {
  const reached = new Map<EventId, Pdu>()
  const queue = [...from]
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    const pdu = named(id)
    if (pdu === undefined || reached.has(id)) continue
    reached.set(id, pdu)
    queue.push(...pdu.prevEvents)
  }
  return reached
}

function inOrder(pdus: ReadonlyMap<EventId, Pdu>): Pdu[] {
  return parentsFirst(
    [...pdus.values()],
    (pdu) => pdu.eventId,
    (pdu) => pdu.prevEvents,
  )
}
