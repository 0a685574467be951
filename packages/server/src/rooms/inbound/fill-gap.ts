import type { EventId, Pdu, ServerName } from '@causeway/events'
import { limits } from '../../limits.ts'
import { loadEvents, loadNumbers } from '../engine/load-room.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import type { RoomView } from '../engine/room-view.ts'
import { inGraph } from '../engine/stored-event.ts'
import { checkReceived } from './check-received.ts'
import { parentsFirst } from './in-order.ts'
import type { RoomPeers } from './room-peers.ts'

interface Ports {
  readonly engine: RoomEngine
  readonly peers: RoomPeers
}

/**
 * Fetch the events between our graph and `latest` from a server: pages of /get_missing_events, and if these are full and do
 * not reach our graph, pages of /backfill. All within bounds. Gives those that `latest` follows, oldest first, through checks
 * 1 to 3; their own past may be missing still. Must not be called under the room's queue: it waits for the network.
 */
export async function fetchGap(ports: Ports, view: RoomView, server: ServerName, latest: Pdu): Promise<Pdu[]> {
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
    if (!(await walk.add(received.flatMap((event) => (event.ok ? [event.pdu] : []))))) full = false
  }
  for (let page = 0; page < limits.gapPagesMax && full && walk.goesOn; page += 1) {
    const from = walk.missing.slice(0, limits.missingEventsLimit)
    const values = await ports.peers.backfill(server, view.roomId, from, limits.backfillEvents)
    const received = await checkReceived(ports.peers, (values ?? []).slice(0, limits.backfillEvents), view.roomId, view.rules, {
      historical: true,
    })
    if (!(await walk.add(received.flatMap((event) => (event.ok ? [event.pdu] : []))))) full = false
  }
  return walk.before(latest)
}

/** What a walk into the past has found, and what it still lacks. */
class GapWalk {
  readonly #ports: Ports
  readonly #view: RoomView
  readonly #found = new Map<EventId, Pdu>()
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
    const wanted = new Map<EventId, Pdu>()
    const queue = [...latest.prevEvents]
    for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
      const pdu = this.#found.get(id)
      if (pdu === undefined || wanted.has(id)) continue
      wanted.set(id, pdu)
      queue.push(...pdu.prevEvents)
    }
    wanted.delete(latest.eventId)
    return parentsFirst(
      [...wanted.values()],
      (pdu) => pdu.eventId,
      (pdu) => pdu.prevEvents,
    )
  }
}
