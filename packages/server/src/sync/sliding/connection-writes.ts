import type { UserId } from '@causeway/events'
import type { Cancel, Clock } from '../../platform/clock.ts'
import type { CommitUnit, Database } from '../../storage/database.ts'
import type { SqlValue } from '../../storage/sql.ts'
import { forgetOldConnections, upsertSlidingConnection } from '../../storage/tables/sliding.ts'
import type { Connection, ConnectionName } from './connections.ts'
import { connectionsPerDeviceMax, waitingConnectionsMax } from './limits.ts'

/** A connection as it is to be stored. */
export interface ConnectionWrite extends ConnectionName {
  readonly connection: Connection
  /** Milliseconds since 1970. */
  readonly offeredAt: number
}

interface Ports {
  readonly db: Database
  readonly clock: Clock
  /**
   * Milliseconds for which a connection may be in memory alone. A process that serves all requests may wait: a client that scrolls
   * makes many generations in a second, and a crash costs it no more than to begin anew. Where other processes serve the next
   * request it is 0.
   */
  readonly writeAfterMs: number
}

/** Writes connections, at once or some together a little later. */
export class ConnectionWrites {
  readonly #ports: Ports
  readonly #forget: (connection: string) => void
  #waiting = new Map<string, ConnectionWrite>()
  #cancel: Cancel | undefined

  /** `forget`: called for a connection whose write came to nothing. */
  constructor(ports: Ports, forget: (connection: string) => void) {
    this.#ports = ports
    this.#forget = forget
  }

  /** A connection that is not written yet. */
  waiting(key: string): Connection | undefined {
    return this.#waiting.get(key)?.connection
  }

  /** Do not write what a device that is gone left to write. */
  forgetDevices(userId: UserId, deviceIds: readonly string[]): void {
    for (const [key, { caller }] of this.#waiting) {
      if (caller.userId === userId && deviceIds.includes(caller.deviceId)) this.#waiting.delete(key)
    }
  }

  /** Write a connection, or see to it that it is written. */
  async write(key: string, write: ConnectionWrite): Promise<void> {
    const { db, clock, writeAfterMs } = this.#ports
    if (writeAfterMs === 0) {
      await db.commit(unitOf(write))
      return
    }
    this.#cancel ??= clock.schedule(writeAfterMs, () => void this.flush())
    this.#waiting.set(key, write)
    if (this.#waiting.size >= waitingConnectionsMax) void this.flush()
  }

  /** Write what waits. */
  async flush(): Promise<void> {
    this.#cancel?.()
    this.#cancel = undefined
    const writes = [...this.#waiting]
    this.#waiting = new Map()
    // Whoever serves the database is told of its failure; here it is only a connection that must begin anew.
    await Promise.all(writes.map(([key, write]) => this.#ports.db.commit(unitOf(write)).catch(() => this.#forget(key))))
  }
}

function unitOf({ caller, connId, connection, offeredAt }: ConnectionWrite): CommitUnit {
  const { acknowledged, offered } = connection
  const { userId, deviceId } = caller
  const last: SqlValue[] = acknowledged === undefined ? [null, null] : [acknowledged.name, acknowledged.text]
  return {
    steps: [{ query: forgetOldConnections(userId, deviceId, connId, connectionsPerDeviceMax - 1) }],
    rows: [{ write: upsertSlidingConnection, rows: [[userId, deviceId, connId, ...last, offered.name, offered.text, offeredAt]] }],
  }
}
