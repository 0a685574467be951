import { hash } from 'node:crypto'
import {
  canonicalJson,
  isJsonObject,
  parseJson,
  parseServerName,
  parseUserId,
  THIRD_PARTY_INVITE_KEYS_MAX,
  type InviteKey,
  type JsonObject,
  type JsonValue,
  type RoomId,
  type ServerName,
  type UserId,
} from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import type { OutboundClient, OutboundRequest, OutboundResult } from '../../http/outbound/outbound-client.ts'
import { targetOfUrl } from '../../http/outbound/outbound-target.ts'
import { identityAnswerBytesMax, identityAnswerMsMax, identityTextCharsMax } from '../limits.ts'

interface Ports {
  readonly outbound: Pick<OutboundClient, 'request'>
  /** The identity servers that clients may name; absent: all. */
  readonly allowed: readonly string[] | undefined
}

/** A third-party identifier, and the identity server that is asked about it with a token of the asking user's own. */
export interface AddressQuery {
  readonly idServer: string
  readonly idAccessToken: string
  readonly medium: string
  readonly address: string
}

/** What an identity server tells the invited person of the room and of who invites. */
export interface InviteFacts {
  readonly roomId: RoomId
  readonly sender: UserId
  /** `room_name`, `sender_display_name` and so on, by their names in the API. */
  readonly more: JsonObject
}

/** An invite that the identity server keeps until somebody proves that the address is theirs. */
export interface StoredInvite {
  readonly token: string
  readonly displayName: string
  readonly publicKeys: readonly InviteKey[]
}

/** The questions to identity servers (Identity Service API). Which one is asked the client says; addresses are checked as for every request. */
export class IdentityServers {
  readonly #ports: Ports

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /**
   * Whose address it is, by a hash of it; absent when it is nobody's. Throws M_INVALID_PARAM and M_SERVER_NOT_TRUSTED for the
   * server's name, M_FORBIDDEN for what it refuses, 502 M_UNKNOWN when it gives no usable answer.
   */
  async lookup(query: AddressQuery): Promise<UserId | undefined> {
    const server = this.#serverOf(query)
    const details = answered(await this.#call(server, query, 'GET', '/hash_details'))
    const { lookup_pepper: pepper, algorithms } = details
    if (typeof pepper !== 'string' || !Array.isArray(algorithms) || !algorithms.includes('sha256')) throw unusable()
    const address = hash('sha256', `${query.address} ${query.medium} ${pepper}`, 'base64url')
    const body = { algorithm: 'sha256', pepper, addresses: [address] }
    const { mappings } = answered(await this.#call(server, query, 'POST', '/lookup', body))
    if (!isJsonObject(mappings)) throw unusable()
    return userIn(mappings[address])
  }

  /** Have an invite kept, and sent to the address. Gives a user where the address turns out to be theirs. Throws as `lookup`. */
  async storeInvite(query: AddressQuery, { roomId, sender, more }: InviteFacts): Promise<StoredInvite | UserId> {
    const body = { ...more, medium: query.medium, address: query.address, room_id: roomId, sender }
    const answer = await this.#call(this.#serverOf(query), query, 'POST', '/store-invite', body)
    const bound = answer.body['errcode'] === 'M_THREEPID_IN_USE' ? userIn(answer.body['mxid']) : undefined
    if (bound !== undefined) return bound
    const { token, display_name: displayName, public_keys: keys } = answered(answer)
    const publicKeys = Array.isArray(keys) ? keys.slice(0, THIRD_PARTY_INVITE_KEYS_MAX).flatMap((key) => keyOf(key) ?? []) : []
    // "A string consisting of the characters [0-9a-zA-Z.=_-]. Its length must not exceed 255 characters and it must not be empty."
    if (typeof token !== 'string' || !/^[0-9a-zA-Z.=_-]{1,255}$/.test(token) || publicKeys.length === 0) throw unusable()
    if (typeof displayName !== 'string' || displayName.length > identityTextCharsMax) throw unusable()
    return { token, displayName, publicKeys }
  }

  /**
   * Is a key of an invite still valid, as its `key_validity_url` has it? A key without one "must be considered valid indefinitely".
   * Throws 502 M_UNKNOWN when nobody says so.
   */
  async isKeyValid({ publicKey, keyValidityUrl }: InviteKey): Promise<boolean> {
    if (keyValidityUrl === undefined) return true
    const url = URL.parse(keyValidityUrl)
    const target = url === null ? undefined : targetOfUrl(url)
    if (url === null || target === undefined) return false
    url.searchParams.set('public_key', publicKey)
    const path = `${url.pathname}${url.search}`
    return answered(read(await this.#ports.outbound.request({ ...limits, target, method: 'GET', path })))['valid'] === true
  }

  #serverOf({ idServer }: AddressQuery): ServerName {
    const server = parseServerName(idServer)
    if (server === undefined) throw new MatrixError('M_INVALID_PARAM', 'id_server must be a name of a server')
    const { allowed } = this.#ports
    if (allowed !== undefined && !allowed.includes(server.toLowerCase())) {
      throw new MatrixError('M_SERVER_NOT_TRUSTED', 'This server does not ask that identity server')
    }
    return server
  }

  async #call(
    server: ServerName,
    { idAccessToken }: AddressQuery,
    method: OutboundRequest['method'],
    path: string,
    body?: JsonObject,
  ): Promise<Answer> {
    const target = targetOfUrl(new URL(`https://${server}/`))
    if (target === undefined) throw new MatrixError('M_INVALID_PARAM', 'id_server must be a name of a server')
    const headers = { authorization: `Bearer ${idAccessToken}`, 'content-type': 'application/json' }
    const request = { ...limits, target, method, path: `/_matrix/identity/v2${path}`, headers }
    return read(await this.#ports.outbound.request(body === undefined ? request : { ...request, body: canonicalJson(body) }))
  }
}

const limits = { deadlineMs: identityAnswerMsMax, responseBytesMax: identityAnswerBytesMax }

interface Answer {
  readonly status: number
  readonly body: JsonObject
}

function read(result: OutboundResult): Answer {
  if (!result.ok) throw new MatrixError('M_UNKNOWN', 'The identity server cannot be reached', { status: 502 })
  const parsed = parseJson(result.body)
  if (!parsed.ok || !isJsonObject(parsed.value)) throw unusable()
  return { status: result.status, body: parsed.value }
}

/** What it says itself of a refusal is not repeated: its 401 must not log our user out. */
function answered({ status, body }: Answer): JsonObject {
  if (status >= 200 && status < 300) return body
  if (body['errcode'] === 'M_TERMS_NOT_SIGNED') throw new MatrixError('M_FORBIDDEN', 'The identity server has terms to be agreed to first')
  if (status === 401 || status === 403) throw new MatrixError('M_FORBIDDEN', 'The identity server does not allow it')
  if (status >= 400 && status < 500) throw new MatrixError('M_INVALID_PARAM', 'The identity server does not accept the address')
  throw unusable()
}

function userIn(value: JsonValue | undefined): UserId | undefined {
  return typeof value === 'string' ? parseUserId(value) : undefined
}

function keyOf(value: JsonValue): InviteKey | undefined {
  if (!isJsonObject(value)) return undefined
  const { public_key: publicKey, key_validity_url: keyValidityUrl } = value
  if (typeof publicKey !== 'string' || publicKey.length > identityTextCharsMax) return undefined
  if (typeof keyValidityUrl !== 'string') return { publicKey, keyValidityUrl: undefined }
  return keyValidityUrl.length > identityTextCharsMax ? undefined : { publicKey, keyValidityUrl }
}

function unusable(): MatrixError {
  return new MatrixError('M_UNKNOWN', 'The identity server gave no usable answer', { status: 502 })
}
