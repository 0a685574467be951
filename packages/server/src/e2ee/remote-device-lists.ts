import {
  canonicalJson,
  isJsonObject,
  parseRoomId,
  parseUserId,
  serverOf,
  type JsonObject,
  type ServerName,
  type UserId,
} from '@causeway/events'
import { assert } from '../assert.ts'
import type { Destinations } from '../federation/client/destinations.ts'
import type { FederationClient } from '../federation/client/federation-client.ts'
import type { Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/logger.ts'
import type { Announcement, Database, Rows } from '../storage/database.ts'
import { crossSigningKeysOf } from '../storage/tables/cross-signing.ts'
import {
  deleteListInbox,
  insertListInbox,
  isListedServer,
  listInboxOf,
  remoteDevicesOf,
  remoteJoins,
  remoteLists,
  roomsOfUser,
  upsertDeviceListChange,
  type RemoteListRow,
} from '../storage/tables/device-lists.ts'
import type { DeviceListAnnouncement } from './announcements.ts'
import { deviceKeysBytesMax, updatesPerUserMax } from './limits.ts'
import type { DeviceList } from './local-keys.ts'
import { storedObject } from './names.ts'
import { fetchList, listParts, staleParts, type ListParts } from './fetch-list.ts'
import { applyUpdates, tellsChange, tellsOld } from './list-updates.ts'
import { Resyncs } from './resyncs.ts'

interface Ports {
  readonly db: Database
  readonly clock: Clock
  readonly log: Logger
  readonly serverName: ServerName
  readonly client: FederationClient
  readonly destinations: Destinations
}

/**
 * The device lists of other servers' users who share a room with us (Server-Server API, "Device Management"). What their
 * servers tell is stored in the commit of its transaction and worked in by one run a user at a time; where something is
 * missing the list is fetched as a whole, and tried until it is equal, over restarts.
 */
export class RemoteDeviceLists {
  readonly #ports: Ports
  readonly #resyncs: Resyncs
  #seq = 0

  constructor(ports: Ports) {
    this.#ports = ports
    this.#resyncs = new Resyncs(ports, (userId, wanted) => this.#settle(userId, wanted))
  }

  start(): void {
    this.#resyncs.start()
  }

  stop(): Promise<void> {
    return this.#resyncs.stop()
  }

  /**
   * Take in an m.device_list_update or m.signing_key_update of `origin`: rows for its transaction's commit, and what to do
   * afterwards. Absent for what says nothing of a user of theirs who shares a room with us (F11).
   */
  async receive(
    origin: ServerName,
    type: string,
    content: JsonObject,
  ): Promise<{ rows: readonly Rows[]; afterwards: () => void } | undefined> {
    const { user_id: user } = content
    const userId = typeof user === 'string' ? parseUserId(user) : undefined
    if (userId === undefined || serverOf(userId) !== origin) return undefined
    const { db, serverName, clock } = this.#ports
    this.#seq = Math.max(clock.now() * 1_000, this.#seq + 1)
    if ((await remoteJoins(db, [userId], serverName)).length === 0) return this.#perhapsMember(origin, userId)
    const json = canonicalJson({ type, content })
    // What is too long to be kept is as good as lost: the list is fetched again.
    const kept = json.length <= deviceKeysBytesMax * 2 ? json : '{"type":"lost"}'
    return {
      rows: [{ write: insertListInbox, rows: [[userId, this.#seq, kept]] }],
      afterwards: () => this.#resyncs.enter(userId),
    }
  }

  /**
   * Nobody knows yet whether the user is in a room of ours that we have joined fast: that something changed is noted, once,
   * and told when the room's members are known.
   */
  async #perhapsMember(origin: ServerName, userId: UserId): Promise<{ rows: readonly Rows[]; afterwards: () => void } | undefined> {
    const { db } = this.#ports
    if (!(await isListedServer(db, origin)) || (await listInboxOf(db, userId, 1)).length > 0) return undefined
    return { rows: [{ write: insertListInbox, rows: [[userId, this.#seq, '{"type":"lost"}']] }], afterwards: () => undefined }
  }

  /** The members of a room became known: what was noted of them is worked in. */
  membersKnown(): void {
    this.#resyncs.sweepNow()
  }

  /**
   * Fetch the lists of users who share a room with us and keep them. Resolves when that is done, or could not be, or after so
   * many milliseconds.
   */
  async fetchNow(userIds: readonly UserId[], ms: number): Promise<void> {
    const { db, serverName, clock } = this.#ports
    const joined = new Set((await remoteJoins(db, userIds, serverName)).map((row) => row.user_id))
    const sharing = userIds.filter((userId) => joined.has(userId))
    if (sharing.length === 0) return
    const over = new AbortController()
    await Promise.race([Promise.all(sharing.map((userId) => this.#resyncs.fetched(userId))), clock.sleep(ms, over.signal)])
    over.abort()
  }

  /** The lists that we keep and that are known to be current; `missing` are the others. */
  async find(userIds: readonly UserId[]): Promise<{ kept: Map<UserId, DeviceList>; missing: UserId[] }> {
    if (userIds.length === 0) return { kept: new Map(), missing: [] }
    const { db, serverName } = this.#ports
    const lists = new Map((await remoteLists(db, userIds)).map((row) => [row.user_id, row]))
    const joins = Map.groupBy(lists.size === 0 ? [] : await remoteJoins(db, [...lists.keys()], serverName), (row) => row.user_id)
    const current = userIds.filter((userId) => isCurrent(lists.get(userId), joins.get(userId) ?? []))
    const keptNow = new Set(current)
    return { kept: await this.findOld(current), missing: userIds.filter((userId) => !keptNow.has(userId)) }
  }

  /** What we keep of users, whether it is current or not. */
  async findOld(userIds: readonly UserId[]): Promise<Map<UserId, DeviceList>> {
    const found = new Map<UserId, DeviceList>()
    if (userIds.length === 0) return found
    const { db } = this.#ports
    const devices = Map.groupBy(await remoteDevicesOf(db, userIds), (row) => row.user_id)
    const signing = await crossSigningKeysOf(db, userIds)
    for (const { user_id: user } of await remoteLists(db, userIds)) {
      const userId = parseUserId(user)
      assert(userId !== undefined, 'stored user ids are valid')
      const key = (usage: string): JsonObject | undefined => {
        const row = signing.find((each) => each.user_id === user && each.usage === usage)
        return row === undefined ? undefined : storedObject(row.json)
      }
      found.set(userId, {
        devices: new Map((devices.get(user) ?? []).flatMap((row) => deviceEntry(row.device_id, storedObject(row.json)))),
        masterKey: key('master'),
        selfSigningKey: key('self_signing'),
        userSigningKey: undefined,
      })
    }
    return found
  }

  /** A user's master key, from what we keep or else from their server. */
  async masterKey(userId: UserId): Promise<JsonObject | undefined> {
    const { kept, missing } = await this.find([userId])
    if (missing.length === 0) return kept.get(userId)?.masterKey
    return (await fetchList(this.#ports.client, userId))?.masterKey
  }

  /** A user left a room: if no other is shared, nothing is kept of their devices. */
  left(userId: UserId): void {
    if (serverOf(userId) !== this.#ports.serverName) this.#resyncs.enter(userId)
  }

  /** From now on keep the lists of those who share a room with us: fetched in the background. */
  follow(userIds: readonly UserId[]): void {
    if (userIds.length === 0) return
    const { db, serverName, log } = this.#ports
    remoteJoins(db, userIds, serverName)
      .then((rows) => {
        for (const user of new Set(rows.map((row) => row.user_id))) {
          const userId = parseUserId(user)
          if (userId !== undefined) this.#resyncs.enter(userId, true)
        }
      })
      .catch((err: unknown) => log.warn({ err }, 'could not look up whose devices to follow'))
  }

  /** Work in what was told of a user; fetch the list if that does not do. False: the server gave no answer, try again later. */
  async #settle(userId: UserId, wanted: boolean): Promise<boolean> {
    const { db, serverName } = this.#ports
    const inbox = await listInboxOf(db, userId, updatesPerUserMax + 1)
    const [list] = await remoteLists(db, [userId])
    const joins = await remoteJoins(db, [userId], serverName)
    const upTo = inbox.at(-1)?.seq ?? -1
    // There is more than is worked in at once.
    if (inbox.length > updatesPerUserMax) this.#resyncs.enter(userId)
    const hasNothing = list === undefined && inbox.length === 0
    // Whether the user shares a room with us is not known yet.
    if (joins.length === 0 && list === undefined && !hasNothing && (await isListedServer(db, serverOf(userId)))) return true
    if (joins.length === 0) return hasNothing ? true : this.#write(userId, upTo, listParts(userId, undefined), false)
    const updates = inbox.length > updatesPerUserMax ? undefined : inbox.map(({ json }) => storedObject(json))
    // Nobody asked for this user's devices yet: those who know the user are told, and nothing is kept.
    if (list === undefined && !wanted) {
      return this.#write(userId, upTo, { rows: [], steps: [] }, updates === undefined || updates.some(tellsChange))
    }
    const current = isCurrent(list, joins)
    if (current && inbox.length === 0) return true
    const applied =
      current && list !== undefined && updates !== undefined
        ? applyUpdates(userId, list, updates, tellsOld(list, updates) ? await this.#keptOf(userId) : new Map())
        : undefined
    if (applied !== undefined) return this.#write(userId, upTo, applied, applied.changes)
    // The gap is noted and told before the list is fetched: an outage of the other server hides it from nobody.
    if (list !== undefined && (inbox.length > 0 || list.stale === 0)) await this.#write(userId, upTo, staleParts(userId), inbox.length > 0)
    const positions = db.positions()
    const fetched = await fetchList(this.#ports.client, userId)
    if (fetched === undefined) return false
    return this.#write(userId, list === undefined ? upTo : -1, listParts(userId, { ...fetched, positions }), true)
  }

  async #keptOf(userId: UserId): Promise<ReadonlyMap<string, JsonObject>> {
    const rows = await remoteDevicesOf(this.#ports.db, [userId])
    return new Map(rows.map((row) => [row.device_id, storedObject(row.json)]))
  }

  async #write(userId: UserId, upTo: number, parts: ListParts, changed: boolean): Promise<true> {
    const { db } = this.#ports
    const rooms = changed ? (await roomsOfUser(db, userId)).flatMap(({ room_id: roomId }) => parseRoomId(roomId) ?? []) : []
    const { slot } = db
    const position = changed ? db.nextPosition() : 0
    const announcements: readonly Announcement[] = rooms.map((roomId): DeviceListAnnouncement => ({
      kind: 'device-list',
      slot,
      position,
      ofUser: userId,
      roomId,
    }))
    await db.commit({
      steps: [...(upTo < 0 ? [] : [{ query: deleteListInbox(userId, upTo) }]), ...parts.steps.map((query) => ({ query }))],
      rows: [...(changed ? [{ write: upsertDeviceListChange, rows: [[userId, '', slot, position]] }] : []), ...parts.rows],
      announcements,
    })
    return true
  }
}

/** A list is current while its user stayed in some room with us ever since it was fetched, and nothing was missed. */
function isCurrent(list: RemoteListRow | undefined, joins: readonly { readonly slot: number; readonly position: number }[]): boolean {
  if (list === undefined || list.stale === 1) return false
  const positions: unknown = JSON.parse(list.positions)
  const seen = new Map<number, number>(Array.isArray(positions) ? positions : [])
  return joins.some(({ slot, position }) => position <= (seen.get(slot) ?? -1))
}

function deviceEntry(deviceId: string, entry: JsonObject): [string, JsonObject][] {
  const { keys, device_display_name: name } = entry
  if (!isJsonObject(keys)) return []
  return [[deviceId, typeof name === 'string' ? { ...keys, unsigned: { device_display_name: name } } : keys]]
}
