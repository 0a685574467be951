import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Database } from '../../storage/database.ts'
import { updateLastSeen } from '../../storage/tables/devices.ts'
import { lastSeenMs, sightingsMax } from '../limits.ts'

interface Sighting {
  readonly userId: string
  readonly deviceId: string
  readonly address: string
  readonly at: number
}

interface Ports {
  readonly db: Database
  readonly clock: Clock
  readonly log: Logger
}

/** When and from where devices called, written together once a minute. After a crash the last minute is missing. */
export class LastSeen {
  readonly #ports: Ports
  /** By user and device. */
  #sightings = new Map<string, Sighting>()
  #scheduled = false

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** A device called; `now` in wall-clock milliseconds. */
  note(userId: string, deviceId: string, address: string, now: number): void {
    const key = `${userId} ${deviceId}`
    const last = this.#sightings.get(key)
    if (last !== undefined && last.address === address && now - last.at < lastSeenMs / 10) return
    if (last === undefined && this.#sightings.size >= sightingsMax) return
    this.#sightings.set(key, { userId, deviceId, address, at: now })
    this.#schedule()
  }

  /** Write what is known. Resolves when it is written, or could not be, which is logged. */
  async flush(): Promise<void> {
    const sightings = [...this.#sightings.values()]
    this.#sightings = new Map()
    if (sightings.length === 0) return
    const rows = sightings.map(({ userId, deviceId, address, at }) => [userId, deviceId, at, address])
    try {
      await this.#ports.db.commit({ rows: [{ write: updateLastSeen, rows }] })
    } catch (error) {
      this.#ports.log.warn({ err: error }, 'could not write when devices were last seen')
    }
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    this.#ports.clock.schedule(lastSeenMs, () => {
      this.#scheduled = false
      void this.flush()
    })
  }
}
