import assert from 'node:assert/strict'
import {
  createClient,
  EventType,
  PendingEventOrdering,
  SyncState,
  type ICreateRoomStateEvent,
  type MatrixClient,
  type MatrixEvent,
} from 'matrix-js-sdk'
import type { CryptoApi } from 'matrix-js-sdk/lib/crypto-api/index.js'
import { decodeRecoveryKey } from 'matrix-js-sdk/lib/crypto-api/recovery-key.js'
import { MatrixClient as Session } from '../../packages/testkit/src/client/matrix-client.ts'
import type { Homeserver } from '../../packages/testkit/src/processes/homeserver.ts'
import { Diary } from './diary.ts'
import { silent } from './quiet-sdk.ts'
import { until } from './waiting.ts'

/** How a device is set up. */
export interface DeviceOptions {
  /** The account exists: this is another login. */
  readonly again?: boolean
  /** What its user typed in to get at their secret storage. */
  readonly recoveryKey?: string
  /** Where the device reaches its server, when that is not the server itself. */
  readonly url?: string
}

/** Messages that the first /sync has of each room. */
const INITIAL_EVENTS = 20

/** A room's state that makes it encrypted. `rotationMessages`: after how many messages a sender makes a new key. */
export function encryption(rotationMessages?: number): ICreateRoomStateEvent {
  const rotation = rotationMessages === undefined ? {} : { rotation_period_msgs: rotationMessages }
  return { type: EventType.RoomEncryption, state_key: '', content: { algorithm: 'm.megolm.v1.aes-sha2', ...rotation } }
}

/** Devices of people in this process: SDK clients with keys of their own in memory. */
export class Devices {
  readonly #diaries = new Map<MatrixClient, Diary>()

  /** A device of somebody, who is registered if need be, that encrypts and follows /sync. Resolves when the first answer is in. */
  async open(server: Homeserver, localpart: string, options: DeviceOptions = {}): Promise<MatrixClient> {
    const session =
      options.again === true
        ? await Session.login(server.origin, localpart, `password of ${localpart}`)
        : await server.registerUser(localpart)
    const recoveryKey = options.recoveryKey === undefined ? undefined : decodeRecoveryKey(options.recoveryKey)
    const diary = new Diary()
    const client = createClient({
      fetchFn: diary.fetch,
      baseUrl: options.url ?? server.url,
      userId: session.userId,
      deviceId: session.deviceId,
      accessToken: session.accessToken,
      logger: silent,
      cryptoCallbacks: secretStorageKeys(recoveryKey),
    })
    this.#diaries.set(client, diary)
    diary.follow(client)
    await client.initRustCrypto({ useIndexedDB: false })
    const ready = until(
      client,
      () => client.getSyncState() === SyncState.Prepared || client.getSyncState() === SyncState.Syncing,
      'the first /sync',
    )
    // As Element has it: threads apart, and what is being sent in a list of its own.
    await client.startClient({
      initialSyncLimit: INITIAL_EVENTS,
      threadSupport: true,
      pendingEventOrdering: PendingEventOrdering.Detached,
    })
    await ready
    return client
  }

  close(): void {
    for (const client of this.#diaries.keys()) client.stopClient()
  }

  /** As `act`; an error also tells what these devices did last. */
  async explain<T>(clients: () => readonly MatrixClient[], act: () => Promise<T>): Promise<T> {
    try {
      return await act()
    } catch (error) {
      const diaries = clients().map((client) => `${client.getUserId()} ${client.getDeviceId()}:\n  ${this.#diaries.get(client)}`)
      throw new Error([String(error), ...diaries].join('\n'), { cause: error })
    }
  }
}

/** Remembers the key of the secret storage, as it was typed in or made. */
function secretStorageKeys(typedIn: Uint8Array<ArrayBuffer> | undefined) {
  const made = new Map<string, Uint8Array<ArrayBuffer>>()
  return {
    getSecretStorageKey: async ({ keys }: { keys: Record<string, unknown> }): Promise<[string, Uint8Array<ArrayBuffer>] | null> => {
      for (const keyId of Object.keys(keys)) {
        const key = made.get(keyId) ?? typedIn
        if (key !== undefined) return [keyId, key]
      }
      return null
    },
    cacheSecretStorageKey: (keyId: string, _info: unknown, key: Uint8Array<ArrayBuffer>): void => void made.set(keyId, key),
  }
}

/** The client's encryption. */
export function cryptoOf(client: MatrixClient): CryptoApi {
  const crypto = client.getCrypto()
  assert(crypto !== undefined, 'the client encrypts')
  return crypto
}

/** What the client has of a room in its live timeline, oldest first. */
export function timelineOf(client: MatrixClient, roomId: string): MatrixEvent[] {
  return client.getRoom(roomId)?.getLiveTimeline().getEvents() ?? []
}

/** The message of an event that came encrypted and was decrypted; absent for every other one. */
export function decryptedText(event: MatrixEvent): string | undefined {
  const body: unknown = event.getContent()['body']
  return event.isEncrypted() && !event.isDecryptionFailure() && typeof body === 'string' ? body : undefined
}

/** Does the client read this text in the room, decrypted? */
export function reads(client: MatrixClient, roomId: string, text: string): boolean {
  return timelineOf(client, roomId).some((event) => decryptedText(event) === text)
}
