import { Resolver } from 'node:dns/promises'
import { isIP } from 'node:net'
import { LRUCache } from 'lru-cache'
import type { Clock } from './clock.ts'
import {
  absentNameMs,
  addressesPerNameMax,
  nameMsMax,
  nameMsMin,
  nameQuestionMs,
  nameQuestionTries,
  rememberedNamesMax,
  serviceMs,
} from './limits.ts'

/** One target of a service (RFC 2782). */
export interface ServiceTarget {
  readonly name: string
  readonly port: number
  readonly priority: number
  readonly weight: number
}

/** Name look-ups, as a port. */
export interface Names {
  /** The addresses of a name, IPv4 first; none when it does not exist. An address is its own. Rejects when no name server answers. */
  addresses(name: string): Promise<readonly string[]>
  /** The targets of a service such as `_matrix-fed._tcp.example.org`, lowest priority first; none when there are none. */
  services(name: string): Promise<readonly ServiceTarget[]>
}

interface Remembered<T> {
  readonly value: T
  readonly until: number
}

/** How long something may be remembered (ms), with it. */
interface Found<T> {
  readonly value: T
  readonly ms: number
}

/**
 * Names asked of the system's name servers, with a memory of our own. Not `dns.lookup`: it shares four threads with
 * everything else that blocks. `hosts` goes before the name servers.
 */
export class RealNames implements Names {
  readonly #clock: Clock
  readonly #hosts: ReadonlyMap<string, readonly string[]>
  readonly #resolver = new Resolver({ timeout: nameQuestionMs, tries: nameQuestionTries })
  readonly #addresses = new Memory<readonly string[]>()
  readonly #services = new Memory<readonly ServiceTarget[]>()

  constructor(clock: Clock, hosts: ReadonlyMap<string, readonly string[]>) {
    this.#clock = clock
    this.#hosts = hosts
  }

  async addresses(name: string): Promise<readonly string[]> {
    if (isIP(name) !== 0) return [name]
    const key = name.toLowerCase()
    const fixed = this.#hosts.get(key)
    if (fixed !== undefined) return fixed
    // RFC 6761: `localhost` is the loopback address and is never asked for.
    if (key === 'localhost' || key.endsWith('.localhost')) return ['127.0.0.1', '::1']
    return this.#addresses.get(key, this.#clock.monotonic(), () => this.#askAddresses(key))
  }

  services(name: string): Promise<readonly ServiceTarget[]> {
    const key = name.toLowerCase()
    return this.#services.get(key, this.#clock.monotonic(), () => this.#askServices(key))
  }

  async #askAddresses(name: string): Promise<Found<readonly string[]>> {
    const [four, six] = await Promise.allSettled([
      this.#resolver.resolve4(name, { ttl: true }).catch(noneIfAbsent),
      this.#resolver.resolve6(name, { ttl: true }).catch(noneIfAbsent),
    ])
    const records = [four, six].flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
    // One family's failure does not matter while the other has addresses.
    for (const answer of [four, six]) if (records.length === 0 && answer.status === 'rejected') throw answer.reason
    if (records.length === 0) return { value: [], ms: absentNameMs }
    const ttlMs = Math.min(...records.map(({ ttl }) => ttl)) * 1000
    const value = records.slice(0, addressesPerNameMax).map(({ address }) => address)
    return { value, ms: Math.min(nameMsMax, Math.max(nameMsMin, ttlMs)) }
  }

  async #askServices(name: string): Promise<Found<readonly ServiceTarget[]>> {
    const targets = await this.#resolver.resolveSrv(name).catch(noneIfAbsent)
    if (targets.length === 0) return { value: [], ms: absentNameMs }
    return { value: targets.toSorted((a, b) => a.priority - b.priority).slice(0, addressesPerNameMax), ms: serviceMs }
  }
}

/** Answers by name, and the questions on their way, so that nothing is asked twice at once. */
class Memory<T> {
  readonly #known = new LRUCache<string, Remembered<T>>({ max: rememberedNamesMax })
  readonly #asking = new Map<string, Promise<T>>()

  get(key: string, now: number, ask: () => Promise<Found<T>>): Promise<T> {
    const known = this.#known.get(key)
    if (known !== undefined && known.until > now) return Promise.resolve(known.value)
    const running = this.#asking.get(key)
    if (running !== undefined) return running
    const asking = ask()
      .then(({ value, ms }) => {
        this.#known.set(key, { value, until: now + ms })
        return value
      })
      .finally(() => this.#asking.delete(key))
    this.#asking.set(key, asking)
    return asking
  }
}

/** "There is no such name" and "it has no such record" are answers; everything else is a failure. */
function noneIfAbsent(error: unknown): [] {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOTFOUND' || code === 'ENODATA') return []
  throw error
}
