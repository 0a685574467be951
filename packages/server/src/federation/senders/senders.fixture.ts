import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import {
  isJsonObject,
  parseEventId,
  parseJson,
  parseRoomId,
  parseServerName,
  pduFromStored,
  roomRules,
  type JsonObject,
  type ServerName,
} from '@causeway/events'
import { HandClock } from '../../http/edge.fixture.ts'
import { silentLogger } from '../../platform/logger.ts'
import { Metrics } from '../../platform/metrics.ts'
import { realRandom } from '../../platform/random.ts'
import type { RoomAnnouncement } from '../../rooms/engine/room-announcement.ts'
import type { StoredEvent } from '../../rooms/engine/stored-event.ts'
import type { Database, Rows } from '../../storage/database.ts'
import { openMemory, openSqliteInline } from '../../storage/sqlite/open-sqlite.ts'
import { sql } from '../../storage/sql.ts'
import { insertBody, insertEvent, markPassedOn } from '../../storage/tables/events.ts'
import { upsertRoomServer } from '../../storage/tables/rooms.ts'
import { Destinations } from '../client/destinations.ts'
import type { CallOptions } from '../client/federation-client.ts'
import type { FederationResult } from '../client/federation-result.ts'
import type { Contract } from '../wire/contract.ts'
import { EduOutbox, type StoredEdu } from './edu-outbox.ts'
import { Senders } from './senders.ts'

export function server(text: string): ServerName {
  const parsed = parseServerName(text)
  assert.ok(parsed !== undefined)
  return parsed
}

/** One transaction as a peer got it. */
export interface Received {
  readonly server: string
  readonly txnId: string
  readonly body: string
  readonly pdus: readonly string[]
  readonly edus: readonly JsonObject[]
}

/** Peers that take transactions, or not. */
export class FakePeers {
  readonly received: Received[] = []
  /** What a server answers; it takes everything otherwise. */
  readonly answers = new Map<string, () => FederationResult | Promise<FederationResult>>()
  readonly #destinations: Destinations
  attempts = 0
  running = 0
  runningMost = 0

  constructor(destinations: Destinations) {
    this.#destinations = destinations
  }

  async call<Path extends string>(name: ServerName, contract: Contract<Path>, options: CallOptions<Path>): Promise<FederationResult> {
    this.attempts += 1
    this.running += 1
    this.runningMost = Math.max(this.runningMost, this.running)
    assert.equal(contract.name, 'sendTransaction')
    const params: Readonly<Record<string, string>> = options.params ?? {}
    const answer = this.answers.get(name)
    const aborted = new Promise<FederationResult>((resolve) =>
      options.signal?.addEventListener('abort', () => resolve({ ok: false, fault: 'aborted', why: 'aborted' })),
    )
    const taken: FederationResult = { ok: true, value: {} }
    const result = await Promise.race([answer?.() ?? taken, aborted])
    this.running -= 1
    if (result.ok) this.#destinations.reached(name)
    else if (result.fault === 'connect') this.#destinations.failed(name, 'unreachable')
    if (result.ok) this.received.push(read(name, params['txnId'] ?? '', String(options.body)))
    return result
  }

  dead(name: string): void {
    this.answers.set(name, () => ({ ok: false, fault: 'connect', why: 'refused' }))
  }

  /** Labels of the events that a server got, in order. */
  got(name: string): string[] {
    return this.received.filter((each) => each.server === name).flatMap(({ pdus }) => pdus)
  }

  transactions(name: string): Received[] {
    return this.received.filter((each) => each.server === name)
  }
}

function read(name: string, txnId: string, body: string): Received {
  const parsed = parseJson(body)
  assert.ok(parsed.ok && isJsonObject(parsed.value), body)
  const list = (value: unknown): readonly JsonObject[] => (Array.isArray(value) ? value.filter((item) => isJsonObject(item)) : [])
  const pdus = list(parsed.value['pdus']).map(({ content }) => (isJsonObject(content) ? String(content['label']) : '?'))
  return { server: name, txnId, body, pdus, edus: list(parsed.value['edus']) }
}

/** A server's sending side over a real database; `restart` is what happens after a crash. */
export class SenderWorld {
  clock = new HandClock()
  readonly random = realRandom()
  readonly #connection = openMemory()
  #rooms = new Map<number, { pos: number; servers: Set<string> }>()
  #events = 0
  db!: Database
  destinations!: Destinations
  peers!: FakePeers
  senders!: Senders
  outbox!: EduOutbox
  commits = 0

  constructor(t: TestContext) {
    t.after(() => this.#connection.close())
  }

  async open(): Promise<this> {
    await this.#begin()
    return this
  }

  /** Kill the process and start another. What the peers got and answer stays, and so does the database. */
  async restart(): Promise<void> {
    const { ms } = this.clock
    // Nothing that was scheduled runs any more.
    this.clock = new HandClock()
    this.clock.ms = ms
    await this.#begin()
  }

  async #begin(): Promise<void> {
    this.db = openSqliteInline(this.#connection, (run) => void setImmediate(run))
    const { db, clock, random } = this
    const before: FakePeers | undefined = this.peers
    this.destinations = new Destinations({ clock, random })
    this.peers = new FakePeers(this.destinations)
    for (const received of before?.received ?? []) this.peers.received.push(received)
    for (const [name, answer] of before?.answers ?? []) this.peers.answers.set(name, answer)
    this.outbox = new EduOutbox({ db, random })
    const { destinations, peers: client } = this
    this.senders = new Senders({
      db,
      clock,
      random,
      log: silentLogger,
      metrics: new Metrics(),
      serverName: server('here.test'),
      client,
      destinations,
    })
    await this.senders.start()
  }

  /** As if another process had written everything so far. */
  moveAllToSlot(slot: number): void {
    for (const table of ['events', 'sender_positions', 'missed_rooms', 'outbound_transactions', 'outbound_edus']) {
      this.#connection.exec(`UPDATE ${table} SET slot = ${slot}`)
    }
    this.#connection.exec(`UPDATE missed_rooms SET writer = ${slot}; INSERT INTO slots VALUES (${slot}, 1, 1000, '', '', '', 0)`)
  }

  /** A room with servers in it. */
  room(room: number, servers: readonly string[]): void {
    this.#rooms.set(room, { pos: this.#rooms.get(room)?.pos ?? 0, servers: new Set(servers) })
  }

  /** An event that went to nobody when it was sent goes to these servers, who came into the room. */
  async sendLate(room: number, event: StoredEvent, servers: readonly string[]): Promise<void> {
    const rows: Rows[] = [{ write: markPassedOn, rows: [[room, event.event, 1]] }]
    const roomId = event.pdu.roomId
    const position = this.db.nextPosition()
    const departures = [{ event, servers, late: true }]
    const announcement: RoomAnnouncement = {
      kind: 'room',
      room,
      roomId,
      slot: this.db.slot,
      position,
      events: [],
      memberships: [],
      departures,
    }
    await this.db.commit({ rows, announcements: [announcement] })
  }

  /** One of our users sends an event, which goes to `servers`, or to all of the room. */
  async post(room: number, label: string, servers?: readonly string[]): Promise<StoredEvent> {
    const known = this.#rooms.get(room)
    assert.ok(known !== undefined)
    known.pos += 1
    const { pos } = known
    const event = (this.#events += 1)
    const to = servers ?? [...known.servers]
    const eventId = parseEventId(`$${'e'.repeat(42)}${event % 10}`)
    const roomId = parseRoomId(`!room${room}:here.test`)
    const rules = roomRules('10')
    assert.ok(eventId !== undefined && roomId !== undefined && rules !== undefined)
    const json = `{"auth_events":[],"content":{"label":"${label}"},"depth":1,"hashes":{"sha256":"x"},"origin_server_ts":1,"prev_events":[],"room_id":"${roomId}","sender":"@a:here.test","signatures":{},"type":"m.room.message"}`
    const position = this.db.nextPosition()
    const stored: StoredEvent = {
      event,
      pdu: pduFromStored(json, rules, eventId),
      standing: 0,
      pos,
      depth: 1,
      slot: this.db.slot,
      position,
      key: 1,
      isState: false,
      sender: 1,
      stateBefore: 0,
      stateAfter: 0,
      edges: { prev: [], auth: [] },
      counts: undefined,
      origin: undefined,
      redactedBy: undefined,
      thread: undefined,
    }
    const { slot } = this.db
    const rows: Rows[] = [
      {
        write: insertEvent,
        rows: [
          [room, event, eventId, 0, 0, pos, 1, slot, position, 1, 1, 0, 1, 0, 0, new Uint8Array(), null, null, to.length > 0 ? 1 : 0, null],
        ],
      },
      { write: insertBody, rows: [[room, event, Buffer.from(json)]] },
      { write: upsertRoomServer, rows: [...known.servers].map((name) => [room, name, 1, null]) },
    ]
    const announcement: RoomAnnouncement = {
      kind: 'room',
      room,
      roomId,
      slot,
      position,
      events: [stored],
      memberships: [],
      departures: [{ event: stored, servers: to }],
    }
    this.commits += 1
    await this.db.commit({ rows, announcements: [announcement] })
    return stored
  }

  async store(edus: readonly StoredEdu[]): Promise<void> {
    const { rows, announcements } = this.outbox.unit(this.db.nextPosition(), edus)
    await this.db.commit({ rows, announcements })
  }

  /** Let what is due run until nothing moves, without time passing. */
  async calm(): Promise<void> {
    for (let quiet = 0, before = -1; quiet < 5;) {
      this.clock.advance(0)
      await new Promise((resolve) => setImmediate(resolve))
      await new Promise((resolve) => setImmediate(resolve))
      const now = this.peers.attempts
      quiet = now === before ? quiet + 1 : 0
      before = now
    }
  }

  /** Let time pass in steps, as long as they take effect. */
  async pass(ms: number, step = Math.min(ms, 1_000)): Promise<void> {
    for (let left = ms; left > 0; left -= step) {
      this.clock.advance(Math.min(step, left))
      await this.calm()
    }
  }

  async count(table: 'missed_rooms' | 'outbound_transactions' | 'outbound_edus' | 'destinations'): Promise<number> {
    const queries = {
      missed_rooms: sql<{ n: number }>('t')`SELECT count(*) AS n FROM missed_rooms`,
      outbound_transactions: sql<{ n: number }>('t')`SELECT count(*) AS n FROM outbound_transactions`,
      outbound_edus: sql<{ n: number }>('t')`SELECT count(*) AS n FROM outbound_edus`,
      destinations: sql<{ n: number }>('t')`SELECT count(*) AS n FROM destinations`,
    }
    return (await this.db.first(queries[table]))?.n ?? -1
  }
}
