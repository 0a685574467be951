import { historyVisibility, membershipOf, redactPdu, type EventId, type Membership, type RoomId, type ServerName } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { historyBackwards } from '../../storage/tables/events.ts'
import { wasInRoom } from '../../storage/tables/rooms.ts'
import { authChainOf } from '../engine/auth-chain-of.ts'
import { findEvent, loadEvents, loadNode, loadNumbers } from '../engine/load-room.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import type { RoomView } from '../engine/room-view.ts'
import { inGraph, storedEvent, standing, type StoredEvent } from '../engine/stored-event.ts'
import { LoadedState } from '../engine/view-state.ts'
import { closestEvent } from '../history/closest-event.ts'
import { serverAllowed } from '../inbound/server-acl.ts'

/** Events in one answer (practice of other servers). */
const backfillMax = 100
const missingEventsMax = 20

/** What other servers may read of our rooms. All of it is looked up by the room that the request names. */
export class ServedReads {
  readonly #engine: RoomEngine
  readonly #complete: (roomId: RoomId) => Promise<void>

  /** `complete` resolves when the whole state of a room is here. */
  constructor(engine: RoomEngine, complete: (roomId: RoomId) => Promise<void>) {
    this.#engine = engine
    this.#complete = complete
  }

  /** The room, if `origin` may read it: it has, or had, members there, and the room's ACL lets it in. */
  async #open(roomId: RoomId, origin: ServerName): Promise<RoomView> {
    const { db } = this.#engine.ports
    const view = await this.#engine.view(roomId)
    if (view === undefined || !view.hasState) throw new MatrixError('M_NOT_FOUND', 'Unknown room')
    const inside = view.servers.has(origin) || (await wasInRoom(db, view.room, origin))
    if (!inside) throw new MatrixError('M_FORBIDDEN', 'Your server is not in this room')
    if (!(await serverAllowed(db, view, origin))) throw new MatrixError('M_FORBIDDEN', 'Your server is not allowed in this room')
    return view
  }

  async #event(view: RoomView, eventId: EventId): Promise<StoredEvent> {
    const event = await findEvent(this.#engine.ports.db, view, eventId)
    if (event === undefined || event.standing === standing.rejected) throw new MatrixError('M_NOT_FOUND', 'Unknown event')
    return event
  }

  /** One event, found by its room and id. `GET /event/{eventId}` names no room: the caller looks it up first. */
  async event(roomId: RoomId, origin: ServerName, eventId: EventId): Promise<string> {
    const view = await this.#open(roomId, origin)
    const event = await this.#event(view, eventId)
    await this.#requireShown(view, origin, event)
    return this.#json(view, origin, event)
  }

  /** Events before some others, newest first, as JSON texts. Server-Server API, "Backfilling and retrieving missing events". */
  async backfill(roomId: RoomId, origin: ServerName, from: readonly EventId[], limit: number): Promise<string[]> {
    const { db } = this.#engine.ports
    const view = await this.#open(roomId, origin)
    const numbers = await loadNumbers(db, view, from.slice(0, backfillMax))
    const events = (await loadEvents(db, view, [...numbers.values()])).filter(inGraph)
    const max = Math.min(backfillMax, Math.max(1, limit))
    // What was soft-failed has no place in the history, but others may build upon it and then lack it.
    const beside = events.filter((event) => event.standing === standing.softFailed).slice(0, max)
    const places = events.filter((event) => event.standing !== standing.rejected).map(({ depth, pos = 0 }) => ({ depth, pos: pos + 1 }))
    const [first, ...others] = places
    if (first === undefined) return []
    const highest = others.reduce((a, b) => (b.depth > a.depth || (b.depth === a.depth && b.pos > a.pos) ? b : a), first)
    const rows = beside.length === max ? [] : await historyBackwards(db, view.room, highest, max - beside.length)
    return this.#jsons(view, origin, [...beside, ...rows.map((row) => storedEvent(row, view.rules))])
  }

  /** Events between `earliest` and `latest`, oldest first; the work is bounded, not only the answer. */
  async missingEvents(
    roomId: RoomId,
    origin: ServerName,
    gap: { readonly earliest: readonly EventId[]; readonly latest: readonly EventId[]; readonly limit: number; readonly minDepth: number },
  ): Promise<string[]> {
    const { db } = this.#engine.ports
    const view = await this.#open(roomId, origin)
    const limit = Math.min(missingEventsMax, Math.max(0, gap.limit))
    const stop = new Set((await loadNumbers(db, view, gap.earliest.slice(0, 100))).values())
    const seen = new Set(stop)
    let level = await loadEvents(db, view, [...(await loadNumbers(db, view, gap.latest.slice(0, 20))).values()])
    const found: StoredEvent[] = []
    while (level.length > 0 && found.length < limit) {
      const next = new Set<number>()
      for (const event of level) for (const prev of event.edges.prev) if (prev !== 0 && !seen.has(prev)) next.add(prev)
      for (const number of next) seen.add(number)
      level = (await loadEvents(db, view, [...next].slice(0, limit - found.length))).filter(
        (event) => event.pdu.depth >= gap.minDepth && event.standing !== standing.rejected && event.standing !== standing.outlier,
      )
      found.push(...level)
    }
    return this.#jsons(view, origin, found.reverse())
  }

  /**
   * The event closest to a time in a direction, among those that `origin` may see whole. Throws M_FORBIDDEN for a server that
   * is not in the room, as for a room that is not there; M_NOT_FOUND.
   */
  async eventByTime(roomId: RoomId, origin: ServerName, ts: number, direction: 'b' | 'f'): Promise<{ eventId: EventId; ts: number }> {
    const inside = (await this.#engine.view(roomId))?.servers.has(origin) === true
    if (!inside) throw new MatrixError('M_FORBIDDEN', 'Your server is not in this room')
    const view = await this.#open(roomId, origin)
    const found = await closestEvent(this.#engine.ports.db, view, { ts, direction }, async (events) => {
      for (const event of events) if (await this.#visible(view, origin, event)) return event
      return undefined
    })
    if (found === undefined) throw new MatrixError('M_NOT_FOUND', 'There is no event in this direction')
    return { eventId: found.pdu.eventId, ts: found.pdu.originServerTs }
  }

  /** The auth chain of an event. */
  async eventAuth(roomId: RoomId, origin: ServerName, eventId: EventId): Promise<string[]> {
    const view = await this.#open(roomId, origin)
    const event = await this.#event(view, eventId)
    await this.#requireShown(view, origin, event)
    const chain = await authChainOf(this.#engine.ports.db, view, [event])
    return chain.map((event) => event.pdu.json)
  }

  /** The state before an event, and its auth chain. */
  async state(
    roomId: RoomId,
    origin: ServerName,
    eventId: EventId,
  ): Promise<{ readonly state: StoredEvent[]; readonly authChain: StoredEvent[] }> {
    const { db } = this.#engine.ports
    if ((await this.#open(roomId, origin)).partial !== undefined) await this.#complete(roomId)
    const view = await this.#open(roomId, origin)
    const event = await this.#event(view, eventId)
    if (event.standing === standing.outlier || event.standing === standing.undecided) {
      throw new MatrixError('M_NOT_FOUND', 'The state before this event is not known')
    }
    await this.#requireShown(view, origin, event)
    const node = await loadNode(db, view, event.stateBefore)
    const state = await loadEvents(
      db,
      view,
      [...node.state.entries()].map(([, number]) => number),
    )
    return { state, authChain: await authChainOf(db, view, state) }
  }

  /** To a server that is no longer in the room, what came after its time is as if it were not there. */
  async #isShown(view: RoomView, origin: ServerName, event: StoredEvent): Promise<boolean> {
    return view.servers.has(origin) || this.#visible(view, origin, event)
  }

  async #requireShown(view: RoomView, origin: ServerName, event: StoredEvent): Promise<void> {
    if (!(await this.#isShown(view, origin, event))) throw new MatrixError('M_NOT_FOUND', 'Unknown event')
  }

  async #jsons(view: RoomView, origin: ServerName, events: readonly StoredEvent[]): Promise<string[]> {
    const texts: string[] = []
    for (const event of events) if (await this.#isShown(view, origin, event)) texts.push(await this.#json(view, origin, event))
    return texts
  }

  /** An event as `origin` may see it: whole, or redacted where the room's history was closed to its users. */
  async #json(view: RoomView, origin: ServerName, event: StoredEvent): Promise<string> {
    const isWhole = (await this.#visible(view, origin, event)) && !(await this.#isErasedFor(view, origin, event))
    return isWhole ? event.pdu.json : redactPdu(event.pdu, view.rules).json
  }

  /** Did the sender want to be erased, so that a server that was not there when it was sent gets the redacted form? */
  async #isErasedFor(view: RoomView, origin: ServerName, event: StoredEvent): Promise<boolean> {
    const { erased } = this.#engine.ports
    await erased.ready()
    return erased.has(event.pdu.sender) && !(await this.#wasThere(view, origin, event, ['join']))
  }

  async #visible(view: RoomView, origin: ServerName, event: StoredEvent): Promise<boolean> {
    const isInside = view.servers.has(origin)
    if (isInside && (event.isState || event.stateBefore === 0)) return true
    if (event.stateBefore === 0) return false
    const suffix = `:${origin}`
    // Its own people's comings and goings concern it, a kick or a ban too.
    if (event.pdu.type === 'm.room.member' && event.pdu.stateKey?.endsWith(suffix) === true) return true
    const { db } = this.#engine.ports
    const { state } = await loadNode(db, view, event.stateBefore)
    const key = view.keys.find('m.room.history_visibility', '')
    const number = key === undefined ? 0 : state.get(key)
    const visibility = historyVisibility(
      new LoadedState((await loadEvents(db, view, number === 0 ? [] : [number])).map((entry) => entry.pdu)),
    )
    if (visibility === 'world_readable' || (isInside && visibility === 'shared')) return true
    return this.#wasThere(view, origin, event, visibility === 'invited' ? ['join', 'invite'] : ['join'])
  }

  /** Had somebody of `origin` one of these memberships when the event was sent? */
  async #wasThere(view: RoomView, origin: ServerName, event: StoredEvent, memberships: readonly Membership[]): Promise<boolean> {
    if (event.stateBefore === 0) return false
    const { db } = this.#engine.ports
    const { state } = await loadNode(db, view, event.stateBefore)
    const suffix = `:${origin}`
    for (const [userId, memberKey] of view.memberKeys()) {
      const member = userId.endsWith(suffix) ? state.get(memberKey) : 0
      if (member === 0) continue
      const loaded = new LoadedState((await loadEvents(db, view, [member])).map((entry) => entry.pdu))
      const membership = membershipOf(loaded, userId)
      if (membership !== undefined && memberships.includes(membership)) return true
    }
    return false
  }
}
