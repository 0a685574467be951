import { parseRoomId, type EventId, type RoomId, type ServerName } from '@causeway/events'
import { limits } from '../../limits.ts'
import type { Logger } from '../../platform/logger.ts'
import { partialRooms } from '../../storage/tables/partial-joins.ts'
import type { RoomView } from '../engine/room-view.ts'
import type { EventNumber, KeyNumber } from '../engine/state-vector.ts'
import type { RoomPeers } from '../inbound/room-peers.ts'
import { writeAbsent } from './absent-members.ts'
import { completeRoom, type CompletionPorts, type GivenStates, type MissingStates } from './complete-room.ts'
import { UnverifiedStates } from './unverified-states.ts'
import { fetchFullState, type FullState } from './full-state.ts'

interface Ports extends CompletionPorts {
  readonly peers: RoomPeers
  readonly log: Logger
  /** May this process write rooms of this shard? */
  readonly owns: (shard: number) => boolean
  /** Calls its listener with each server that has told its keys. */
  readonly onKeysTold: (listener: (server: ServerName) => void) => void
}

/** Attempts at the state at a gap, before the room goes on without it: it is one of many, and its servers may be gone. */
const gapAttemptsMax = 3
/** Attempts at a state of which something cannot be verified for now, before it is taken without: in most rooms there is a server that is gone for good. */
const unverifiedAttemptsMax = 3

/**
 * Fetches the rest of the state of rooms that we have joined fast (MSC3706), one run a room, in the process that owns it:
 * from the server that let us in, else from the others, until it is here. What was fetched is kept over a restart.
 */
export class Resyncs {
  readonly #ports: Ports
  readonly #running = new Map<RoomId, Promise<void>>()
  readonly #stop = new AbortController()
  readonly #unverified: UnverifiedStates

  constructor(ports: Ports) {
    this.#ports = ports
    this.#unverified = new UnverifiedStates(ports, (roomId) => {
      void (this.#running.get(roomId) ?? Promise.resolve()).then(() => this.begin(roomId))
    })
  }

  /** Take up what earlier owners of these shards left. */
  async start(shards: ReadonlySet<number>): Promise<void> {
    for (const { room_id: text } of await partialRooms(this.#ports.engine.ports.db)) {
      const roomId = parseRoomId(text)
      const view = roomId === undefined ? undefined : await this.#ports.engine.view(roomId)
      if (view !== undefined && shards.has(view.shard)) this.begin(view.roomId)
    }
  }

  /** Fetch the rest of a room's state in the background, unless that is under way. */
  begin(roomId: RoomId): void {
    if (this.#stop.signal.aborted || this.#running.has(roomId)) return
    const run = this.#run(roomId)
      .catch((err: unknown) => this.#ports.log.error({ err, room: roomId }, 'the rest of the state of a room cannot be fetched'))
      .finally(() => this.#running.delete(roomId))
    this.#running.set(roomId, run)
  }

  /** Begin nothing more. What waits for another server is left to end by itself. */
  stop(): void {
    this.#stop.abort()
    this.#unverified.stop()
  }

  /** Resolves when no room's state is being fetched. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.values())
  }

  async #run(roomId: RoomId): Promise<void> {
    const { engine, log, owns } = this.#ports
    const given = new Map<EventId, FullState | 'unknown'>()
    const attempts = new Map<EventId, number>()
    const ahead = new Map<KeyNumber, EventNumber>()
    for (let failures = 0; !this.#stop.signal.aborted;) {
      const view = await engine.view(roomId)
      const incomplete = view?.partial ?? view?.unverified
      if (view === undefined || incomplete === undefined || !owns(view.shard)) return this.#unverified.forget(roomId)
      const started = engine.ports.clock.monotonic()
      const missing = await this.#complete(roomId, given, ahead)
      if (missing?.size === 0) {
        log.info({ room: roomId, ms: Math.round(engine.ports.clock.monotonic() - started) }, 'the whole state of a room is here')
        return this.#ended(roomId, given)
      }
      if (missing !== undefined && (await this.#gains(view, missing, given, attempts))) {
        failures = 0
        continue
      }
      failures += 1
      if (view.partial === undefined && failures >= gapAttemptsMax) return this.#unverified.wait(roomId, [])
      log.warn({ room: roomId, failures }, 'no server gave the rest of the state of a room yet')
      await engine.ports.clock.sleep(Math.min(limits.resyncRetryMsMax, limits.resyncRetryMsMin * 2 ** (failures - 1)), this.#stop.signal)
    }
  }

  #ended(roomId: RoomId, given: GivenStates): void {
    const awaits = [...given.values()].flatMap((full) => (full === 'unknown' ? [] : full.awaits))
    const keys = new Map(awaits.map((key) => [`${key.server} ${key.keyId}`, key]))
    if (keys.size > 0) this.#unverified.wait(roomId, [...keys.values()])
    else this.#unverified.forget(roomId)
  }

  /** The events whose state is still missing, none when the room is complete; absent when it could not be written. */
  async #complete(roomId: RoomId, given: GivenStates, ahead: Map<KeyNumber, EventNumber>): Promise<MissingStates | undefined> {
    try {
      for (const full of given.values()) if (full !== 'unknown') await writeAbsent(this.#ports.engine, roomId, full, ahead)
      return (await this.#ports.engine.run(roomId, (held) => completeRoom(this.#ports, held, given, ahead))).missing
    } catch (err) {
      this.#ports.log.error({ err, room: roomId }, 'the state of a room could not be put together')
      return undefined
    }
  }

  /** While the database is away nothing can be kept: that is a failed attempt like any other. */
  async #gains(
    view: RoomView,
    missing: MissingStates,
    given: Map<EventId, FullState | 'unknown'>,
    attempts: Map<EventId, number>,
  ): Promise<boolean> {
    try {
      return await this.#fetchAll(view, missing, given, attempts)
    } catch (err) {
      this.#ports.log.error({ err, room: view.roomId }, 'what was fetched of the state of a room could not be kept')
      return false
    }
  }

  /** False when nothing was gained. */
  async #fetchAll(
    view: RoomView,
    missing: MissingStates,
    given: Map<EventId, FullState | 'unknown'>,
    attempts: Map<EventId, number>,
  ): Promise<boolean> {
    const before = given.size
    for (const [id, { followers, needed }] of missing) {
      if (this.#stop.signal.aborted) return false
      const full = await this.#fetch(view, id, needed ? [] : followers)
      const tries = (attempts.get(id) ?? 0) + 1
      attempts.set(id, tries)
      // A state that was taken so before is looked at only when a server has told its keys.
      const enough = full?.awaits.length === 0 || tries >= unverifiedAttemptsMax || view.unverified !== undefined
      if (full !== undefined && enough) {
        const { length } = full.awaits
        if (length > 0) this.#ports.log.warn({ room: view.roomId, event: id }, 'a state is taken without what cannot be verified')
        given.set(id, full)
      } else if (full === undefined && !needed && tries >= gapAttemptsMax) given.set(id, 'unknown')
    }
    return given.size > before
  }

  /** The state after an event. A server whose own history begins with one that follows it knows the state before that one instead. */
  async #fetch(view: RoomView, id: EventId, followers: readonly EventId[]): Promise<FullState | undefined> {
    for (const server of this.#servers(view)) {
      if (this.#stop.signal.aborted) return undefined
      const full = await fetchFullState(this.#ports, view.roomId, server, id)
      if (full !== undefined) return full
      for (const follower of followers.slice(0, limits.gapFollowersMax)) {
        const before = await fetchFullState(this.#ports, view.roomId, server, follower, 'before')
        if (before !== undefined) return before
      }
      this.#ports.log.info({ room: view.roomId, server, event: id }, 'a server did not give the state of a room')
    }
    return undefined
  }

  /** Whoever let us in first, the latest of them first of all. */
  #servers(view: RoomView): ServerName[] {
    const through = (view.partial ?? view.unverified)?.joins.map((join) => join.through).toReversed() ?? []
    const servers = new Set([...through, ...view.servers.keys(), ...(view.partial?.listed ?? []), ...this.#unverified.awaited(view.roomId)])
    servers.delete(this.#ports.engine.ports.serverName)
    return [...servers].slice(0, limits.resyncServersMax)
  }
}
