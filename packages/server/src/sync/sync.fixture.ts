import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import {
  parseKeyId,
  parseRoomId,
  parseServerName,
  parseUserId,
  signingKeyFromSeed,
  type EventId,
  type JsonObject,
  type RoomId,
  type UserId,
} from '@causeway/events'
import { assert } from '../assert.ts'
import { HandClock } from '../http/edge.fixture.ts'
import { WaitingRoom } from '../http/waiting-room.ts'
import { realRandom } from '../platform/random.ts'
import { changeMembership, type MembershipCommand } from '../rooms/commands/change-membership.ts'
import { createRoom, type CreateRoomCommand } from '../rooms/commands/create-room.ts'
import { sendEvent } from '../rooms/commands/send-event.ts'
import { addCounts } from '../rooms/engine/notification-counts.ts'
import type { PushTally } from '../rooms/engine/push-tally.ts'
import type { EnginePorts } from '../rooms/engine/engine-ports.ts'
import { RoomEngine } from '../rooms/engine/room-engine.ts'
import { TransactionMemory } from '../rooms/engine/transaction-memory.ts'
import type { Reading } from '../rooms/history/client-event.ts'
import type { RulesSource } from '../rooms/push/push-audience.ts'
import { PushAudiences } from '../rooms/push/push-audiences.ts'
import { openSqlite } from '../storage/sqlite/open-sqlite.ts'
import { insertPushAction } from '../storage/tables/push-actions.ts'
import { AccountData } from '../users/account-data/account-data.ts'
import { AccountDataEvents } from '../users/account-data/account-data-events.ts'
import { PushRules } from '../users/push-rules/push-rules.ts'
import { composeReading, type ReadingLayer, type ReadingLayerPorts } from './reading-layer.fixture.ts'
import { noFilter, parseSyncFilter } from './sync-filter.ts'
import type { SyncRequest } from './sync.ts'

/** A user id of the test's server. */
export function user(name: string, server = 'here'): UserId {
  const id = parseUserId(`@${name}:${server}`)
  assert(id !== undefined, 'a user id of a test is valid')
  return id
}

export const alice = user('alice')
export const bob = user('bob')

/** How a test asks for /sync. */
export interface AskOptions {
  readonly since?: string
  readonly filter?: object
  readonly timeoutMs?: number
  readonly fullState?: boolean
  readonly stateAfter?: boolean
  readonly signal?: AbortSignal
}

const worlds = new WeakMap<TestContext, World[]>()

/** What a test does otherwise; `rules`: the users' push rules, instead of one rule for all. */
export type WorldOptions = Partial<ReadingLayerPorts> & { readonly rules?: RulesSource }

/** Rooms and /sync on a real SQLite file. */
export class World {
  readonly clock = new HandClock()
  readonly waiting = new WaitingRoom(100)
  readonly layer: ReadingLayer
  readonly engine: RoomEngine
  readonly ports: ReadingLayerPorts
  readonly #transactions: TransactionMemory
  #rooms = 0
  #sent = 0

  private constructor(ports: Omit<ReadingLayerPorts, 'clock' | 'engine'>, overrides: WorldOptions) {
    const { db } = ports
    const serverName = parseServerName('here')
    const keyId = parseKeyId('ed25519:a')
    assert(serverName !== undefined && keyId !== undefined, 'names of a test are valid')
    const signer = { serverName, key: signingKeyFromSeed(keyId, new Uint8Array(32).fill(7)) }
    const audience = { tally }
    const audiences = overrides.rules === undefined ? undefined : new PushAudiences(db, overrides.rules)
    const audienceOf: EnginePorts['audienceOf'] = async (view, thread) => (audiences === undefined ? audience : audiences.of(view, thread))
    this.engine = new RoomEngine(
      {
        db,
        serverName,
        signer,
        clock: this.clock,
        random: realRandom(),
        erased: { ready: async () => undefined, has: () => false },
        onStateReset: () => {},
        audienceOf,
      },
      1e8,
    )
    this.#transactions = new TransactionMemory(db)
    this.ports = { ...ports, engine: this.engine, clock: this.clock, ...overrides }
    this.layer = composeReading(this.ports)
  }

  /** A world of its own, or with `folder` one that finds the rooms of an earlier one. */
  static async open(t: TestContext, overrides: WorldOptions = {}, folder = mkdtempSync(join(tmpdir(), 'causeway-'))): Promise<World> {
    const db = await openSqlite({ path: join(folder, 'a.db'), soon: (run) => void setImmediate(run) })
    const accountData = new AccountData({ db })
    const pushRules = new PushRules({ db, clock: new HandClock(), accountData, legacyMentions: false })
    const world = new World(
      {
        db,
        epoch: 1,
        accountData,
        accountDataEvents: new AccountDataEvents({ db, accountData, pushRules }),
        filters: { find: async () => undefined },
        backfill: async () => false,
        broadcastTyping: () => {},
        federateReceipt: () => {},
        extensions: [],
      },
      overrides,
    )
    let open = true
    world.close = async () => {
      if (open) await db.close()
      open = false
      return folder
    }
    if (!worlds.has(t)) {
      worlds.set(t, [])
      // One hook for all worlds of the test: a folder goes when the last one in it is closed.
      t.after(async () => {
        const folders = await Promise.all((worlds.get(t) ?? []).map((other) => other.close()))
        for (const each of folders) rmSync(each, { recursive: true, force: true })
      })
    }
    worlds.get(t)?.push(world)
    return world
  }

  /** Close the database; gives its folder. */
  close: () => Promise<string> = () => Promise.resolve('')

  async room(creator: UserId, plan: Partial<CreateRoomCommand> = {}): Promise<RoomId> {
    this.#rooms += 1
    const command: CreateRoomCommand = {
      creator,
      roomVersion: '11',
      creationContent: {},
      alias: undefined,
      published: false,
      preset: 'public_chat',
      powerLevelOverride: undefined,
      initialState: [],
      name: undefined,
      topic: undefined,
      invite: [],
      isDirect: false,
      creatorProfile: {},
      additionalCreators: [],
      localInvites: [],
      ...plan,
    }
    return createRoom(this.engine, 32 * this.#rooms, command)
  }

  say(roomId: RoomId, sender: UserId, body: string, more: JsonObject = {}): Promise<EventId> {
    return this.send(roomId, sender, 'm.room.message', { body, msgtype: 'm.text', ...more })
  }

  send(roomId: RoomId, sender: UserId, type: string, content: JsonObject, stateKey?: string): Promise<EventId> {
    this.#sent += 1
    const txnId = `t${this.#sent}`
    const transaction = { key: { session: sessionOf(sender), operation: 'send', parts: [roomId, type, txnId] }, txnId }
    return sendEvent(this.engine, this.#transactions, {
      roomId,
      sender,
      type,
      content,
      ...(stateKey === undefined ? { transaction } : { stateKey }),
    })
  }

  redact(roomId: RoomId, sender: UserId, redacts: EventId): Promise<EventId> {
    return sendEvent(this.engine, this.#transactions, { roomId, sender, type: 'm.room.redaction', content: { redacts }, redacts })
  }

  member(roomId: RoomId, target: UserId, action: MembershipCommand['action'], sender = target): Promise<EventId> {
    return changeMembership(this.engine, { roomId, sender, target, action })
  }

  /** Ask for /sync; the answer as a client reads it. */
  async sync(userId: UserId, options: AskOptions = {}): Promise<SyncJson> {
    return new SyncJson(JSON.parse(await this.layer.sync.answer(this.request(userId, options))))
  }

  request(userId: UserId, options: AskOptions = {}): SyncRequest {
    return {
      caller: { userId, deviceId: 'D', sessionId: sessionOf(userId) },
      since: options.since,
      filter: options.filter === undefined ? noFilter : parseSyncFilter(JSON.stringify(options.filter)),
      timeoutMs: options.timeoutMs ?? 0,
      fullState: options.fullState ?? false,
      stateAfter: options.stateAfter === true ? 'state_after' : undefined,
      waiting: this.waiting,
      signal: () => options.signal ?? new AbortController().signal,
    }
  }

  reading(userId: UserId): Reading {
    return { now: this.clock.now(), sessionId: sessionOf(userId), format: 'client' }
  }
}

/** Each user has one session. */
export function sessionOf(userId: UserId): number {
  return userId.charCodeAt(1)
}

/** Messages notify everybody (class 1); a text that names bob highlights him. */
function tally(
  view: { readonly counts: Uint8Array | undefined },
  pdu: { readonly type: string; readonly content: JsonObject },
  thread: EventId | undefined,
): PushTally {
  if (pdu.type !== 'm.room.message') return { counts: view.counts, actions: [] }
  const named = String(pdu.content['body']).includes('bob')
  return {
    counts: addCounts(view.counts, { notified: [1], rows: named ? 1 : 0, inThread: thread !== undefined }),
    actions: named ? [{ write: insertPushAction, values: (room, pos) => [room, bob, pos, thread ?? '', 0, 1] }] : [],
  }
}

/** An event as a test looks at it. */
export interface EventJson {
  readonly type: string
  readonly event_id: string
  readonly sender: string
  readonly state_key?: string
  readonly content: Record<string, unknown>
  readonly unsigned: Record<string, unknown>
}

interface EventsJson {
  readonly events: readonly EventJson[]
}

/** A room's part of an answer. */
export interface RoomJson {
  readonly timeline: EventsJson & { readonly limited: boolean; readonly prev_batch: string }
  readonly state?: EventsJson
  readonly state_after?: EventsJson
  readonly ephemeral?: EventsJson
  readonly account_data?: EventsJson
  readonly invite_state?: EventsJson
  readonly unread_thread_notifications?: Record<string, { readonly notification_count: number; readonly highlight_count: number }>
  readonly unread_notifications?: { readonly notification_count: number; readonly highlight_count: number }
  readonly summary?: Record<string, unknown>
}

type Section = 'join' | 'invite' | 'leave' | 'knock'

/** An answer of /sync. */
export class SyncJson {
  readonly next: string
  readonly json: { readonly rooms?: Partial<Record<Section, Record<string, RoomJson>>>; readonly account_data?: EventsJson }

  constructor(json: SyncJson['json'] & { readonly next_batch: string }) {
    this.next = json.next_batch
    this.json = json
  }

  room(section: Section, roomId: RoomId): RoomJson | undefined {
    return this.json.rooms?.[section]?.[roomId]
  }

  joined(roomId: RoomId): RoomJson {
    const room = this.room('join', roomId)
    assert(room !== undefined, 'the room is in the answer')
    return room
  }
}

/** Short names of events: bodies of messages, types (and state keys) of others. */
export function names(events: readonly EventJson[] | undefined): string[] {
  return (events ?? []).map(({ type, content, state_key: key }) => {
    if (type === 'm.room.message') return String(content['body'])
    return key === undefined || key === ''
      ? type.replace('m.room.', '')
      : `${type.replace('m.room.', '')} ${key} ${String(content['membership'])}`
  })
}

/** A room id of a test. */
export function roomIdOf(text: string): RoomId {
  const id = parseRoomId(text)
  assert(id !== undefined, 'a room id of a test is valid')
  return id
}
