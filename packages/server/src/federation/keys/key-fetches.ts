import type { JsonObject, ServerName } from '@causeway/events'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/logger.ts'
import { keyFailureMsMax, keyFailureMsMin, keyFetchesMax, keyFetchesWaitingMax, keyRefetchMs, keyServersInMemoryMax } from '../limits.ts'
import { Turns } from '../turns.ts'
import { readKeyAnswer, type KnownKey } from './key-answer.ts'

/** What a server said of its keys, checked. */
export interface FetchedKeys {
  readonly answer: JsonObject
  readonly keys: readonly KnownKey[]
  readonly validUntil: number
  /** Has it been written? Several may wait for one fetch. */
  stored: boolean
}

interface Ports {
  readonly clock: Clock
  readonly log: Logger
  readonly fetchKeys: (server: ServerName) => Promise<JsonObject | undefined>
}

/** What came of the last fetch from a server. Times are monotonic milliseconds. */
interface Asked {
  readonly at: number
  /** When it may be asked again. */
  readonly notBefore: number
  /** In a row. */
  readonly failures: number
}

/**
 * Fetches of keys from their servers: one at a time for each, few at a time in all, and not again too soon, whether the
 * server answered or not.
 */
export class KeyFetches {
  readonly #ports: Ports
  readonly #turns = new Turns(keyFetchesMax, keyFetchesWaitingMax)
  readonly #running = new Map<ServerName, Promise<FetchedKeys | undefined>>()
  readonly #asked = new LRUCache<ServerName, Asked>({ max: keyServersInMemoryMax })

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /**
   * Would `fetch` ask the server now? `named`: somebody speaks in its name, so that it may be back: a server that failed for long
   * is asked again then, though not sooner than after an answer.
   */
  mayFetch(server: ServerName, named = false): boolean {
    if (this.#running.has(server)) return false
    const asked = this.#asked.get(server)
    const notBefore = asked === undefined ? 0 : named ? Math.min(asked.notBefore, asked.at + keyRefetchMs) : asked.notBefore
    return notBefore <= this.#ports.clock.monotonic()
  }

  /** Has the server not said anything about its keys when it was asked last, or never been asked? */
  isSilent(server: ServerName): boolean {
    return this.#asked.get(server)?.failures !== 0
  }

  /** The server's keys; absent when it does not answer well, was asked just now, or too many fetches are under way. Never rejects. */
  fetch(server: ServerName, named = false): Promise<FetchedKeys | undefined> {
    const running = this.#running.get(server)
    if (running !== undefined) return running
    if (!this.mayFetch(server, named)) return Promise.resolve(undefined)
    const fetching = this.#turns.run(() => this.#ask(server)).finally(() => this.#running.delete(server))
    this.#running.set(server, fetching)
    return fetching
  }

  async #ask(server: ServerName): Promise<FetchedKeys | undefined> {
    const { clock, log, fetchKeys } = this.#ports
    const answer = await fetchKeys(server)
    const read = answer === undefined ? undefined : readKeyAnswer(answer, server, clock.now())
    if (answer !== undefined && read?.ok === true) {
      this.#asked.set(server, { at: clock.monotonic(), notBefore: clock.monotonic() + keyRefetchMs, failures: 0 })
      return { answer, keys: read.keys, validUntil: read.validUntil, stored: false }
    }
    if (read?.ok === false) log.info({ server, why: read.why }, 'a server gave no valid answer about its keys')
    const failures = (this.#asked.get(server)?.failures ?? 0) + 1
    const ms = Math.min(keyFailureMsMax, keyFailureMsMin * 2 ** Math.min(failures - 1, 20))
    this.#asked.set(server, { at: clock.monotonic(), notBefore: clock.monotonic() + ms, failures })
    return undefined
  }
}
