import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { parseUserId, type UserId } from '@causeway/events'
import { assert } from '../../assert.ts'
import { MatrixError } from '../../errors.ts'
import type { UserCaller } from '../../http/caller.ts'
import type { RequestBase } from '../../http/request.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Database } from '../../storage/database.ts'
import { findAccessToken, provePair, type TokenRow } from '../../storage/tables/sessions.ts'
import { isCallersChangedAnnouncement } from '../announcements.ts'
import { callersInMemoryMax, revalidateMs, shownTokenCharsMax } from '../limits.ts'
import { always, commitParts } from '../unit.ts'
import type { LastSeen } from './last-seen.ts'

/** A caller with what the account's standing allows. */
export interface StandingCaller extends UserCaller {
  readonly suspended: boolean
}

interface Known {
  readonly caller: StandingCaller
  readonly locked: boolean
  /** Wall-clock milliseconds; absent: never. */
  readonly expiresAt: number | undefined
  /** Monotonic milliseconds. */
  readonly revalidateAt: number
}

interface Ports {
  readonly db: Database
  readonly clock: Clock
  readonly lastSeen: LastSeen
}

/** Who shows an access token: from memory in microseconds, forgotten when a session ends or the account changes. */
export class Callers {
  readonly #ports: Ports
  /** By the token's SHA-256, a character a byte. */
  readonly #known: LRUCache<string, Known>
  /** The keys of `#known` by user. */
  readonly #ofUser = new Map<UserId, Set<string>>()
  /** Counts what is forgotten: what was read before may be outdated. */
  #forgotten = 0

  constructor(ports: Ports) {
    this.#ports = ports
    this.#known = new LRUCache({
      max: callersInMemoryMax,
      dispose: (known, key) => this.#dropKey(known.caller.userId, key),
    })
    ports.db.onCommitted((announcements) => {
      for (const announcement of announcements) if (isCallersChangedAnnouncement(announcement)) this.#forget(announcement.userId)
    })
  }

  /**
   * The holder of `token`, or why not: M_UNKNOWN_TOKEN (with `soft_logout` when it expired), M_USER_LOCKED but for logging
   * out. A suspended user is a caller: what that forbids is refused by `refuseSuspended`.
   */
  identify(token: string, request: Pick<RequestBase, 'url' | 'address'>): UserCaller | MatrixError | Promise<UserCaller | MatrixError> {
    if (token.length > shownTokenCharsMax) return unknownToken()
    const key = hash('sha256', token, 'latin1')
    const known = this.#known.get(key)
    if (known === undefined || known.revalidateAt <= this.#ports.clock.monotonic()) return this.#load(key, request)
    return this.#answer(known, request)
  }

  #answer(known: Known, request: Pick<RequestBase, 'url' | 'address'>): UserCaller | MatrixError {
    const { clock, lastSeen } = this.#ports
    const { caller, expiresAt } = known
    const now = clock.now()
    if (expiresAt !== undefined && expiresAt <= now) {
      return new MatrixError('M_UNKNOWN_TOKEN', 'the access token has expired', { extra: { soft_logout: true } })
    }
    if (known.locked && !logsOut(request.url)) {
      return new MatrixError('M_USER_LOCKED', 'this account is locked', { extra: { soft_logout: true } })
    }
    lastSeen.note(caller.userId, caller.deviceId, request.address, now)
    return caller
  }

  async #load(key: string, request: Pick<RequestBase, 'url' | 'address'>): Promise<UserCaller | MatrixError> {
    const { db, clock } = this.#ports
    const forgotten = this.#forgotten
    const row = await findAccessToken(db, Buffer.from(key, 'latin1'))
    if (row === undefined) {
      this.#known.delete(key)
      return unknownToken()
    }
    if (row.deactivated === 1) return new MatrixError('M_USER_DEACTIVATED', 'this account is deactivated')
    const known = knownFrom(row, db.dialect === 'sqlite' ? Infinity : clock.monotonic() + revalidateMs)
    const expired = known.expiresAt !== undefined && known.expiresAt <= clock.now()
    if (!expired && row.pair !== 0 && row.pair !== row.session_pair && row.parent === row.session_pair) {
      // The first use of a new pair: the refresh token that it was exchanged for is no longer needed.
      await commitParts(db, { steps: always([provePair(row.session, row.pair, row.parent)]) })
    }
    if (this.#forgotten === forgotten) this.#remember(key, known)
    return this.#answer(known, request)
  }

  #remember(key: string, known: Known): void {
    this.#known.set(key, known)
    const { userId } = known.caller
    const keys = this.#ofUser.get(userId)
    if (keys === undefined) this.#ofUser.set(userId, new Set([key]))
    else keys.add(key)
  }

  #forget(userId: UserId): void {
    this.#forgotten += 1
    for (const key of this.#ofUser.get(userId) ?? []) this.#known.delete(key)
  }

  #dropKey(userId: UserId, key: string): void {
    const keys = this.#ofUser.get(userId)
    keys?.delete(key)
    if (keys?.size === 0) this.#ofUser.delete(userId)
  }
}

/** Throws M_USER_SUSPENDED. For what a suspended user may not do (Client-Server API, "Account suspension"). */
export function refuseSuspended(caller: UserCaller): void {
  if ('suspended' in caller && caller.suspended === true) {
    throw new MatrixError('M_USER_SUSPENDED', 'you cannot do this while your account is suspended')
  }
}

function knownFrom(row: TokenRow, revalidateAt: number): Known {
  const userId = parseUserId(row.user_id)
  assert(userId !== undefined, 'stored user ids are valid')
  const caller = {
    kind: 'user',
    userId,
    deviceId: row.device_id,
    sessionId: row.session,
    scopes: row.scopes === '' ? [] : row.scopes.split(' '),
    admin: row.admin === 1,
    suspended: row.suspended === 1,
  } as const
  return { caller, locked: row.locked === 1, expiresAt: row.expires_at ?? undefined, revalidateAt }
}

const logoutPath = /^\/_matrix\/client\/(?:v3|r0)\/logout(?:\/all)?(?:\?|$)/

function logsOut(url: string): boolean {
  return logoutPath.test(url)
}

function unknownToken(): MatrixError {
  return new MatrixError('M_UNKNOWN_TOKEN', 'unknown access token')
}
