import { serverOf, type ServerName, type UserId } from '@causeway/events'
import type { Clock } from '../platform/clock.ts'
import {
  presenceActiveMs,
  presenceGatherMs,
  presenceGatherMsEach,
  presenceGatherMsMax,
  presenceGoneMs,
  presenceHeardMs,
  presenceIdleMs,
  presenceRecentMax,
  presenceRepeatMs,
  presenceSweepMs,
  presenceUsersMax,
} from './limits.ts'

export const presenceNames = ['online', 'unavailable', 'offline'] as const
export type PresenceName = (typeof presenceNames)[number]

/** What is known of somebody. */
export interface PresenceState {
  readonly userId: UserId
  readonly presence: PresenceName
  readonly statusMessage: string | undefined
  /** Milliseconds since 1970; absent when it is not known. */
  readonly lastActive: number | undefined
  readonly currentlyActive: boolean
}

/** A change that the other processes of this server are told. */
export type PresenceNotice = Omit<PresenceState, 'currentlyActive'>

interface Entry extends PresenceNotice {
  readonly serial: number
  /** The rest is of the monotonic clock. When they last did something. */
  readonly activeAt: number
  /** When a /sync of theirs was last under way, or something was heard of them from elsewhere. */
  readonly heardAt: number
  /** When the others were last told. */
  readonly toldAt: number
  /** One of ours whom only other processes of this server see: they say when that ends. */
  readonly elsewhere: boolean
}

interface Ports {
  readonly serverName: ServerName
  readonly clock: Clock
  /** A new serial of the ephemeral stream (`Typing.tick`), which tokens of /sync hold. */
  readonly tick: () => number
  /** Users whose presence changed: wake those who may know. Users of ours among them: tell the other servers. */
  readonly changed: (all: readonly UserId[], ours: readonly UserId[]) => void
  /** Tell the other processes of this server. */
  readonly tell: (notice: PresenceNotice) => void
}

/**
 * Who is there: in memory only (Client-Server API, "Presence"). One of ours is online while they sync, away when they have
 * done nothing for some minutes, and gone some seconds after their last /sync. Whom it may be told is for the callers.
 */
export class Presence {
  readonly #ports: Ports
  /** Those whose presence changed last are at the end. */
  readonly #entries = new Map<UserId, Entry>()
  /** Requests of /sync under way in this process. */
  readonly #syncs = new Map<UserId, number>()
  /** Users whose last /sync said that they are away. */
  readonly #wasAway = new Set<UserId>()
  readonly #dirty = new Set<UserId>()
  #recent: { readonly userId: UserId; readonly serial: number }[] = []
  #gathering = false
  /** Changes are told no earlier, of the monotonic clock: the more were told the last time, the later. */
  #nextTelling = 0
  #sweeping = false

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** What is known of somebody; absent for nothing. */
  of(userId: UserId): PresenceState | undefined {
    const entry = this.#entries.get(userId)
    return entry === undefined ? undefined : this.#state(entry)
  }

  /** One of ours says what they are. */
  set(userId: UserId, presence: PresenceName, statusMessage: string | undefined): void {
    const now = this.#ports.clock.monotonic()
    const active = presence === 'offline' ? {} : { lastActive: this.#ports.clock.now(), activeAt: now }
    this.#change(userId, { presence, statusMessage, ...active, heardAt: now })
  }

  /** A /sync of one of ours begins; gives what to call at its end. `offline` says that it is no sign of anybody being there. */
  syncing(userId: UserId, wanted: PresenceName): () => void {
    if (wanted === 'offline') return () => {}
    const entry = this.#entries.get(userId)
    this.#syncs.set(userId, (this.#syncs.get(userId) ?? 0) + 1)
    const now = this.#ports.clock.monotonic()
    const cameBack = entry === undefined || entry.presence === 'offline' || (wanted === 'online' && this.#wasAway.delete(userId))
    if (wanted === 'unavailable') {
      this.#wasAway.add(userId)
      if (entry?.presence !== 'unavailable') this.#change(userId, { presence: 'unavailable', heardAt: now })
    } else if (cameBack) {
      this.#change(userId, { presence: 'online', lastActive: this.#ports.clock.now(), activeAt: now, heardAt: now })
    }
    let open = true
    return () => {
      if (open) this.#ended(userId)
      open = false
    }
  }

  #ended(userId: UserId): void {
    const left = (this.#syncs.get(userId) ?? 1) - 1
    if (left > 0) this.#syncs.set(userId, left)
    else this.#syncs.delete(userId)
    const entry = this.#entries.get(userId)
    if (entry !== undefined) this.#entries.set(userId, { ...entry, heardAt: this.#ports.clock.monotonic(), elsewhere: false })
  }

  /** One of ours did something. Costs a lookup when they are there anyway. */
  active(userId: UserId): void {
    const entry = this.#entries.get(userId)
    if (entry === undefined || entry.presence === 'offline' || entry.elsewhere || !this.#isOurs(userId)) return
    const now = { lastActive: this.#ports.clock.now(), activeAt: this.#ports.clock.monotonic() }
    if (entry.presence === 'unavailable' && !this.#wasAway.has(userId)) this.#change(userId, { presence: 'online', ...now })
    else this.#entries.set(userId, { ...entry, ...now })
  }

  /** Another server says what one of its users is. The caller has checked that it is theirs. */
  receive(state: PresenceNotice): void {
    const now = this.#ports.clock.monotonic()
    const { presence, statusMessage, lastActive } = state
    this.#change(state.userId, { presence, statusMessage, lastActive, heardAt: now, activeAt: now })
  }

  /** Another process of this server tells a change. It does not know of requests of /sync that are under way here. */
  relay(notice: PresenceNotice): void {
    const stays = notice.presence === 'offline' && this.#syncs.has(notice.userId)
    if (stays) return this.#ports.tell({ ...notice, presence: 'online' })
    const now = this.#ports.clock.monotonic()
    const { presence, statusMessage, lastActive } = notice
    this.#change(notice.userId, { presence, statusMessage, lastActive, heardAt: now, activeAt: now }, 'elsewhere')
  }

  /** Those whose presence changed after a serial, newest first; for a first look, all who are there. At most `limit`. */
  changedSince(serial: number | undefined, limit: number): PresenceState[] {
    if (serial === undefined) {
      const there = [...this.#entries.values()].filter(({ presence }) => presence !== 'offline')
      return there.slice(-limit).map((entry) => this.#state(entry))
    }
    const found = new Set<Entry>()
    for (let index = this.#recent.length - 1; index >= 0 && found.size < limit; index -= 1) {
      const change = this.#recent[index]
      if (change === undefined || change.serial <= serial) return [...found].map((entry) => this.#state(entry))
      const entry = this.#entries.get(change.userId)
      if (entry !== undefined) found.add(entry)
    }
    if (this.#recent.length >= presenceRecentMax) {
      for (const entry of this.#entries.values()) if (entry.serial > serial && found.size < limit) found.add(entry)
    }
    return [...found].map((entry) => this.#state(entry))
  }

  #state({ userId, presence, statusMessage, lastActive }: Entry): PresenceState {
    const ago = lastActive === undefined ? Infinity : this.#ports.clock.now() - lastActive
    return { userId, presence, statusMessage, lastActive, currentlyActive: presence === 'online' && ago < presenceActiveMs }
  }

  #isOurs(userId: UserId): boolean {
    return serverOf(userId) === this.#ports.serverName
  }

  #change(userId: UserId, change: Partial<Omit<Entry, 'userId' | 'serial'>>, from: 'here' | 'elsewhere' = 'here'): void {
    const earlier = this.#entries.get(userId)
    const now = this.#ports.clock.monotonic()
    const none = { presence: 'offline', statusMessage: undefined, lastActive: undefined } as const
    const elsewhere = from === 'elsewhere' && !this.#syncs.has(userId)
    const next = { userId, ...none, activeAt: now, heardAt: now, ...earlier, ...change, toldAt: now, elsewhere }
    const visible = earlier?.presence !== next.presence || earlier.statusMessage !== next.statusMessage
    const serial = visible ? this.#ports.tick() : (earlier?.serial ?? 0)
    if (visible) this.#entries.delete(userId)
    this.#entries.set(userId, { ...next, serial })
    this.#sweepLater()
    if (!visible) return
    this.#recent.push({ userId, serial })
    if (this.#recent.length > presenceRecentMax * 2) this.#recent = this.#recent.slice(-presenceRecentMax)
    if (this.#entries.size > presenceUsersMax) this.#forgetOldest()
    this.#dirty.add(userId)
    this.#gather()
    const { presence, statusMessage, lastActive } = next
    if (from === 'here') this.#ports.tell({ userId, presence, statusMessage, lastActive })
  }

  /** Changes of a moment are told together; of many, those of a longer time. */
  #gather(): void {
    if (this.#gathering) return
    this.#gathering = true
    const { clock } = this.#ports
    clock.schedule(Math.max(presenceGatherMs, this.#nextTelling - clock.monotonic()), () => {
      this.#gathering = false
      const all = [...this.#dirty]
      this.#nextTelling = clock.monotonic() + Math.min(presenceGatherMsMax, all.length * presenceGatherMsEach)
      this.#dirty.clear()
      this.#ports.changed(
        all,
        all.filter((userId) => this.#isOurs(userId) && this.#entries.get(userId)?.elsewhere !== true),
      )
    })
  }

  #forgetOldest(): void {
    for (const userId of this.#entries.keys()) {
      this.#entries.delete(userId)
      this.#wasAway.delete(userId)
      return
    }
  }

  #sweepLater(): void {
    if (this.#sweeping) return
    this.#sweeping = true
    this.#ports.clock.schedule(presenceSweepMs, () => {
      this.#sweeping = false
      this.#sweep()
    })
  }

  /** Who went away, or is to be told again. Goes on as long as anybody is there. */
  #sweep(): void {
    const now = this.#ports.clock.monotonic()
    const again: UserId[] = []
    const there = [...this.#entries.values()].filter(({ presence }) => presence !== 'offline')
    for (const entry of there) {
      const { userId, presence } = entry
      const ours = this.#isOurs(userId) && !entry.elsewhere
      const silent = now - entry.heardAt
      if (ours ? !this.#syncs.has(userId) && silent >= presenceGoneMs : silent >= presenceHeardMs) {
        this.#wasAway.delete(userId)
        this.#change(userId, { presence: 'offline' })
      } else if (ours && presence === 'online' && now - entry.activeAt >= presenceIdleMs) {
        this.#change(userId, { presence: 'unavailable' })
      } else if (ours && now - entry.toldAt >= presenceRepeatMs) {
        this.#entries.set(userId, { ...entry, toldAt: now })
        this.#ports.tell({ userId, presence, statusMessage: entry.statusMessage, lastActive: entry.lastActive })
        again.push(userId)
      }
    }
    if (again.length > 0) this.#ports.changed([], again)
    if (there.length > 0) this.#sweepLater()
  }
}
