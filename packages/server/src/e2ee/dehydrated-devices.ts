import type { JsonObject, UserId } from '@causeway/events'
import { MatrixError } from '../errors.ts'
import type { Clock } from '../platform/clock.ts'
import type { Announcement, Database, Rows, Step } from '../storage/database.ts'
import { deleteDehydrated, findDehydrated, insertDehydrated, type DehydratedDeviceRow } from '../storage/tables/dehydrated-devices.ts'
import { deviceStands, upsertDeviceKeys } from '../storage/tables/device-keys.ts'
import { findDevice, insertDevice } from '../storage/tables/devices.ts'
import { insertOneTimeKey, upsertFallbackKey } from '../storage/tables/one-time-keys.ts'
import type { UnitParts } from '../users/unit.ts'
import type { OneTimeKeysAnnouncement } from './announcements.ts'
import { dehydratedBytesMax, dehydrationTriesMax, fallbackKeysMax, oneTimeKeysMax } from './limits.ts'
import type { ListOutbox } from './list-outbox.ts'
import { checkName, jsonWithin, objectIn, storedObject } from './names.ts'
import type { OneTimeKeys } from './one-time-keys.ts'
import type { OwnDeviceLists } from './own-device-lists.ts'
import type { Batch, ToDeviceQueues } from './to-device-queues.ts'
import { readDeviceKeys, readKeys, type KeyOwner, type KeyUpload } from './upload-keys.ts'

/** What ends devices of a user together with their sessions, for the unit of an action. */
export type EndedDevices = (userId: UserId, deviceIds: readonly string[]) => UnitParts

/** The body of a dehydrated device's upload. The members that are unknown are checked here. */
export interface Dehydration extends KeyUpload {
  readonly deviceId: string
  /** Checked already. */
  readonly displayName: string | undefined
  readonly deviceData: unknown
}

interface Ports {
  readonly db: Database
  readonly clock: Clock
  readonly epoch: number
  readonly oneTimeKeys: OneTimeKeys
  readonly outbox: ListOutbox
  readonly lists: OwnDeviceLists
  readonly queues: ToDeviceQueues
  readonly removal: EndedDevices
}

/** How far something got: a position for each writer slot. */
type Positions = ReadonlyMap<number, number>

/**
 * Dehydrated devices (MSC3814): a user has at most one. To others it is a device like any, with keys and messages that wait
 * for it; but no client runs it, and its owner's next client takes the messages over. It ends as devices do, so also when
 * its owner ends all sessions: whoever had got hold of one may have put it there.
 */
export class DehydratedDevices {
  readonly #ports: Ports

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /**
   * Take in a device; the one before it goes with all that waits for it. `caller` is the device that uploads it. Throws M_BAD_JSON,
   * M_INVALID_PARAM (also for the id of a device that somebody is logged in with), M_MISSING_PARAM, M_TOO_LARGE.
   */
  async put(caller: KeyOwner, upload: Dehydration): Promise<void> {
    const { db, lists } = this.#ports
    const { userId } = caller
    const { deviceId } = upload
    checkName(deviceId, 'a device id')
    const rows = this.#rows({ userId, deviceId }, upload)
    const json = readDeviceData(upload.deviceData)
    for (let tries = 0; tries < dehydrationTriesMax; tries++) {
      const was = await findDehydrated(db, userId)
      if (was?.device_id !== deviceId && (await findDevice(db, userId, deviceId)) !== undefined) {
        throw new MatrixError('M_INVALID_PARAM', 'another device has this id')
      }
      const refusedBy = await this.#replace(caller, deviceId, was, json, rows)
      if (refusedBy === 0) throw new MatrixError('M_UNKNOWN_TOKEN', 'this device was removed')
      if (refusedBy === undefined) return lists.settled(userId)
    }
    throw new MatrixError('M_LIMIT_EXCEEDED', 'other devices of the user do the same', { extra: { retry_after_ms: 1_000 } })
  }

  /** The user's device and its private part. Throws M_NOT_FOUND. */
  async get(userId: UserId): Promise<{ readonly deviceId: string; readonly deviceData: JsonObject }> {
    const row = await findDehydrated(this.#ports.db, userId)
    if (row === undefined) throw none()
    return { deviceId: row.device_id, deviceData: storedObject(row.json) }
  }

  /** End the user's device; gives its id. Throws M_NOT_FOUND. */
  async remove(userId: UserId): Promise<string> {
    const { db, lists, removal } = this.#ports
    const row = await findDehydrated(db, userId)
    if (row === undefined) throw none()
    const { device_id: deviceId } = row
    const gone = removal(userId, [deviceId])
    const outcome = await db.commit({
      rows: gone.rows ?? [],
      steps: [{ query: deleteDehydrated(userId, deviceId), expect: 1 }, ...stepsOf(gone)],
      announcements: gone.announcements ?? [],
    })
    if (!outcome.committed) throw none()
    await lists.settled(userId)
    return deviceId
  }

  /**
   * Messages for the user's device after `since`. They stay until the device goes: a client that reads them may not come
   * to an end. Throws M_FORBIDDEN for another device.
   */
  async events(device: KeyOwner, since: Positions | undefined, limit: number | undefined): Promise<Batch & { readonly now: Positions }> {
    const { db, queues } = this.#ports
    const row = await findDehydrated(db, device.userId)
    if (row?.device_id !== device.deviceId) throw new MatrixError('M_FORBIDDEN', 'this is not your dehydrated device')
    const now = db.positions()
    return { ...(await queues.peek(device, since, now, limit)), now }
  }

  /** Absent when it is done, or which step refused: 0 when the caller's device is gone. */
  async #replace(
    { userId, deviceId: callerId }: KeyOwner,
    deviceId: string,
    was: DehydratedDeviceRow | undefined,
    json: string,
    rows: readonly Rows[],
  ): Promise<number | undefined> {
    const { db, outbox, removal } = this.#ports
    const gone = was === undefined ? {} : removal(userId, [was.device_id])
    const told = outbox.changed(userId, [deviceId])
    const counts: OneTimeKeysAnnouncement = { kind: 'one-time-keys', userId, deviceId }
    const announcements: readonly Announcement[] = [...(gone.announcements ?? []), counts, ...told.announcements]
    const outcome = await db.commit({
      steps: [
        { query: deviceStands(userId, callerId), expect: 1 },
        ...(was === undefined ? [] : [{ query: deleteDehydrated(userId, was.device_id), expect: 1 }]),
        ...stepsOf(gone),
        { query: insertDehydrated(userId, deviceId, json), expect: 1 },
      ],
      rows: [...(gone.rows ?? []), ...rows, ...told.rows],
      announcements,
    })
    return outcome.committed ? undefined : outcome.refusedBy
  }

  /** The device and its keys. Throws M_BAD_JSON, M_INVALID_PARAM, M_MISSING_PARAM, M_TOO_LARGE. */
  #rows(owner: KeyOwner, upload: Dehydration): Rows[] {
    const { clock, epoch, oneTimeKeys } = this.#ports
    const { userId, deviceId } = owner
    if (upload.deviceKeys === undefined) throw new MatrixError('M_MISSING_PARAM', 'a dehydrated device has device_keys')
    const deviceKeys = readDeviceKeys(owner, upload.deviceKeys)
    const offered = readKeys(upload.oneTimeKeys, 'one_time_keys', oneTimeKeysMax)
    const fallback = readKeys(upload.fallbackKeys, 'fallback_keys', fallbackKeysMax)
    const byAlgorithm = new Map(fallback.map((key) => [key.algorithm, key]))
    const keys = offered.map(({ algorithm, id, json }) => [userId, deviceId, algorithm, id, oneTimeKeys.nextSeq(), epoch, json])
    const last = [...byAlgorithm.values()].map(({ algorithm, id, json }) => [userId, deviceId, algorithm, id, json, 0])
    return [
      { write: insertDevice, rows: [[userId, deviceId, upload.displayName ?? null, clock.now(), null, null]] },
      { write: upsertDeviceKeys, rows: [[userId, deviceId, deviceKeys]] },
      ...(keys.length === 0 ? [] : [{ write: insertOneTimeKey, rows: keys }]),
      ...(last.length === 0 ? [] : [{ write: upsertFallbackKey, rows: last }]),
    ]
  }
}

function readDeviceData(value: unknown): string {
  const data = objectIn(value, 'device_data')
  if (typeof data['algorithm'] !== 'string') throw new MatrixError('M_BAD_JSON', 'device_data names its algorithm')
  return jsonWithin(data, dehydratedBytesMax, 'device_data')
}

function stepsOf({ steps = [] }: UnitParts): Step[] {
  return steps.map(({ query, expect }) => (expect === undefined ? { query } : { query, expect }))
}

function none(): MatrixError {
  return new MatrixError('M_NOT_FOUND', 'there is no dehydrated device')
}
