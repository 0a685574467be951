import { parseRoomId, type EventId, type RoomId, type ServerName } from '@causeway/events'
import { limits } from '../../limits.ts'
import type { Logger } from '../../platform/logger.ts'
import { partialRooms } from '../../storage/tables/partial-joins.ts'
import { loadEvents } from '../engine/load-room.ts'
import type { RoomView } from '../engine/room-view.ts'
import type { RoomPeers } from '../inbound/room-peers.ts'
import { completeRoom, type CompletionPorts, type GivenStates, type MissingStates } from './complete-room.ts'
import { fetchFullState, type FullState } from './full-state.ts'

interface Ports extends CompletionPorts {
  readonly peers: RoomPeers
  readonly log: Logger
  /** May this process write rooms of this shard? */
  readonly owns: (shard: number) => boolean
}

/** Attempts at the state at a gap, before the room goes on without it: it is one of many, and its servers may be gone. */
const gapAttemptsMax = 3
/** Attempts at a state of which something cannot be verified for now, some half a minute in all: in most rooms there is a server that is gone for good. */
const unverifiedAttemptsMax = 4

/**
 * Fetches the rest of the state of rooms that we have joined fast (MSC3706), one run a room, in the process that owns it:
 * from the server that let us in, else from the others, until it is here. What was fetched is kept over a restart.
 */
export class Resyncs {
  readonly #ports: Ports
  readonly #running = new Map<RoomId, Promise<void>>()
  readonly #stop = new AbortController()

  constructor(ports: Ports) {
    this.#ports = ports
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
  }

  /** Resolves when no room's state is being fetched. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.values())
  }

  async #run(roomId: RoomId): Promise<void> {
    const { engine, log, owns } = this.#ports
    const given = new Map<EventId, FullState | 'unknown'>()
    const attempts = new Map<EventId, number>()
    for (let failures = 0; !this.#stop.signal.aborted;) {
      const view = await engine.view(roomId)
      if (view?.partial === undefined || !owns(view.shard)) return
      const started = engine.ports.clock.monotonic()
      const missing = await this.#complete(roomId, given)
      if (missing?.size === 0) {
        log.info({ room: roomId, ms: Math.round(engine.ports.clock.monotonic() - started) }, 'the whole state of a room is here')
        return
      }
      if (missing !== undefined && (await this.#fetchAll(view, missing, given, attempts))) {
        failures = 0
        continue
      }
      failures += 1
      log.warn({ room: roomId, failures }, 'no server gave the rest of the state of a room yet')
      await engine.ports.clock.sleep(Math.min(limits.resyncRetryMsMax, limits.resyncRetryMsMin * 2 ** (failures - 1)), this.#stop.signal)
    }
  }

  /** The events whose state is still missing, none when the room is complete; absent when it could not be written. */
  async #complete(roomId: RoomId, given: GivenStates): Promise<MissingStates | undefined> {
    try {
      return (await this.#ports.engine.run(roomId, (held) => completeRoom(this.#ports, held, given))).missing
    } catch (err) {
      this.#ports.log.error({ err, room: roomId }, 'the state of a room could not be put together')
      return undefined
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
    const needed = await this.#beforeJoins(view)
    for (const [id, followers] of missing) {
      if (this.#stop.signal.aborted) return false
      const full = await this.#fetch(view, id, needed.has(id) ? [] : followers)
      const tries = (attempts.get(id) ?? 0) + 1
      attempts.set(id, tries)
      if (full !== undefined && (!full.unverified || tries >= unverifiedAttemptsMax)) {
        if (full.unverified) this.#ports.log.warn({ room: view.roomId, event: id }, 'a state is taken without what cannot be verified')
        given.set(id, full)
      } else if (full === undefined && !needed.has(id) && tries >= gapAttemptsMax) given.set(id, 'unknown')
    }
    return given.size > before
  }

  /** What our joins follow: without the state there nothing is complete. */
  async #beforeJoins(view: RoomView): Promise<ReadonlySet<EventId>> {
    const numbers = view.partial?.joins.map((join) => join.event) ?? []
    return new Set((await loadEvents(this.#ports.engine.ports.db, view, numbers)).flatMap((event) => [...event.pdu.prevEvents]))
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
    const through = view.partial?.joins.map((join) => join.through).toReversed() ?? []
    const servers = new Set([...through, ...view.servers.keys(), ...(view.partial?.listed ?? [])])
    servers.delete(this.#ports.engine.ports.serverName)
    return [...servers].slice(0, limits.resyncServersMax)
  }
}
