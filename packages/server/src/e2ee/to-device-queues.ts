import { LRUCache } from 'lru-cache'
import type { UserId } from '@causeway/events'
import type { Announcement, Database } from '../storage/database.ts'
import { anyUpTo, countWaiting, deleteUpTo, waitingMessages } from '../storage/tables/to-device.ts'
import { isToDeviceAnnouncement } from './announcements.ts'
import {
  countedQueuesMax,
  toDeviceAtOnceMax,
  toDeviceCharsAtOnceMax,
  toDeviceCharsOfUserMax,
  toDeviceCharsWaitingMax,
  toDeviceMessagesMax,
} from './limits.ts'

/** How far something got: a position for each writer slot. */
type Positions = ReadonlyMap<number, number>

interface Device {
  readonly userId: UserId
  readonly deviceId: string
}

/** What waits for a user. */
interface Waiting {
  readonly devices: Map<string, { readonly count: number; readonly chars: number }>
  chars: number
}

/** Messages for one answer of /sync, and how far they go when that is not all. */
export interface Batch {
  readonly events: readonly string[]
  readonly upTo: Positions | undefined
}

const nothing: Batch = { events: [], upTo: undefined }

/** The messages that wait for each device, in order, until the device proves that it has received them. */
export class ToDeviceQueues {
  readonly #db: Database
  /** Devices for which nothing waits, as far as this process, the only one, knows. */
  readonly #empty = new LRUCache<UserId, Set<string>>({ max: countedQueuesMax })
  /** About what waits, by user and device; counted now and then. */
  readonly #waiting = new LRUCache<UserId, Waiting>({ max: countedQueuesMax })
  /** Where the newest message is that was announced. An answer that stops before it says nothing of what waits behind. */
  #newest = { slot: 0, position: 0 }
  #seq = 0

  constructor(ports: { readonly db: Database }) {
    this.#db = ports.db
    ports.db.onCommitted((announcements) => this.#note(announcements))
  }

  /** Orders messages of one position. */
  nextSeq(): number {
    this.#seq += 1
    return this.#seq
  }

  /** Of some messages those whose devices' queues are not full. */
  async fitting<M extends Device & { readonly json: string }>(messages: readonly M[]): Promise<M[]> {
    const kept: M[] = []
    const recounted = new Set<UserId>()
    for (const message of messages) {
      const { userId, deviceId, json } = message
      let waiting = this.#waiting.get(userId) ?? (await this.#count(userId))
      if (isFull(waiting, deviceId, json.length) && this.#db.dialect !== 'sqlite' && !recounted.has(userId)) {
        // It may have been emptied by another process.
        recounted.add(userId)
        waiting = await this.#count(userId)
      }
      if (isFull(waiting, deviceId, json.length)) continue
      note(waiting, deviceId, 1, json.length)
      kept.push(message)
    }
    return kept
  }

  /**
   * What a device gets that has received everything up to `since` (absent: nothing) and may see what is there by `now`.
   * What it has received goes now: only its own request proves that (E04).
   */
  async next(device: Device, since: Positions | undefined, now: Positions, limit = toDeviceAtOnceMax): Promise<Batch> {
    const single = this.#db.dialect === 'sqlite'
    if (single && this.#empty.get(device.userId)?.has(device.deviceId) === true) return nothing
    const newest = this.#newest
    if (since !== undefined) await this.#acknowledge(device, since)
    const batch = await this.#read(device, since, now, Math.max(1, Math.min(limit, toDeviceAtOnceMax)))
    // What is in the batch is still there until the next request.
    const sawAll = newest === this.#newest && (now.get(newest.slot) ?? 0) >= newest.position
    if (single && sawAll && batch.events.length === 0 && batch.upTo === undefined) this.#setEmpty(device)
    return batch
  }

  /** What waits for a device after a place, as `next` has it; it stays whatever was received. */
  peek(device: Device, since: Positions | undefined, now: Positions, limit = toDeviceAtOnceMax): Promise<Batch> {
    return this.#read(device, since, now, Math.max(1, Math.min(limit, toDeviceAtOnceMax)))
  }

  async #acknowledge({ userId, deviceId }: Device, since: Positions): Promise<void> {
    for (const [slot, position] of since) {
      const place = { slot, position, seq: Number.MAX_SAFE_INTEGER }
      if ((await anyUpTo(this.#db, userId, deviceId, place)) === undefined) continue
      await this.#db.commit({ steps: [{ query: deleteUpTo(userId, deviceId, place) }] })
      this.#waiting.delete(userId)
    }
  }

  /** Whole positions only: what was sent at once is given at once, so that positions say how far a batch goes. */
  async #read(device: Device, since: Positions | undefined, now: Positions, limit: number): Promise<Batch> {
    const events: string[] = []
    const upTo = new Map(now)
    let chars = 0
    let whole = true
    for (const [slot, position] of now) {
      const from = since?.get(slot) ?? 0
      let reached = from
      let after = { slot, position: from, seq: Number.MAX_SAFE_INTEGER }
      for (let more = true; more;) {
        const rows = await waitingMessages(this.#db, device, after, position, toDeviceAtOnceMax)
        for (const row of rows) {
          if (row.position > reached && (events.length >= limit || chars >= toDeviceCharsAtOnceMax)) {
            whole = false
            break
          }
          events.push(row.json)
          chars += row.json.length
          reached = row.position
          after = { slot, position: row.position, seq: row.seq }
        }
        more = whole && rows.length === toDeviceAtOnceMax
      }
      if (!whole) upTo.set(slot, reached)
    }
    return { events, upTo: whole ? undefined : upTo }
  }

  async #count(userId: UserId): Promise<Waiting> {
    const waiting: Waiting = { devices: new Map(), chars: 0 }
    for (const { device_id: deviceId, count, chars } of await countWaiting(this.#db, userId)) note(waiting, deviceId, count, chars)
    this.#waiting.set(userId, waiting)
    return waiting
  }

  #note(announcements: readonly Announcement[]): void {
    for (const announcement of announcements) {
      if (!isToDeviceAnnouncement(announcement)) continue
      this.#newest = { slot: announcement.slot, position: announcement.position }
      for (const userId of announcement.userIds) this.#empty.delete(userId)
    }
  }

  #setEmpty({ userId, deviceId }: Device): void {
    const devices = this.#empty.get(userId)
    if (devices === undefined) this.#empty.set(userId, new Set([deviceId]))
    else devices.add(deviceId)
  }
}

function isFull({ devices, chars }: Waiting, deviceId: string, more: number): boolean {
  const { count = 0, chars: ofDevice = 0 } = devices.get(deviceId) ?? {}
  return count >= toDeviceMessagesMax || ofDevice + more > toDeviceCharsWaitingMax || chars + more > toDeviceCharsOfUserMax
}

function note(waiting: Waiting, deviceId: string, count: number, chars: number): void {
  const before = waiting.devices.get(deviceId) ?? { count: 0, chars: 0 }
  waiting.devices.set(deviceId, { count: before.count + count, chars: before.chars + chars })
  waiting.chars += chars
}
