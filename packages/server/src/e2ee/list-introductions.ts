import { emptyObject, parseServerName, type RoomId, type ServerName, type UserId } from '@causeway/events'
import type { EduOutbox } from '../federation/senders/edu-outbox.ts'
import type { Logger } from '../platform/logger.ts'
import type { Database, Step } from '../storage/database.ts'
import { advanceStreamId, listStreamId, serversOfRoom } from '../storage/tables/device-lists.ts'
import { devicesOf } from '../storage/tables/devices.ts'
import { introducedPageSize, introductionsWaitingMax } from './limits.ts'
import type { LocalKeys } from './local-keys.ts'
import { deviceMembers } from './own-device-lists.ts'

interface Ports {
  readonly db: Database
  readonly log: Logger
  readonly serverName: ServerName
  readonly localKeys: LocalKeys
  readonly edus: EduOutbox
}

/** A server that shared no room with a user, and whether it is in this one by another's word alone. */
interface NewServer {
  readonly name: ServerName
  readonly listed: boolean
}

/** A room that a user entered; `only`: the servers of it that are to be told, if not all. */
interface Entered {
  readonly roomId: RoomId
  readonly only: ReadonlySet<ServerName> | undefined
}

/**
 * When a user of ours enters a room, its servers that shared none with them before hear that there is a device list
 * (Server-Server API, "Device Management": "when that user joins a room which contains servers which are not already receiving
 * updates"). They get one m.device_list_update with the last number as its own `prev_id`: whoever has everything up to that
 * ignores it, everybody else must ask for the whole list.
 */
export class ListIntroductions {
  readonly #ports: Ports
  /** Rooms that users entered, in order. */
  readonly #entered = new Map<UserId, Entered[]>()
  readonly #running = new Set<Promise<void>>()
  #waiting = 0

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /**
   * A user joined a room, durably; or `only` these servers came back to a room of the user's, to whom nothing was told meanwhile. What
   * does not fit in memory is not told: servers ask when they need the list.
   */
  entered(userId: UserId, roomId: RoomId, only?: readonly ServerName[]): void {
    if (this.#waiting >= introductionsWaitingMax) return
    this.#waiting += 1
    const entered = { roomId, only: only === undefined ? undefined : new Set(only) }
    const rooms = this.#entered.get(userId)
    if (rooms !== undefined) {
      rooms.push(entered)
      return
    }
    const own = [entered]
    this.#entered.set(userId, own)
    const running = this.#run(userId, own).finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  /** Resolves when all is told. */
  async stop(): Promise<void> {
    await Promise.all(this.#running)
  }

  async #run(userId: UserId, rooms: Entered[]): Promise<void> {
    for (let entered = rooms[0]; entered !== undefined; entered = rooms[0]) {
      try {
        await this.#introduce(userId, entered, rooms)
      } catch (err) {
        this.#ports.log.warn({ err, user: userId }, 'the servers of a room were not told of the devices of who joined it')
      }
      rooms.shift()
      this.#waiting -= 1
    }
    this.#entered.delete(userId)
  }

  /** `rooms`: those that this user entered and that are not told yet, this one among them. */
  async #introduce(userId: UserId, entered: Entered, rooms: readonly Entered[]): Promise<void> {
    const { db, localKeys, edus } = this.#ports
    const found = await this.#newServers(userId, entered, rooms)
    if (found.length === 0) return
    const { devices } = await localKeys.listOf(userId)
    const [first] = devices.size > 0 ? devices : (await devicesOf(db, userId)).map(({ device_id: id }) => [id, undefined] as const)
    if (first === undefined) return
    const [deviceId, keys] = first
    // Of servers that are in the room by another's word alone, none has to hear that there is nothing to be had.
    const servers = found.flatMap(({ name, listed }) => (listed && keys === undefined ? [] : [name]))
    if (servers.length === 0) return
    for (let done = false; !done;) {
      const known = await listStreamId(db, userId)
      const streamId = Math.max(known, 1)
      const steps: Step[] = known === 0 ? [{ query: advanceStreamId(userId, 0, 1), expect: 1 }] : []
      const content = Object.assign(emptyObject(), {
        user_id: userId,
        device_id: deviceId,
        stream_id: streamId,
        prev_id: known === 0 ? [] : [known],
        ...(keys === undefined ? {} : deviceMembers(keys)),
      })
      const told = edus.unit(db.nextPosition(), [
        { servers, edu: { type: 'm.device_list_update', content }, coalesceKey: `m.device_list_update ${userId}` },
      ])
      done = (await db.commit({ ...told, steps })).committed
    }
  }

  async #newServers(userId: UserId, { roomId, only }: Entered, rooms: readonly Entered[]): Promise<NewServer[]> {
    const { db, serverName } = this.#ports
    const found: NewServer[] = []
    const but = rooms.map((entered) => entered.roomId)
    for (let after = ''; ;) {
      const page = await serversOfRoom(db, { userId, but, own: serverName }, roomId, after, introducedPageSize)
      for (const { server, joined, shared } of page) {
        const name = shared === 0 ? parseServerName(server) : undefined
        if (name !== undefined && only?.has(name) !== false) found.push({ name, listed: joined === 0 })
      }
      const last = page.at(-1)
      if (last === undefined || page.length < introducedPageSize) return found
      after = last.server
    }
  }
}
