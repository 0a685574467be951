import { hash } from 'node:crypto'
import {
  encodeBase64,
  fromPlain,
  isJsonObject,
  parseKeyId,
  parseServerName,
  signingKeyFromSeed,
  signJson,
  type JsonObject,
  type ServerName,
  type SigningKey,
} from '@causeway/events'
import { arrayAt, stringAt } from '../client/json.ts'

/** A request to an identity server. */
export interface IdentityRequest {
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly body: unknown
  /** The header; looked at only where it is given. */
  readonly authorization?: string
}

/** What it answers. */
export interface IdentityAnswer {
  readonly status: number
  readonly body: unknown
}

interface Kept {
  readonly invite: JsonObject
  readonly token: string
}

/** The token with which everybody asks. */
export const identityToken = 'secret'

const pepper = 'with pepper'
const v2 = '/_matrix/identity/v2'

/**
 * An identity server as far as invites need one (Identity Service API v2): looking addresses up by their hashes, keeping invites, telling
 * whether its keys are valid, and signing for whoever has shown that an address is theirs. It listens nowhere: tests put it where they
 * need it.
 */
export class IdentityServer {
  readonly name: ServerName
  /** What was asked, oldest first. */
  readonly requests: IdentityRequest[] = []
  readonly #longTerm: SigningKey
  readonly #ephemeral: SigningKey
  readonly #users = new Map<string, { readonly address: string; readonly userId: string }>()
  readonly #kept: Kept[] = []
  /** Keys that are called back. */
  readonly revoked = new Set<string>()

  constructor(name: string) {
    const serverName = parseServerName(name)
    if (serverName === undefined) throw new Error(`${name} is no server name`)
    this.name = serverName
    this.#longTerm = keyOf('0', `${name} for long`)
    this.#ephemeral = keyOf('ephemeral', `${name} for once`)
  }

  /** Both keys, as its invites name them. */
  get publicKeys(): readonly string[] {
    return [this.#longTerm, this.#ephemeral].map(({ publicKey }) => encodeBase64(publicKey))
  }

  /** Invites that it keeps, as they came. */
  get kept(): readonly JsonObject[] {
    return this.#kept.map(({ invite }) => invite)
  }

  /** Somebody shows that an address is theirs. Gives what their server is told by PUT /3pid/onbind, each invite signed by `key`. */
  bind(address: string, userId: string, key: 'long-term' | 'ephemeral' = 'long-term'): JsonObject {
    this.#users.set(hashOf(address), { address, userId })
    const invites = this.#kept
      .filter(({ invite }) => invite['address'] === address)
      .map(({ invite, token }) => ({
        medium: 'email',
        address,
        mxid: userId,
        room_id: invite['room_id'],
        sender: invite['sender'],
        signed: this.sign({ mxid: userId, sender: invite['sender'], token }, key),
      }))
    return objectOf({ medium: 'email', address, mxid: userId, invites })
  }

  /** The token of the newest invite of an address. */
  tokenOf(address: string): string {
    const found = this.#kept.findLast(({ invite }) => invite['address'] === address)
    if (found === undefined) throw new Error(`nobody has invited ${address}`)
    return found.token
  }

  /** What it signs for whoever knows a token's private key. */
  sign(what: Readonly<Record<string, unknown>>, key: 'long-term' | 'ephemeral' = 'long-term'): JsonObject {
    return signJson(objectOf(what), this.name, key === 'long-term' ? this.#longTerm : this.#ephemeral)
  }

  /** Answer a request; undefined for one that is not for an identity server. */
  answer(request: IdentityRequest): IdentityAnswer | undefined {
    const [path = '', query = ''] = request.path.split('?')
    if (!path.startsWith(v2)) return undefined
    this.requests.push(request)
    const isOpen = path.startsWith(`${v2}/pubkey/`) || request.authorization === undefined
    if (!isOpen && request.authorization !== `Bearer ${identityToken}`) {
      return { status: 401, body: { errcode: 'M_UNAUTHORIZED', error: 'who are you' } }
    }
    switch (`${request.method} ${path.slice(v2.length)}`) {
      case 'GET /hash_details':
        return ok({ lookup_pepper: pepper, algorithms: ['none', 'sha256'] })
      case 'POST /lookup':
        return ok({ mappings: Object.fromEntries(this.#found(request.body)) })
      case 'POST /store-invite':
        return this.#store(objectOf(request.body))
      case 'GET /pubkey/isvalid':
      case 'GET /pubkey/ephemeral/isvalid': {
        const key = new URLSearchParams(query).get('public_key') ?? ''
        return ok({ valid: this.publicKeys.includes(key) && !this.revoked.has(key) })
      }
      default:
        return { status: 404, body: { errcode: 'M_UNRECOGNIZED', error: 'no such thing' } }
    }
  }

  *#found(body: unknown): Generator<[string, string]> {
    if (stringAt(body, 'algorithm') !== 'sha256' || stringAt(body, 'pepper') !== pepper) return
    for (const address of arrayAt(body, 'addresses')) {
      const user = this.#users.get(String(address))
      if (user !== undefined) yield [String(address), user.userId]
    }
  }

  #store(invite: JsonObject): IdentityAnswer {
    const bound = this.#users.get(hashOf(String(invite['address'])))
    if (bound !== undefined) return { status: 400, body: { errcode: 'M_THREEPID_IN_USE', error: 'bound', mxid: bound.userId } }
    const token = `token-${this.#kept.length + 1}`
    this.#kept.push({ invite, token })
    const [longTerm, ephemeral] = this.publicKeys
    return ok({
      token,
      display_name: 'b...@e...',
      public_keys: [
        { public_key: longTerm, key_validity_url: `https://${this.name}${v2}/pubkey/isvalid` },
        { public_key: ephemeral, key_validity_url: `https://${this.name}${v2}/pubkey/ephemeral/isvalid` },
      ],
    })
  }
}

function ok(body: unknown): IdentityAnswer {
  return { status: 200, body }
}

function hashOf(address: string): string {
  return hash('sha256', `${address} email ${pepper}`, 'base64url')
}

function keyOf(id: string, text: string): SigningKey {
  const keyId = parseKeyId(`ed25519:${id}`)
  if (keyId === undefined) throw new Error(`${id} is no part of a key id`)
  return signingKeyFromSeed(keyId, hash('sha256', text, 'buffer'))
}

function objectOf(plain: unknown): JsonObject {
  const value = fromPlain(plain)
  if (!isJsonObject(value)) throw new Error('not a JSON object')
  return value
}
