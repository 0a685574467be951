import { LRUCache } from 'lru-cache'
import { MatrixError } from '../../errors.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Random } from '../../platform/random.ts'
import type { Announcement, Database } from '../../storage/database.ts'
import { findSlidingConnection } from '../../storage/tables/sliding.ts'
import { isCallersChangedAnnouncement } from '../../users/announcements.ts'
import type { StreamPoint, StreamTokens } from '../stream-token.ts'
import type { SyncCaller } from '../sync-ports.ts'
import { ConnectionState } from './connection-state.ts'
import { ConnectionWrites } from './connection-writes.ts'
import { connectionRoomsInMemoryMax } from './limits.ts'

/** A connection's state under the name that `pos` has for it. It never changes. */
export interface Generation {
  readonly name: string
  readonly state: ConnectionState
  /** The state as it is stored. */
  readonly text: string
}

/** Where a client continues. */
export interface Resumed {
  readonly generation: Generation
  readonly point: StreamPoint
}

/** What is kept of a connection. */
export interface Connection {
  readonly acknowledged: Generation | undefined
  readonly offered: Generation
}

interface Ports {
  readonly db: Database
  readonly clock: Clock
  readonly random: Random
  readonly tokens: StreamTokens
  /** See `ConnectionWrites`. */
  readonly writeAfterMs: number
}

/** Which connection of which device. */
export interface ConnectionName {
  readonly caller: SyncCaller
  readonly connId: string
}

const unknownPos = (): MatrixError => new MatrixError('M_UNKNOWN_POS', 'This pos is not known (any more): begin without one')

/**
 * The connections of sliding sync (decision record "Sliding sync is the one place with state per connection"). A `pos` is
 * the name of a generation and a point of the stream. Two generations are kept: the one that the client has acknowledged by
 * coming back with it, and the one that it was offered last; so the same `pos` may be sent any number of times.
 */
export class Connections {
  readonly #ports: Ports
  readonly #known = new LRUCache<string, Connection>({
    maxSize: connectionRoomsInMemoryMax,
    sizeCalculation: ({ acknowledged, offered }) => 2 + (acknowledged?.state.weight ?? 0) + offered.state.weight,
  })

  readonly #writes: ConnectionWrites

  constructor(ports: Ports) {
    this.#ports = ports
    this.#writes = new ConnectionWrites(ports, (connection) => this.#known.delete(connection))
  }

  /** Take in what was committed: devices may be gone. */
  note(announcements: readonly Announcement[]): void {
    for (const announcement of announcements) {
      if (isCallersChangedAnnouncement(announcement)) this.#writes.forgetDevices(announcement.userId, announcement.goneDeviceIds)
    }
  }

  /** Write what is not written yet: the server stops. */
  flush(): Promise<void> {
    return this.#writes.flush()
  }

  /** Where a `pos` continues. Throws M_UNKNOWN_POS. */
  async resume(name: ConnectionName, pos: string): Promise<Resumed> {
    const at = pos.indexOf('~')
    const token = at < 0 ? undefined : this.#ports.tokens.parse(pos.slice(at + 1))
    if (token?.kind !== 'stream') throw unknownPos()
    const wanted = pos.slice(0, at)
    const generation = generationOf(this.#known.get(keyOf(name)), wanted) ?? generationOf(await this.#read(name), wanted)
    if (generation === undefined) throw unknownPos()
    return { generation, point: token.point }
  }

  /**
   * Offer a state to the client that continued from `acknowledged`, and forget all else about the connection. Resolves once it
   * is durable, or will be soon (`ConnectionWrites`). What was offered already is offered again under the same name.
   */
  async offer(name: ConnectionName, acknowledged: Generation | undefined, state: ConnectionState): Promise<Generation> {
    const { clock, random } = this.#ports
    const text = state.encode()
    const known = this.#known.get(keyOf(name))
    if (acknowledged !== undefined && known?.acknowledged?.name === acknowledged.name && known.offered.text === text) return known.offered
    const connection: Connection = { acknowledged, offered: { name: random.token(10), state, text } }
    this.#known.set(keyOf(name), connection)
    await this.#writes.write(keyOf(name), { ...name, connection, offeredAt: clock.now() })
    return connection.offered
  }

  /** The `pos` of a generation at a point. */
  pos(generation: Generation, point: StreamPoint): string {
    return `${generation.name}~${this.#ports.tokens.stream(point)}`
  }

  async #read(name: ConnectionName): Promise<Connection | undefined> {
    const { caller, connId } = name
    const waiting = this.#writes.waiting(keyOf(name))
    if (waiting !== undefined) return waiting
    const row = await findSlidingConnection(this.#ports.db, caller.userId, caller.deviceId, connId)
    if (row === undefined) return undefined
    const { acknowledged, acknowledged_state: state } = row
    const connection: Connection = {
      acknowledged: acknowledged === null || state === null ? undefined : generation(acknowledged, state),
      offered: generation(row.offered, row.offered_state),
    }
    this.#known.set(keyOf(name), connection)
    return connection
  }
}

/** The name of a connection in memory; JSON, so that no two are alike. */
export function keyOf({ caller, connId }: ConnectionName): string {
  return JSON.stringify([caller.userId, caller.deviceId, connId])
}

function generation(name: string, text: string): Generation {
  return { name, text, state: ConnectionState.decode(text) }
}

function generationOf(connection: Connection | undefined, name: string): Generation | undefined {
  if (connection?.offered.name === name) return connection.offered
  return connection?.acknowledged?.name === name ? connection.acknowledged : undefined
}
