import {
  canonicalJson,
  emptyObject,
  isJsonObject,
  parseRoomId,
  parseServerName,
  parseUserId,
  type JsonObject,
  type ServerName,
  type UserId,
} from '@causeway/events'
import { assert } from '../assert.ts'
import type { Edu } from '../federation/senders/edu.ts'
import type { EduOutbox, StoredEdu } from '../federation/senders/edu-outbox.ts'
import type { Cancel, Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/logger.ts'
import type { Database } from '../storage/database.ts'
import {
  advanceStreamId,
  deleteListOutbox,
  listOutboxOf,
  listStreamId,
  nextOutboxUser,
  roomsOfUser,
  serversSharingWith,
  upsertDeviceListChange,
} from '../storage/tables/device-lists.ts'
import { isListOutboxAnnouncement, type DeviceListAnnouncement } from './announcements.ts'
import { sweepMs } from './limits.ts'
import { signingKeysEntry } from './list-outbox.ts'
import type { LocalKeys } from './local-keys.ts'

interface Ports {
  readonly db: Database
  readonly clock: Clock
  readonly log: Logger
  readonly serverName: ServerName
  readonly localKeys: LocalKeys
  readonly edus: EduOutbox
}

/**
 * Tells what changed with our users' devices: those who share a room, by a row of the stream that /sync follows, and their
 * servers, by EDUs that arrive or are stored (Server-Server API, "Device Management"). What is to be told was written with
 * what caused it, so that nothing is lost in a crash.
 */
export class OwnDeviceLists {
  readonly #ports: Ports
  readonly #running = new Map<UserId, Promise<void>>()
  readonly #again = new Set<UserId>()
  #cancel: Cancel | undefined
  #stopped = false

  constructor(ports: Ports) {
    this.#ports = ports
    ports.db.onCommitted((announcements) => {
      for (const each of announcements) if (isListOutboxAnnouncement(each)) this.#tell(each.ofUser)
    })
  }

  /** Tell what an earlier run left, and look for what a lost process did from time to time. */
  start(): void {
    const sweep = (): void => {
      if (this.#stopped) return
      this.#sweep()
        .catch((err: unknown) => this.#ports.log.warn({ err }, 'could not look for device lists that are still to be told'))
        .finally(() => {
          this.#cancel = this.#ports.clock.schedule(sweepMs, sweep)
        })
    }
    sweep()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancel?.()
    await Promise.all(this.#running.values())
  }

  /** Resolves when what is known to be told of a user is told, or could not be. */
  async settled(userId: UserId): Promise<void> {
    await this.#running.get(userId)
  }

  #tell(userId: UserId): void {
    if (this.#stopped) return
    if (this.#running.has(userId)) {
      this.#again.add(userId)
      return
    }
    const run = async (): Promise<void> => {
      do {
        this.#again.delete(userId)
        while (!(await this.#tellOnce(userId)));
      } while (this.#again.has(userId))
    }
    const running = run()
      .catch((err: unknown) => this.#ports.log.warn({ err, user: userId }, 'a change of devices could not be told yet'))
      .finally(() => this.#running.delete(userId))
    this.#running.set(userId, running)
  }

  /** False when another process did the same meanwhile. */
  async #tellOnce(userId: UserId): Promise<boolean> {
    const { db, edus } = this.#ports
    const entries = await listOutboxOf(db, userId)
    if (entries.length === 0) return true
    const rooms = (await roomsOfUser(db, userId)).flatMap(({ room_id: roomId }) => parseRoomId(roomId) ?? [])
    const servers = await this.#servers(userId)
    const was = await listStreamId(db, userId)
    const made = await this.#edus(
      userId,
      entries.map((entry) => entry.device_id),
      was,
    )
    // What has not left yet is void: who was away finds a gap, and asks for the list as it is then.
    const stored: StoredEdu[] = servers.length === 0 ? [] : made.edus.map((edu) => ({ servers, edu, coalesceKey: `${edu.type} ${userId}` }))
    const position = db.nextPosition()
    const { slot } = db
    const told = edus.unit(position, stored)
    const touch = { kind: 'device-list', slot, position, ofUser: userId } as const
    const announcements: DeviceListAnnouncement[] = [{ ...touch, userId }, ...rooms.map((roomId) => ({ ...touch, roomId }))]
    const outcome = await db.commit({
      steps: [
        { query: advanceStreamId(userId, was, made.streamId), expect: 1 },
        ...entries.map(({ device_id: deviceId, seq }) => ({ query: deleteListOutbox(userId, deviceId, seq) })),
      ],
      rows: [{ write: upsertDeviceListChange, rows: [[userId, '', slot, position]] }, ...told.rows],
      announcements: [...told.announcements, ...announcements],
    })
    return outcome.committed
  }

  async #servers(userId: UserId): Promise<ServerName[]> {
    const rows = await serversSharingWith(this.#ports.db, userId)
    return rows.flatMap(({ server }) => parseServerName(server) ?? []).filter((server) => server !== this.#ports.serverName)
  }

  /** One EDU for each device, each naming the one before it, and one for the cross-signing keys. */
  async #edus(userId: UserId, deviceIds: readonly string[], was: number): Promise<{ edus: Edu[]; streamId: number }> {
    const list = await this.#ports.localKeys.listOf(userId)
    const edus: Edu[] = []
    let streamId = was
    for (const deviceId of deviceIds) {
      if (deviceId === signingKeysEntry) {
        const content = object({ user_id: userId })
        if (list.masterKey !== undefined) content['master_key'] = list.masterKey
        if (list.selfSigningKey !== undefined) content['self_signing_key'] = list.selfSigningKey
        edus.push({ type: 'm.signing_key_update', content })
        continue
      }
      streamId += 1
      const content = object({ user_id: userId, device_id: deviceId, stream_id: streamId, prev_id: streamId === 1 ? [] : [streamId - 1] })
      const keys = list.devices.get(deviceId)
      if (keys !== undefined) Object.assign(content, deviceMembers(keys))
      else if (!(await this.#ports.localKeys.hasDevice(userId, deviceId))) content['deleted'] = true
      edus.push({ type: 'm.device_list_update', content })
    }
    return { edus, streamId: Math.max(streamId, 1) }
  }

  async #sweep(): Promise<void> {
    let after = ''
    for (;;) {
      const row = await nextOutboxUser(this.#ports.db, after)
      if (row === undefined) return
      const userId = parseUserId(row.user_id)
      assert(userId !== undefined, 'stored user ids are valid')
      this.#tell(userId)
      await this.settled(userId)
      after = row.user_id
    }
  }
}

function object(members: JsonObject) {
  return Object.assign(emptyObject(), members)
}

/** A device's keys, and its name if it is told, as other servers get them. */
export function deviceMembers({ unsigned, ...keys }: JsonObject): JsonObject {
  const name = unsigned !== undefined && isJsonObject(unsigned) ? unsigned['device_display_name'] : undefined
  return { keys: object(keys), ...(name === undefined ? {} : { device_display_name: name }) }
}

/** A user's devices as `/user/devices` answers, as canonical JSON. Server-Server API, "Device Management". */
export function userDevicesJson(userId: UserId, streamId: number, list: Awaited<ReturnType<LocalKeys['listOf']>>): string {
  const devices = [...list.devices].map(([deviceId, keys]) => object({ device_id: deviceId, ...deviceMembers(keys) }))
  const answer = object({ user_id: userId, stream_id: streamId, devices })
  if (list.masterKey !== undefined) answer['master_key'] = list.masterKey
  if (list.selfSigningKey !== undefined) answer['self_signing_key'] = list.selfSigningKey
  return canonicalJson(answer)
}
