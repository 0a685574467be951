import type { RoomId, ServerName } from '@causeway/events'
import { limits } from '../../limits.ts'
import type { Clock } from '../../platform/clock.ts'
import { RecentMap } from '../engine/recent-map.ts'

/**
 * Whose turn it is to ask a server for a room's missing past: one question at a time of each (room, server), so that a
 * thousand events with unknown ancestors are no storm on anybody. A server that left gaps open several times in a row is not
 * asked for a while; what it sends stays undecided meanwhile.
 */
export class GapTurns {
  readonly #clock: Clock
  readonly #tails = new Map<string, Promise<void>>()
  readonly #failures: RecentMap<string, { count: number; until: number }>

  constructor(clock: Clock) {
    this.#clock = clock
    this.#failures = new RecentMap(limits.gapFailuresKept)
  }

  /** Run `ask` after all earlier ones for the same room and server; absent if the server is being let alone. */
  async take<T>(roomId: RoomId, server: ServerName, ask: () => Promise<T>): Promise<T | undefined> {
    const key = `${roomId} ${server}`
    const before = this.#tails.get(key) ?? Promise.resolve()
    const run = before.then(async () => (this.#rests(key) ? undefined : ask()))
    const tail = run.then(nothing, nothing)
    this.#tails.set(key, tail)
    try {
      return await run
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key)
    }
  }

  /** Did what the server gave close the gap? */
  note(roomId: RoomId, server: ServerName, closed: boolean): void {
    const key = `${roomId} ${server}`
    if (closed) return this.#failures.delete(key)
    const count = (this.#failures.get(key)?.count ?? 0) + 1
    const until = count < limits.gapFailuresMax ? 0 : this.#clock.monotonic() + limits.gapRestMs
    this.#failures.set(key, { count: until === 0 ? count : 0, until })
  }

  #rests(key: string): boolean {
    return (this.#failures.get(key)?.until ?? 0) > this.#clock.monotonic()
  }
}

function nothing(): void {}
