import {
  canonicalJson,
  decodeBase64,
  encodeBase64,
  fromPlain,
  isJsonObject,
  parseKeyId,
  signableBytes,
  signingKeyFromSeed,
  type SigningKey,
} from '@causeway/events'
import { objectAt, stringAt } from '../client/json.ts'
import { simRandom } from './sim-random.ts'
import type { SimUser } from './sim-user.ts'

type Json = Readonly<Record<string, unknown>>

/** An ed25519 key for signing objects of clients; the same seed gives the same key. */
export class SimKey {
  readonly publicKey: string
  readonly #key: SigningKey

  constructor(seed: number) {
    const keyId = parseKeyId('ed25519:sim')
    if (keyId === undefined) throw new Error('the key id is valid')
    this.#key = signingKeyFromSeed(keyId, simRandom(seed).bytes(32))
    this.publicKey = encodeBase64(this.#key.publicKey)
  }

  /** `object` with a signature of this key added, under the name that the signer gives it. */
  sign(object: Json, signer: string, name = this.publicKey): Json {
    const plain = fromPlain(object)
    if (!isJsonObject(plain)) throw new Error('what is signed is an object')
    const signature = encodeBase64(this.#key.sign(signableBytes(plain)))
    const before = objectAt(object['signatures'] ?? {})
    return { ...object, signatures: { ...before, [signer]: { ...objectAt(before[signer] ?? {}), [`ed25519:${name}`]: signature } } }
  }

  /** A cross-signing key of a user for a purpose. */
  crossSigning(userId: string, usage: string): Json {
    return { user_id: userId, usage: [usage], keys: { [`ed25519:${this.publicKey}`]: this.publicKey } }
  }
}

/** The encrypting part of a simulated person's client: its keys and its /sync. */
export class SimDevice {
  readonly user: SimUser
  readonly deviceId: string
  readonly key: SimKey
  since: string | undefined
  #transaction = 0
  #oneTimeKeys = 0

  private constructor(user: SimUser, deviceId: string) {
    this.user = user
    this.deviceId = deviceId
    this.key = new SimKey(deviceId.length * 1_000 + (decodeBase64(deviceId)?.[0] ?? 0) + user.userId.length)
  }

  /** The device of a user whose id is known. */
  static named(user: SimUser, deviceId: string): SimDevice {
    return new SimDevice(user, deviceId)
  }

  static async of(user: SimUser): Promise<SimDevice> {
    return new SimDevice(user, stringAt((await user.request('GET', '/account/whoami'))['device_id']))
  }

  get keys(): Json {
    const { userId } = this.user
    const keys = {
      user_id: userId,
      device_id: this.deviceId,
      algorithms: ['m.olm.v1.curve25519-aes-sha2', 'm.megolm.v1.aes-sha2'],
      keys: { [`curve25519:${this.deviceId}`]: 'c2ltdWxhdGVk', [`ed25519:${this.deviceId}`]: this.key.publicKey },
    }
    return this.key.sign(keys, userId, this.deviceId)
  }

  /** Upload the device's keys and some one-time keys, which are numbered in order. */
  async upload(oneTimeKeys = 0): Promise<Json> {
    return this.user.request('POST', '/keys/upload', this.uploadBody(oneTimeKeys))
  }

  /** The device's keys and fresh one-time keys, as they are uploaded. */
  uploadBody(oneTimeKeys: number): Json {
    const fresh: Record<string, unknown> = {}
    for (let i = 0; i < oneTimeKeys; i += 1) {
      fresh[`signed_curve25519:${this.#oneTimeKeys++}`] = { key: `key ${this.#oneTimeKeys} of ${this.deviceId}` }
    }
    return { device_keys: this.keys, one_time_keys: fresh }
  }

  /** The devices of users, as this one sees them. */
  async query(...userIds: readonly string[]): Promise<Json> {
    return this.user.request('POST', '/keys/query', { device_keys: Object.fromEntries(userIds.map((userId) => [userId, []])) })
  }

  /** Send a message to a device. */
  async send(userId: string, deviceId: string, content: Json, transaction = `d${this.#transaction++}`): Promise<void> {
    await this.user.request('PUT', `/sendToDevice/m.test/${encodeURIComponent(transaction)}`, {
      messages: { [userId]: { [deviceId]: content } },
    })
  }

  /** The next answer of /sync, without waiting. */
  async sync(): Promise<Json> {
    const since = this.since === undefined ? '' : `&since=${encodeURIComponent(this.since)}`
    const answer = await this.user.request('GET', `/sync?timeout=0${since}`)
    this.since = stringAt(answer['next_batch'])
    return answer
  }

  /** Wait in /sync, up to a minute, until an answer has this member. */
  async waitFor(section: string): Promise<Json> {
    for (let asked = 0; ; asked += 1) {
      const answer = await this.user.request('GET', `/sync?timeout=30000&since=${encodeURIComponent(this.since ?? '')}`)
      this.since = stringAt(answer['next_batch'])
      if (answer[section] !== undefined || asked > 20) return answer
    }
  }

  /** The contents of the messages that the next /sync brings. */
  async messages(): Promise<unknown[]> {
    const { events } = objectAt((await this.sync())['to_device'] ?? {})
    return Array.isArray(events) ? events.map((event: unknown) => objectAt(event)['content']) : []
  }

  /** Whose devices changed since the last /sync, and who left. */
  async lists(): Promise<{ changed: unknown; left: unknown }> {
    const { changed = [], left = [] } = objectAt((await this.sync())['device_lists'] ?? {})
    return { changed, left }
  }
}

/** Two objects as canonical JSON are the same text. */
export function sameJson(one: unknown, other: unknown): boolean {
  const [a, b] = [fromPlain(one), fromPlain(other)]
  return a !== undefined && b !== undefined && canonicalJson(a) === canonicalJson(b)
}
