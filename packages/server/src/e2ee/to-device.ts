import { isJsonObject, parseUserId, serverOf, type JsonObject, type ServerName, type UserId } from '@causeway/events'
import { MatrixError } from '../errors.ts'
import type { EduOutbox, StoredEdu } from '../federation/senders/edu-outbox.ts'
import type { Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/logger.ts'
import type { Random } from '../platform/random.ts'
import type { Announcement, Database, Rows } from '../storage/database.ts'
import { devicesOfUsers } from '../storage/tables/devices.ts'
import { forgetReceived, insertReceivedMessage, insertToDevice, isReceived } from '../storage/tables/to-device.ts'
import type { ToDeviceAnnouncement } from './announcements.ts'
import { directToDevice } from './direct-to-device.ts'
import { arrivingMs, forgetReceivedMs, receivedMs, toDeviceBytesMax, toDeviceMessagesMax, toDeviceRecipientsMax } from './limits.ts'
import { isName, jsonWithin } from './names.ts'
import type { ToDeviceQueues } from './to-device-queues.ts'

/** Remembers answers to client transactions; see `TransactionMemory` of rooms. */
export interface SentTransactions {
  find(key: SentKey): Promise<string | undefined>
  rows(key: SentKey, answer: string, now: number): Rows
  remember(key: SentKey, answer: string): void
  forget(key: SentKey): void
}

interface SentKey {
  readonly session: number
  readonly operation: string
  readonly parts: readonly string[]
}

/** Messages as /sendToDevice has them: content by user and device, `*` for all devices. */
export interface SendCommand {
  readonly sender: UserId
  readonly sessionId: number
  readonly type: string
  readonly txnId: string
  readonly messages: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/** One message for a device of ours. */
interface Addressed {
  readonly userId: UserId
  readonly deviceId: string
  readonly json: string
}

interface Ports {
  readonly db: Database
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly serverName: ServerName
  readonly edus: EduOutbox
  readonly transactions: SentTransactions
  readonly queues: ToDeviceQueues
}

/** What a unit needs so that messages are delivered with it. */
export interface Delivery {
  readonly rows: readonly Rows[]
  readonly announcements: readonly Announcement[]
}

/** Messages from device to device (Client-Server API, "Send-to-Device messaging"). */
export class ToDevice {
  readonly #ports: Ports
  readonly #running = new Map<string, Promise<void>>()
  /** Ids of messages whose transaction is on its way. */
  readonly #arriving = new Set<string>()
  #forgetAt = 0

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /**
   * Send messages; durable, here or on their way, when it resolves. A repetition of the transaction sends nothing more.
   * Throws M_INVALID_PARAM, M_BAD_JSON, M_TOO_LARGE, M_RESOURCE_LIMIT_EXCEEDED when no device takes anything any more.
   */
  send(command: SendCommand): Promise<void> {
    const key = JSON.stringify([command.sessionId, command.type, command.txnId])
    const running = this.#running.get(key)
    if (running !== undefined) return running
    const sending = this.#send(command).finally(() => this.#running.delete(key))
    this.#running.set(key, sending)
    return sending
  }

  async #send({ sender, sessionId, type, txnId, messages }: SendCommand): Promise<void> {
    const { db, clock, random, serverName, transactions, queues, edus } = this.#ports
    const key = { session: sessionId, operation: 'sendToDevice', parts: [type, txnId] }
    if ((await transactions.find(key)) !== undefined) return
    const wanted = readMessages(messages)
    const local = wanted.filter(({ userId }) => serverOf(userId) === serverName)
    const remote = Map.groupBy(wanted, ({ userId }) => serverOf(userId))
    remote.delete(serverName)
    const addressed = await this.#address(local, sender, type)
    const fitting = await queues.fitting(addressed)
    if (fitting.length === 0 && addressed.length > 0 && remote.size === 0) {
      throw new MatrixError('M_RESOURCE_LIMIT_EXCEEDED', `${toDeviceMessagesMax} messages wait for this device already`)
    }
    const stored: StoredEdu[] = [...remote].flatMap(([server, list]) =>
      directToDevice(random, { sender, type }, list).map((edu) => ({ servers: [server], edu })),
    )
    const position = db.nextPosition()
    const here = this.#delivery(fitting, position)
    const away = edus.unit(position, stored)
    const outcome = await db.commit({
      rows: [...here.rows, ...away.rows, transactions.rows(key, '{}', clock.now())],
      announcements: [...here.announcements, ...away.announcements],
    })
    if (outcome.committed) transactions.remember(key, '{}')
  }

  /**
   * Take in an m.direct_to_device of `origin`: what to write with its transaction. Absent for what is malformed, not of a user of
   * theirs (F11), or was taken in before. Server-Server API, "Send-to-device messaging".
   */
  async receive(
    origin: ServerName,
    content: JsonObject,
  ): Promise<{ readonly rows: readonly Rows[]; place(position: number): Delivery; afterwards(): void } | undefined> {
    const { sender: from, type, message_id: messageId, messages } = content
    const sender = typeof from === 'string' ? parseUserId(from) : undefined
    if (sender === undefined || serverOf(sender) !== origin || typeof type !== 'string' || !isName(type)) return undefined
    if (typeof messageId !== 'string' || !isName(messageId) || !isJsonObject(messages)) return undefined
    const { db, clock, queues, serverName } = this.#ports
    const name = `${origin} ${messageId}`
    if (this.#arriving.has(name) || (await isReceived(db, origin, messageId)) !== undefined) return undefined
    const wanted = acceptable(messages).filter(({ userId }) => serverOf(userId) === serverName)
    const fitting = await queues.fitting(await this.#address(wanted, sender, type))
    if (this.#arriving.has(name)) return undefined
    this.#arriving.add(name)
    // The transaction may fail: then it is repeated, with a message that is as new as before.
    const cancel = clock.schedule(arrivingMs, () => this.#arriving.delete(name))
    return {
      rows: [{ write: insertReceivedMessage, rows: [[origin, messageId, clock.now()]] }],
      place: (position) => this.#delivery(fitting, position),
      afterwards: () => {
        cancel()
        this.#arriving.delete(name)
        this.#forget()
      },
    }
  }

  /** One message for each device that is meant; devices and users that are not there get none. */
  async #address(wanted: readonly Wanted[], sender: UserId, type: string): Promise<Addressed[]> {
    if (wanted.length === 0) return []
    const rows = await devicesOfUsers(this.#ports.db, [...new Set(wanted.map(({ userId }) => userId))])
    const devices = Map.groupBy(rows, (row) => row.user_id)
    const head = `"sender":${JSON.stringify(sender)},"type":${JSON.stringify(type)}}`
    return wanted.flatMap(({ userId, deviceId, json }) =>
      (devices.get(userId) ?? [])
        .filter((row) => deviceId === '*' || deviceId === row.device_id)
        .map((row) => ({ userId, deviceId: row.device_id, json: `{"content":${json},${head}` })),
    )
  }

  #delivery(messages: readonly Addressed[], position: number): Delivery {
    if (messages.length === 0) return { rows: [], announcements: [] }
    const { db, queues } = this.#ports
    const rows = messages.map(({ userId, deviceId, json }) => [userId, deviceId, db.slot, position, queues.nextSeq(), json])
    const userIds = [...new Set(messages.map(({ userId }) => userId))]
    const announcement: ToDeviceAnnouncement = { kind: 'to-device', slot: db.slot, position, userIds }
    return { rows: [{ write: insertToDevice, rows }], announcements: [announcement] }
  }

  /** Now and then ids of long ago are forgotten. */
  #forget(): void {
    const { db, clock, log } = this.#ports
    const now = clock.now()
    if (now < this.#forgetAt) return
    this.#forgetAt = now + forgetReceivedMs
    db.commit({ steps: [{ query: forgetReceived(now - receivedMs) }] }).catch((err: unknown) => log.warn({ err }, 'old message ids stayed'))
  }
}

/** What somebody wants to send to a device, `*` for all of the user. */
export interface Wanted {
  readonly userId: UserId
  readonly deviceId: string
  /** The content. */
  readonly json: string
}

/** Throws M_INVALID_PARAM, M_BAD_JSON, M_TOO_LARGE. */
function readMessages(messages: SendCommand['messages']): Wanted[] {
  const wanted: Wanted[] = []
  for (const [user, devices] of Object.entries(messages)) {
    const userId = parseUserId(user)
    if (userId === undefined) throw new MatrixError('M_INVALID_PARAM', 'messages names something that is no user id')
    for (const [deviceId, content] of Object.entries(devices)) {
      if (wanted.length >= toDeviceRecipientsMax) {
        throw new MatrixError('M_TOO_LARGE', `a request names at most ${toDeviceRecipientsMax} devices`)
      }
      if (typeof content !== 'object' || content === null || Array.isArray(content)) {
        throw new MatrixError('M_BAD_JSON', 'a message is an object')
      }
      if (!isName(deviceId)) throw new MatrixError('M_INVALID_PARAM', 'messages names something that is no device id')
      wanted.push({ userId, deviceId, json: jsonWithin(content, toDeviceBytesMax, 'a message') })
    }
  }
  return wanted
}

/** Of another server's messages those that may be delivered. */
function acceptable(messages: JsonObject): Wanted[] {
  const wanted: Wanted[] = []
  for (const [user, devices] of Object.entries(messages)) {
    const userId = parseUserId(user)
    if (userId === undefined || !isJsonObject(devices)) continue
    for (const [deviceId, content] of Object.entries(devices)) {
      if (!isName(deviceId) || !isJsonObject(content)) continue
      if (wanted.length >= toDeviceRecipientsMax) return wanted
      try {
        wanted.push({ userId, deviceId, json: jsonWithin(content, toDeviceBytesMax, 'a message') })
      } catch (error) {
        if (!(error instanceof MatrixError)) throw error
      }
    }
  }
  return wanted
}
