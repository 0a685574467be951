import type { MissingKey, RoomId, ServerName } from '@causeway/events'
import { limits } from '../../limits.ts'
import type { Cancel } from '../../platform/clock.ts'
import type { Logger } from '../../platform/logger.ts'
import { removePartialJoins, settleProvisional, writeStatePartial } from '../../storage/tables/partial-joins.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import { RoomUnit } from '../engine/room-unit.ts'
import type { RoomPeers } from '../inbound/room-peers.ts'

interface Ports {
  readonly engine: RoomEngine
  readonly peers: RoomPeers
  readonly log: Logger
  readonly owns: (shard: number) => boolean
  /** Calls its listener with each server that has told its keys. */
  readonly onKeysTold: (listener: (server: ServerName) => void) => void
}

interface Wait {
  keys: readonly MissingKey[]
  /** When the room is given up, in monotonic milliseconds. */
  readonly until: number
  /** Milliseconds until the keys are asked for again. */
  pause: number
  /** Absent while the state is being fetched. */
  retry: Cancel | undefined
}

/**
 * Rooms whose state was taken without what could not be verified: their missing keys are asked for now and then, for an hour. When a
 * server tells its keys the state is fetched again; what has come in since is judged again by it.
 */
export class UnverifiedStates {
  readonly #ports: Ports
  readonly #again: (roomId: RoomId) => void
  readonly #rooms = new Map<RoomId, Wait>()

  /** `again`: fetch the state of a room once more. */
  constructor(ports: Ports, again: (roomId: RoomId) => void) {
    this.#ports = ports
    this.#again = again
    ports.onKeysTold((server) => {
      for (const [roomId, wait] of this.#rooms) if (wait.keys.some((key) => key.server === server)) this.#take(roomId, wait)
    })
  }

  /** A room's state was taken without what these keys signed. */
  wait(roomId: RoomId, keys: readonly MissingKey[]): void {
    const { clock } = this.#ports.engine.ports
    const first = { keys, until: clock.monotonic() + limits.unverifiedStateMs, pause: limits.resyncRetryMsMin, retry: undefined }
    const wait: Wait = this.#rooms.get(roomId) ?? first
    this.#rooms.set(roomId, wait)
    wait.keys = keys
    wait.retry?.()
    this.#plan(roomId, wait)
  }

  /** The servers whose keys a room's state waits for. */
  awaited(roomId: RoomId): readonly ServerName[] {
    return this.#rooms.get(roomId)?.keys.map(({ server }) => server) ?? []
  }

  /** A room's state is whole, or not ours to care for. */
  forget(roomId: RoomId): void {
    this.#rooms.get(roomId)?.retry?.()
    this.#rooms.delete(roomId)
  }

  stop(): void {
    for (const { retry } of this.#rooms.values()) retry?.()
    this.#rooms.clear()
  }

  #plan(roomId: RoomId, wait: Wait): void {
    wait.retry = this.#ports.engine.ports.clock.schedule(wait.pause, () => {
      wait.pause = Math.min(wait.pause * 2, limits.resyncRetryMsMax)
      this.#ask(roomId, wait).catch((err: unknown) => this.#ports.log.error({ err, room: roomId }, 'a state could not be verified again'))
    })
  }

  async #ask(roomId: RoomId, wait: Wait): Promise<void> {
    const { engine, peers, owns } = this.#ports
    const view = await engine.view(roomId)
    if (view === undefined || !owns(view.shard)) return this.forget(roomId)
    if (engine.ports.clock.monotonic() >= wait.until) return this.#giveUp(roomId)
    await peers.ensureKeys(wait.keys)
    if (wait.keys.some(({ server, keyId }) => peers.findKey(server, keyId, 0) !== undefined)) this.#take(roomId, wait)
    else if (this.#rooms.get(roomId) === wait && wait.retry !== undefined) this.#plan(roomId, wait)
  }

  #take(roomId: RoomId, wait: Wait): void {
    if (wait.retry === undefined) return
    wait.retry()
    wait.retry = undefined
    this.#again(roomId)
  }

  async #giveUp(roomId: RoomId): Promise<void> {
    const { engine, log } = this.#ports
    this.forget(roomId)
    const { committed } = await engine.run(roomId, async (view) => {
      const unit = new RoomUnit(engine.ports, view)
      if (view.unverified !== undefined) {
        view.unverified = undefined
        unit.draft.add(writeStatePartial, view.room, 2)
        unit.addStep({ query: removePartialJoins(view.room) })
        unit.addStep({ query: settleProvisional(view.room) })
        log.warn({ room: roomId }, 'the state of a room stays without what cannot be verified')
      }
      const commit = unit.commit()
      engine.holdUntil(view, commit)
      return { committed: commit }
    })
    await committed
  }
}
