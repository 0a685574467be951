import { isJsonObject, parseJson, parseServerName, splitServerName, type ServerName } from '@causeway/events'
import { LRUCache } from 'lru-cache'
import type { OutboundClient, OutboundResult, ResponseHeaders } from '../../http/outbound/outbound-client.ts'
import type { Clock } from '../../platform/clock.ts'
import {
  knownDelegationsMax,
  wellKnownBytesMax,
  wellKnownFailureMsMax,
  wellKnownFailureMsMin,
  wellKnownKeptMsMax,
  wellKnownKeptMsMin,
  wellKnownMsDefault,
  wellKnownMsMax,
  wellKnownRedirectsMax,
} from '../limits.ts'
import { parseHttpDate } from './http-date.ts'

/** What is remembered of a host's file; all times are monotonic milliseconds. */
interface Remembered {
  readonly delegate: ServerName | undefined
  readonly until: number
  readonly failures: number
  /** Until when an earlier good answer stands in for failures of the network. */
  readonly trustedUntil: number
}

interface Ports {
  readonly outbound: Pick<OutboundClient, 'request'>
  readonly clock: Clock
}

/**
 * Who answers for a host by its /.well-known/matrix/server, remembered as its headers say. Each host is asked once at a time.
 * Server-Server API, "Resolving server names" (step 3).
 */
export class WellKnown {
  readonly #ports: Ports
  readonly #known = new LRUCache<string, Remembered>({ max: knownDelegationsMax })
  readonly #asking = new Map<string, Promise<ServerName | undefined>>()

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** The name that a host delegates to; absent when it has no valid file. Never rejects. */
  delegate(host: string): Promise<ServerName | undefined> {
    const known = this.#known.get(host)
    if (known !== undefined && known.until > this.#ports.clock.monotonic()) return Promise.resolve(known.delegate)
    const running = this.#asking.get(host)
    if (running !== undefined) return running
    const asking = this.#ask(host).finally(() => this.#asking.delete(host))
    this.#asking.set(host, asking)
    return asking
  }

  /** The host could not be reached where it was thought to be: look again, unless that was done just now. */
  doubt(host: string): void {
    const known = this.#known.get(host)
    const now = this.#ports.clock.monotonic()
    if (known === undefined || known.until <= now + wellKnownFailureMsMin) return
    this.#known.set(host, { ...known, until: now + wellKnownFailureMsMin })
  }

  async #ask(host: string): Promise<ServerName | undefined> {
    const result = await this.#ports.outbound.request({
      target: { scheme: 'https', addresses: [{ host, port: 443 }], certificateName: host, hostHeader: host },
      method: 'GET',
      path: '/.well-known/matrix/server',
      deadlineMs: wellKnownMsMax,
      responseBytesMax: wellKnownBytesMax,
      redirectsMax: wellKnownRedirectsMax,
    })
    const { clock } = this.#ports
    const now = clock.monotonic()
    const delegate = result.ok && result.status === 200 ? delegateIn(result.body) : undefined
    if (result.ok && delegate !== undefined) {
      const ms = keptMs(result.headers, clock.now())
      this.#known.set(host, { delegate, until: now + ms, failures: 0, trustedUntil: now + Math.max(ms, wellKnownKeptMsMax) })
      return delegate
    }
    const before = this.#known.get(host)
    const failures = (before?.failures ?? 0) + 1
    const stands = before?.delegate !== undefined && isPassing(result) && before.trustedUntil > now
    const kept = stands ? before.delegate : undefined
    const ms = Math.min(wellKnownFailureMsMax, wellKnownFailureMsMin * 2 ** Math.min(failures - 1, 10))
    this.#known.set(host, { delegate: kept, until: now + ms, failures, trustedUntil: before?.trustedUntil ?? 0 })
    return kept
  }
}

/** Is this a failure that says nothing about the file itself? */
function isPassing(result: OutboundResult): boolean {
  return result.ok ? result.status >= 500 || result.status === 429 : result.fault !== 'too-large' && result.fault !== 'blocked'
}

function delegateIn(body: Uint8Array): ServerName | undefined {
  const parsed = parseJson(body, { bytesMax: wellKnownBytesMax })
  const name = parsed.ok && isJsonObject(parsed.value) ? parsed.value['m.server'] : undefined
  const delegate = typeof name === 'string' ? parseServerName(name) : undefined
  return delegate === undefined || (splitServerName(delegate).port ?? 1) > 65_535 ? undefined : delegate
}

/** Milliseconds that an answer may be kept, by its headers and within our bounds. */
function keptMs(headers: ResponseHeaders, now: number): number {
  return Math.min(wellKnownKeptMsMax, Math.max(wellKnownKeptMsMin, lifetimeMs(headers, now)))
}

function lifetimeMs(headers: ResponseHeaders, now: number): number {
  const control = [headers['cache-control'] ?? []].flat().join(',').toLowerCase()
  const directives = control.split(',').map((directive) => directive.trim())
  if (directives.some((directive) => directive === 'no-store' || directive === 'no-cache')) return 0
  const age = directives.find((directive) => /^max-age="?\d{1,12}"?$/.test(directive))
  if (age !== undefined) return Number(age.replace(/[^\d]/g, '')) * 1000
  const { expires } = headers
  if (typeof expires !== 'string') return wellKnownMsDefault
  // A date that can't be read means "already expired" (RFC 9111, section 5.3).
  const at = parseHttpDate(expires)
  return at === undefined ? 0 : at - now
}
