import { LRUCache } from 'lru-cache'
import type { UserId } from '@causeway/events'
import type { Clock } from '../platform/clock.ts'
import type { Announcement, Database } from '../storage/database.ts'
import {
  countOneTimeKeys,
  fallbackKeysOf,
  noteIssued,
  pruneKeys,
  takeFallbackKey,
  takeOneTimeKey,
  type OneTimeKeyRow,
} from '../storage/tables/one-time-keys.ts'
import { isOneTimeKeysAnnouncement, type OneTimeKeysAnnouncement } from './announcements.ts'
import { claimTriesMax, countedDevicesMax, issuedKeysMax } from './limits.ts'

/** Which one-time key somebody wants. */
export interface KeyWish {
  readonly userId: UserId
  readonly deviceId: string
  readonly algorithm: string
}

/** What /sync says of a device's keys: JSON texts of the two members. */
export interface KeyCounts {
  readonly oneTimeKeys: string
  readonly unusedFallbackKeys: string
}

interface Ports {
  readonly db: Database
  readonly clock: Clock
  /** Of the store: a restore from a backup raises it, and no key of before is given any more. */
  readonly epoch: number
}

/** The algorithm that all clients count on: it is told even when there is none. */
const usualAlgorithm = 'signed_curve25519'

/** The one-time and fallback keys of our users' devices (Client-Server API, "One-time and fallback keys"). */
export class OneTimeKeys {
  readonly #ports: Ports
  readonly #counts = new LRUCache<string, KeyCounts>({ max: countedDevicesMax })
  #noted = 0
  #seq = 0

  constructor(ports: Ports) {
    this.#ports = ports
    ports.db.onCommitted((announcements) => this.#note(announcements))
  }

  /** A number that orders what happens to keys: milliseconds and a count. */
  nextSeq(): number {
    this.#seq = Math.max(this.#ports.clock.now() * 1_000, this.#seq + 1)
    return this.#seq
  }

  /**
   * Give a key away: the one that was uploaded first, and nobody gets it again. Without any left the fallback key is given.
   * Resolves when that is durable; absent when the device has no key of the algorithm.
   */
  async claim({ userId, deviceId, algorithm }: KeyWish): Promise<OneTimeKeyRow | undefined> {
    const { db, epoch } = this.#ports
    const announcement: OneTimeKeysAnnouncement = { kind: 'one-time-keys', userId, deviceId }
    for (let tries = 0; tries < claimTriesMax; tries++) {
      const seq = this.nextSeq()
      const outcome = await db.commit({
        steps: [
          { query: noteIssued(userId, deviceId, algorithm, epoch, seq) },
          { query: takeOneTimeKey(userId, deviceId, algorithm, epoch) },
          ...(seq % 64 === 0 ? pruneKeys(userId, deviceId, epoch, issuedKeysMax).map((query) => ({ query })) : []),
        ],
        announcements: [announcement],
      })
      const taken = outcome.committed ? outcome.results[1]?.[0] : undefined
      if (isKeyRow(taken)) return taken
      // Another process may have been given the key that this one saw.
      const left = await countOneTimeKeys(db, userId, deviceId, epoch)
      if (!left.some((row) => row.algorithm === algorithm)) break
    }
    const outcome = await db.commit({ steps: [{ query: takeFallbackKey(userId, deviceId, algorithm) }], announcements: [announcement] })
    const given = outcome.committed ? outcome.results[0]?.[0] : undefined
    return isKeyRow(given) ? given : undefined
  }

  /** How many one-time keys a device has by algorithm. */
  async count(userId: string, deviceId: string): Promise<Record<string, number>> {
    const rows = await countOneTimeKeys(this.#ports.db, userId, deviceId, this.#ports.epoch)
    return Object.fromEntries([[usualAlgorithm, 0], ...rows.map(({ algorithm, count }): [string, number] => [algorithm, count])])
  }

  /** What every answer of /sync says. From memory where no other process can have changed it. */
  async counts(userId: string, deviceId: string): Promise<KeyCounts> {
    const name = `${userId} ${deviceId}`
    const known = this.#counts.get(name)
    if (known !== undefined && this.#ports.db.dialect === 'sqlite') return known
    const noted = this.#noted
    const fallback = await fallbackKeysOf(this.#ports.db, userId, deviceId)
    const counts = {
      oneTimeKeys: JSON.stringify(await this.count(userId, deviceId)),
      unusedFallbackKeys: JSON.stringify(fallback.filter(({ used }) => used === 0).map(({ algorithm }) => algorithm)),
    }
    if (noted === this.#noted) this.#counts.set(name, counts)
    return counts
  }

  #note(announcements: readonly Announcement[]): void {
    for (const announcement of announcements) {
      if (!isOneTimeKeysAnnouncement(announcement)) continue
      this.#noted += 1
      this.#counts.delete(`${announcement.userId} ${announcement.deviceId}`)
    }
  }
}

function isKeyRow(row: unknown): row is OneTimeKeyRow {
  return typeof row === 'object' && row !== null && 'algorithm' in row && 'key_id' in row && 'json' in row
}
