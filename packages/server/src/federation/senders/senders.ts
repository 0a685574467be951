import { parseServerName, type ServerName } from '@causeway/events'
import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Metrics } from '../../platform/metrics.ts'
import type { Random } from '../../platform/random.ts'
import type { RoomAnnouncement } from '../../rooms/engine/room-announcement.ts'
import type { Announcement, Database } from '../../storage/database.ts'
import type { Destinations, Failing } from '../client/destinations.ts'
import type { FederationClient } from '../client/federation-client.ts'
import { adoptMs, queuedPdusMax, receiptsHeldMs, unrecordedMsMax } from '../limits.ts'
import { Delivery } from './delivery.ts'
import { DestinationQueue } from './destination-queue.ts'
import { isStoredEdusAnnouncement, type StoredEdusAnnouncement } from './edu-outbox.ts'
import type { OutboundReceipt } from './edu-queue.ts'
import { eduJson, type Edu } from './edu.ts'
import { Journal } from './journal.ts'
import { Lines } from './lines.ts'
import { MissedRooms } from './missed-rooms.ts'
import type { OutboundPdu } from './outbound-pdu.ts'
import { Resumption } from './resumption.ts'
import { SenderMetrics } from './sender-metrics.ts'

interface Ports {
  readonly db: Database
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly metrics: Metrics
  readonly serverName: ServerName
  readonly client: Pick<FederationClient, 'call'>
  readonly destinations: Destinations
}

/** How an EDU is sent that may be lost. */
export interface EduOptions {
  /** Takes the place of an earlier one with the same key that did not leave yet. */
  readonly coalesceKey?: string
  /** Milliseconds that it may wait for company. It leaves sooner with anything else that goes there. */
  readonly holdMs?: number
}

/** What waits for one server. */
export interface DestinationStatus {
  readonly server: ServerName
  readonly failing: Failing | undefined
  readonly sending: boolean
  readonly queuedPdus: number
  readonly queuedEdus: number
  readonly storedEdus: boolean
  readonly missedRooms: number
  readonly storedTransactions: number
}

/**
 * Brings our events and EDUs to other servers: a queue for each that has something to get, one transaction in flight to each.
 * Servers that are well are fed from memory, and only a position is written; of those that are not it is noted which rooms
 * they missed from where, and they are caught up from the log, however long it takes.
 */
export class Senders {
  readonly #ports: Ports
  readonly #queues = new Map<string, DestinationQueue>()
  readonly #missed: MissedRooms
  readonly #journal: Journal
  readonly #lines: Lines
  readonly #delivery: Delivery
  readonly #resumption: Resumption
  /** The newest position of the log of `#slot` that was announced. */
  #announced = 0
  #slot: number
  #starting: Promise<void> | undefined
  #started = false
  #cancelAdoption = (): void => undefined

  constructor(ports: Ports) {
    const { db, clock, log, destinations } = ports
    this.#ports = ports
    this.#slot = db.slot
    this.#journal = new Journal({
      db,
      clock,
      log,
      destinations,
      keepsRow: (server) => this.#queues.get(server)?.keepsRow() === true,
      settle: () => this.#settle(),
      onWritten: () => this.#forgetIdle(),
    })
    this.#missed = new MissedRooms({ journal: this.#journal, slot: () => db.slot })
    const failing = (): number => [...this.#queues.keys()].filter((server) => destinations.failing(server) !== undefined).length
    const metrics = new SenderMetrics(ports.metrics, () => this.#queues.size, failing)
    this.#delivery = new Delivery({ ...ports, journal: this.#journal, missed: this.#missed, metrics })
    this.#lines = new Lines({ clock, destinations, send: (queue) => this.#delivery.sendNext(queue) })
    this.#resumption = new Resumption({ ...ports, journal: this.#journal, missed: this.#missed, queueFor: (server) => this.#known(server) })
    db.onCommitted((announcements) => this.#onCommitted(announcements))
    destinations.onWake((server) => this.#wake(server))
  }

  /** Take up what was left when the server stopped. What is committed meanwhile is sent as well. */
  start(): Promise<void> {
    this.#starting = this.#start()
    return this.#starting
  }

  async #start(): Promise<void> {
    const { slot } = this.#ports.db
    const position = await this.#resumption.resume()
    if (slot === this.#slot) this.#announced = Math.max(this.#announced, position)
    this.#started = true
    this.#enterAll()
    await this.#journal.flush()
    this.#scheduleAdoption()
  }

  /** Send nothing more; what is under way may end within `ms`. Then everything that has not arrived is noted. */
  async stop(ms: number): Promise<void> {
    // Whoever started hears of its failure.
    await this.#starting?.catch(() => undefined)
    this.#cancelAdoption()
    this.#lines.stop()
    await this.#delivery.stop(ms)
    for (const queue of this.#queues.values()) this.#missed.spill(queue)
    await this.#journal.flush()
  }

  /** Send an EDU that may be lost: it is dropped when it is stale, and for servers that are not there. */
  sendEdu(servers: Iterable<ServerName>, edu: Edu, options: EduOptions = {}): void {
    const json = eduJson(edu)
    const now = this.#ports.clock.monotonic()
    for (const server of servers) {
      const queue = this.#queueForEdu(server)
      if (queue === undefined) continue
      queue.edus.add(json, options.coalesceKey, now)
      this.#enterHeld(queue, options.holdMs ?? 0)
    }
  }

  /** Send a read receipt of one of our users, with others of the same moment. */
  sendReceipt(servers: Iterable<ServerName>, receipt: OutboundReceipt): void {
    for (const server of servers) {
      const queue = this.#queueForEdu(server)
      if (queue === undefined) continue
      queue.edus.addReceipt(receipt)
      this.#enterHeld(queue, receiptsHeldMs)
    }
  }

  /** What waits, for at most `limit` servers. */
  status(limit: number): DestinationStatus[] {
    return [...this.#queues.values()].slice(0, limit).map((queue) => ({
      server: queue.server,
      failing: this.#ports.destinations.failing(queue.server),
      sending: queue.sending,
      queuedPdus: queue.pdus.length,
      queuedEdus: queue.edus.size,
      storedEdus: queue.hasStoredEdus,
      missedRooms: queue.missed.size,
      storedTransactions: queue.storedTransactions.length,
    }))
  }

  #onCommitted(announcements: readonly Announcement[]): void {
    for (const announcement of announcements) {
      if (isStoredEdusAnnouncement(announcement)) this.#onStoredEdus(announcement)
      else if (isRoom(announcement)) this.#onRoom(announcement)
    }
  }

  #onStoredEdus({ servers, bytes }: StoredEdusAnnouncement): void {
    this.#journal.noteStoredEdus(bytes)
    for (const server of servers) {
      if (server === this.#ports.serverName) continue
      const queue = this.#queueFor(server)
      queue.hasStoredEdus = true
      queue.storedEdusTouched = true
      this.#lines.enter(queue)
    }
  }

  #onRoom(announcement: RoomAnnouncement): void {
    const { clock, db } = this.#ports
    // Events of other processes are sent by these.
    if (announcement.slot !== db.slot || announcement.position === 0) return
    if (db.slot !== this.#slot) this.#moveTo(db.slot)
    this.#announced = Math.max(this.#announced, announcement.position)
    for (const { event, servers, late } of announcement.departures) {
      if (event.pos === undefined) continue
      const { room, position } = announcement
      const pdu = { room, pos: event.pos, position, json: event.pdu.json, queuedAt: clock.monotonic() }
      if (late !== true) this.#missed.closeFor(room, event.pos, servers)
      for (const server of servers) this.#departTo(server, pdu)
      if (servers.length > 0) this.#journal.touch()
    }
  }

  #departTo(server: string, pdu: OutboundPdu): void {
    const queue = this.#known(server)
    if (queue === undefined) return
    if (!this.#missed.isOpen(queue, pdu.room, pdu.pos)) {
      const isWell = queue.isLive && this.#ports.destinations.failing(server) === undefined
      if (isWell && queue.pdus.length < queuedPdusMax) queue.pdus.push(pdu)
      else {
        this.#missed.spill(queue)
        this.#missed.miss(queue, pdu.room, pdu.pos, this.#slot)
      }
    }
    this.#lines.enter(queue)
  }

  /** The log goes on in another slot: positions of the old one say nothing any more. */
  #moveTo(slot: number): void {
    for (const queue of this.#queues.values()) {
      this.#delivery.keepFlying(queue)
      this.#missed.spill(queue)
    }
    this.#slot = slot
    this.#announced = 0
  }

  /** Before each write of the journal: what has waited for long is noted, and all before the oldest of the rest is accounted for. */
  #settle(): number | undefined {
    if (!this.#started || this.#slot !== this.#ports.db.slot) return undefined
    const now = this.#ports.clock.monotonic()
    let position = this.#announced
    for (const queue of this.#queues.values()) {
      const oldest = queue.oldestUnrecorded
      if (oldest === undefined) continue
      if (now - oldest.queuedAt >= unrecordedMsMax) {
        this.#delivery.keepFlying(queue)
        this.#missed.spill(queue)
      } else {
        position = Math.min(position, oldest.position - 1)
        this.#journal.touch()
      }
    }
    return position
  }

  /** Called when everything that was noted is written. */
  #forgetIdle(): void {
    for (const [server, queue] of this.#queues) {
      if (!queue.hasWork && !queue.sending && !queue.ready) this.#queues.delete(server)
    }
  }

  #wake(server: ServerName): void {
    const queue = this.#queues.get(server)
    if (queue?.hasWork === true) this.#lines.enter(queue)
  }

  #queueFor(server: ServerName): DestinationQueue {
    let queue = this.#queues.get(server)
    if (queue === undefined) {
      queue = new DestinationQueue(server)
      this.#queues.set(server, queue)
    }
    return queue
  }

  #known(server: string): DestinationQueue | undefined {
    const known = this.#queues.get(server)
    if (known !== undefined) return known
    const name = parseServerName(server)
    return name === undefined || name === this.#ports.serverName ? undefined : this.#queueFor(name)
  }

  #queueForEdu(server: ServerName): DestinationQueue | undefined {
    if (server === this.#ports.serverName || this.#ports.destinations.failing(server) !== undefined) return undefined
    return this.#queueFor(server)
  }

  #enterHeld(queue: DestinationQueue, holdMs: number): void {
    if (holdMs === 0) this.#lines.enter(queue)
    else this.#lines.enterAt(queue, this.#ports.clock.now() + holdMs)
    // Idle queues are let go of at the journal's next look.
    this.#journal.touch()
  }

  #enterAll(): void {
    const now = this.#ports.clock.now()
    for (const queue of this.#queues.values()) {
      if (!queue.hasWork) continue
      const failing = this.#ports.destinations.failing(queue.server)
      queue.wasFailing ||= failing !== undefined
      this.#lines.enterAt(queue, Math.max(now + this.#resumption.spread(), failing?.retryAt ?? 0))
    }
  }

  #scheduleAdoption(): void {
    this.#cancelAdoption = this.#ports.clock.schedule(adoptMs, () => {
      this.#resumption
        .adoptAbandoned()
        .then(() => this.#enterAll())
        .catch((err: unknown) => this.#ports.log.warn({ err }, 'could not look for abandoned senders'))
        .finally(() => this.#scheduleAdoption())
    })
  }
}

function isRoom(announcement: Announcement): announcement is RoomAnnouncement {
  return announcement.kind === 'room'
}
