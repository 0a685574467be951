import {
  isJsonObject,
  parseEventId,
  parseRoomId,
  parseServerName,
  pduFromStored,
  type EventId,
  type Pdu,
  type RoomId,
  type ServerName,
} from '@causeway/events'
import { limits } from '../../limits.ts'
import type { Cancel } from '../../platform/clock.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Rows } from '../../storage/database.ts'
import { insertUnverified, removeUnverified, unverifiedEvents } from '../../storage/tables/unverified-events.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import type { RoomView } from '../engine/room-view.ts'
import { checkReceived } from './check-received.ts'
import type { Inbox } from './inbox.ts'
import type { RoomPeers } from './room-peers.ts'

interface Ports {
  readonly engine: RoomEngine
  readonly peers: RoomPeers
  readonly inbox: Inbox
  readonly log: Logger
  /** Is a room of this shard ours to judge? */
  readonly owns: (shard: number) => boolean
  /** Calls its listener with each server that has told its keys. */
  readonly onKeysTold: (listener: (server: ServerName) => void) => void
}

/** A received event that passed check 1, and the peer that gave it. `receivedAt` is milliseconds since 1970. */
export interface UnverifiedEvent {
  readonly pdu: Pdu
  readonly origin: ServerName
  readonly receivedAt: number
}

interface RoomPlan {
  readonly events: Map<EventId, UnverifiedEvent>
  /** Milliseconds until the next attempt. */
  pause: number
  retry: Cancel | undefined
  /** An attempt is under way; `again`: keys were told meanwhile. */
  running: boolean
  again: boolean
}

/**
 * Received events whose signature cannot be checked (check 2), as the server that signed them does not tell its keys: its wire to us is
 * cut, and another server brought them. Whoever brought them does not do so again, so they are kept, within bounds and durable, and
 * looked at again when the server tells its keys, and now and then by asking for them. Until then they count for nothing.
 */
export class Unverified {
  readonly #ports: Ports
  readonly #rooms = new Map<RoomId, RoomPlan>()
  #count = 0

  constructor(ports: Ports) {
    this.#ports = ports
    ports.onKeysTold((server) => this.#told(server))
    ports.inbox.onUnverified((view, origin, pdus) => this.keep(view, origin, pdus))
  }

  /** Take up what earlier owners of these shards left. */
  async start(shards: ReadonlySet<number>): Promise<void> {
    const { engine } = this.#ports
    for (const row of await unverifiedEvents(engine.ports.db)) {
      const [roomId, eventId, origin] = [parseRoomId(row.room_id), parseEventId(row.event_id), parseServerName(row.origin)]
      const view = roomId === undefined ? undefined : await engine.view(roomId)
      if (view === undefined || eventId === undefined || origin === undefined || !shards.has(view.shard)) continue
      const pdu = pduFromStored(decoder.decode(row.json), view.rules, eventId)
      this.add(view.roomId, [{ pdu, origin, receivedAt: row.received_at }])
    }
  }

  /** Is there place for `count` more events of this room? */
  accepts(roomId: RoomId, count: number): boolean {
    return this.#count + count <= limits.unverifiedMax && (this.#rooms.get(roomId)?.events.size ?? 0) + count <= limits.unverifiedRoomMax
  }

  /** The event and the row that makes it durable; `add` it after the commit. */
  admit(view: RoomView, pdu: Pdu, origin: ServerName): { readonly unverified: UnverifiedEvent; readonly row: Rows } {
    const receivedAt = this.#ports.engine.ports.clock.now()
    const row = [view.room, pdu.eventId, origin, encoder.encode(pdu.json), receivedAt] as const
    return { unverified: { pdu, origin, receivedAt }, row: { write: insertUnverified, rows: [row] } }
  }

  /** Let durable events wait for their keys. */
  add(roomId: RoomId, events: readonly UnverifiedEvent[]): void {
    if (events.length === 0) return
    const plan = this.#rooms.get(roomId) ?? newPlan()
    this.#rooms.set(roomId, plan)
    for (const event of events) {
      if (plan.events.has(event.pdu.eventId)) continue
      plan.events.set(event.pdu.eventId, event)
      this.#count += 1
    }
    this.#planRetry(roomId, plan)
  }

  /** Make events durable that `origin` gave when it was asked for what is before another, and let them wait: as many as there is place for. */
  async keep(view: RoomView, origin: ServerName, pdus: readonly Pdu[]): Promise<void> {
    const { engine, log } = this.#ports
    const held = this.#rooms.get(view.roomId)?.events
    const fresh = pdus.filter((pdu) => held?.has(pdu.eventId) !== true)
    const admitted = fresh.filter((_, index) => this.accepts(view.roomId, index + 1)).map((pdu) => this.admit(view, pdu, origin))
    if (admitted.length === 0) return
    await engine.ports.db.commit({ rows: admitted.map(({ row }) => row), shards: [view.shard] })
    log.info({ origin, room: view.roomId, events: admitted.length }, 'events before another one wait for the keys of their servers')
    const events = admitted.map(({ unverified }) => unverified)
    this.add(view.roomId, events)
  }

  #told(server: ServerName): void {
    for (const [roomId, plan] of this.#rooms) {
      if ([...plan.events.values()].some(({ pdu }) => bearsSignature(pdu, server))) this.#try(roomId, plan)
    }
  }

  #planRetry(roomId: RoomId, plan: RoomPlan): void {
    const { clock, random } = this.#ports.engine.ports
    plan.retry ??= clock.schedule(plan.pause * (0.75 + random.uint32() / 2 ** 33), () => {
      plan.retry = undefined
      plan.pause = Math.min(plan.pause * 2, limits.unverifiedRetryMsMax)
      this.#try(roomId, plan)
    })
  }

  /** One attempt at a time. */
  #try(roomId: RoomId, plan: RoomPlan): void {
    plan.again = plan.running
    if (plan.running) return
    plan.running = true
    this.#attempt(roomId, plan)
      .catch((error: unknown) => this.#ports.log.error({ err: error, room: roomId }, 'events could not be verified again'))
      .finally(() => {
        plan.running = false
        if (plan.events.size > 0) return plan.again ? this.#try(roomId, plan) : this.#planRetry(roomId, plan)
        plan.retry?.()
        if (this.#rooms.get(roomId) === plan) this.#rooms.delete(roomId)
      })
  }

  async #attempt(roomId: RoomId, plan: RoomPlan): Promise<void> {
    const { engine, peers, inbox, log, owns } = this.#ports
    const view = await engine.view(roomId)
    const tried = [...plan.events.values()]
    // Its new owner has read them.
    if (view === undefined || !owns(view.shard)) return this.#forget(plan, tried)
    const { clock, db } = engine.ports
    const values = tried.map(({ pdu }) => pdu.object)
    const received = await checkReceived(peers, values, roomId, view.rules)
    const settled: UnverifiedEvent[] = []
    const admitted: ReturnType<Inbox['admit']>[] = []
    for (const [index, event] of tried.entries()) {
      const result = received[index]
      if (result?.ok === true) {
        if (!inbox.accepts(roomId, admitted.length + 1)) continue
        admitted.push(inbox.admit(view.room, result.pdu, event.origin))
      } else if (result?.awaits !== undefined && clock.now() - event.receivedAt < limits.unverifiedKeptMs) {
        continue
      } else {
        log.info({ origin: event.origin, refusal: result?.refusal, event: event.pdu.eventId }, 'an event was dropped')
      }
      settled.push(event)
    }
    if (settled.length === 0) return
    await db.commit({
      rows: [
        ...admitted.map(({ row }) => row),
        { write: removeUnverified, rows: settled.map(({ pdu }) => [view.room, pdu.eventId] as const) },
      ],
      shards: [view.shard],
    })
    this.#forget(plan, settled)
    inbox.enqueue(
      roomId,
      admitted.map(({ waiting }) => waiting),
    )
  }

  #forget(plan: RoomPlan, events: readonly UnverifiedEvent[]): void {
    for (const { pdu } of events) if (plan.events.delete(pdu.eventId)) this.#count -= 1
  }
}

function newPlan(): RoomPlan {
  return { events: new Map(), pause: limits.unverifiedRetryMsMin, retry: undefined, running: false, again: false }
}

function bearsSignature(pdu: Pdu, server: ServerName): boolean {
  const signatures = pdu.object['signatures']
  return isJsonObject(signatures) && Object.hasOwn(signatures, server)
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()
