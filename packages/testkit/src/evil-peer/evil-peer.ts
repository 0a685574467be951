import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import {
  canonicalJson,
  encodeBase64,
  parseKeyId,
  parseServerName,
  signingKeyFromSeed,
  signJson,
  type JsonObject,
  type ServerName,
  type Signer,
} from '@causeway/events'
import { HttpOrigin, type HttpAnswer } from '../client/http-origin.ts'
import { arrayAt, objectsAt, stringAt, type UnknownObject } from '../client/json.ts'
import type { Homeserver } from '../processes/homeserver.ts'
import type { TestCa } from '../tls/test-ca.ts'
import { jsonObject } from './forge.ts'
import { ARRIVAL_MS_MAX, KEY_VALID_MS, POLL_MS } from './limits.ts'

/** A request that came to the peer. */
export interface PeerRequest {
  readonly method: string
  /** Path and query as they came. */
  readonly path: string
  readonly body: unknown
}

/** What the peer answers; a string is sent as it stands. `write` takes over the whole answer, for those that never end. */
export interface PeerReply {
  readonly status?: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly write?: (response: ServerResponse) => void
}

/** Decides about a request; undefined leaves it to handlers that were there before. */
export type PeerHandler = (request: PeerRequest) => PeerReply | undefined | Promise<PeerReply | undefined>

/** How a request departs from an honest one. */
export interface RequestOptions {
  /** The body as text, instead of the content that is signed. */
  readonly rawBody?: string
  readonly headers?: Readonly<Record<string, string>>
  /** The whole Authorization header; none if empty. */
  readonly authorization?: string
  readonly destination?: string
}

/**
 * Another homeserver, scripted by a test: it has a name, a certificate and a signing key, and does what the test says. Without a
 * script it publishes its key, takes transactions, and has nothing.
 */
export class EvilPeer {
  readonly serverName: ServerName
  readonly signer: Signer
  /** All requests that came, oldest first. */
  readonly requests: PeerRequest[] = []
  readonly #victim: Homeserver
  readonly #origin: HttpOrigin
  readonly #listener: Server
  readonly #handlers: PeerHandler[] = []
  #transactions = 0

  private constructor(victim: Homeserver, origin: HttpOrigin, listener: Server, serverName: ServerName) {
    const keyId = parseKeyId('ed25519:evil')
    assert.ok(keyId !== undefined)
    this.#victim = victim
    this.#origin = origin
    this.#listener = listener
    this.serverName = serverName
    this.signer = { serverName, key: signingKeyFromSeed(keyId, randomBytes(32)) }
  }

  /** Listen on a free port of a loopback address; the peer's name is its address and port. */
  static async start(victim: Homeserver, ca: TestCa, address = '127.0.0.1'): Promise<EvilPeer> {
    const identity = ca.issue([address])
    const listener = createServer({ key: identity.key, cert: identity.certificate, keepAlive: true })
    listener.listen(0, address)
    await once(listener, 'listening')
    const bound = listener.address()
    const name = parseServerName(`${address}:${typeof bound === 'object' && bound !== null ? bound.port : 0}`)
    assert.ok(name !== undefined)
    const origin = new HttpOrigin(`https://127.0.0.1:${victim.federationPort}`, { ca: ca.certificate })
    const peer = new EvilPeer(victim, origin, listener, name)
    listener.on('request', (request, response) => {
      peer.#serve(request, response).catch(() => response.destroy())
    })
    return peer
  }

  /** Ends it; connections are cut. */
  async stop(): Promise<void> {
    this.#origin.close()
    this.#listener.closeAllConnections()
    this.#listener.close()
    await once(this.#listener, 'close')
  }

  /** The server that is attacked. */
  get victim(): Homeserver {
    return this.#victim
  }

  /** Somebody of the peer. */
  user(localpart: string): string {
    return `@${localpart}:${this.serverName}`
  }

  /** From now on `handler` is asked before those that are there. Gives what takes it back. */
  on(handler: PeerHandler): () => void {
    this.#handlers.unshift(handler)
    return () => void this.#handlers.splice(this.#handlers.indexOf(handler), 1)
  }

  /** As `on`, for requests whose path (without the query) matches. */
  onPath(pattern: RegExp, handler: (request: PeerRequest) => PeerReply | Promise<PeerReply>): () => void {
    return this.on((request) => (pattern.test(request.path.split('?')[0] ?? '') ? handler(request) : undefined))
  }

  /** A signed request to the victim. Spec: server-server API, request authentication. */
  request(method: string, path: string, content?: JsonObject, options: RequestOptions = {}): Promise<HttpAnswer> {
    const destination = options.destination ?? this.#victim.serverName
    const authorization = options.authorization ?? this.authorization(method, path, content, destination)
    const body = options.rawBody ?? (content === undefined ? undefined : canonicalJson(content))
    return this.#origin.request({
      method,
      path,
      headers: { ...(authorization === '' ? {} : { authorization }), host: this.#victim.serverName, ...options.headers },
      ...(body === undefined ? {} : { body }),
    })
  }

  /** The Authorization header of a request. */
  authorization(method: string, path: string, content?: JsonObject, destination: string = this.#victim.serverName): string {
    const { serverName, key } = this.signer
    const request = { method, uri: path, origin: serverName, destination, ...(content === undefined ? {} : { content }) }
    const signature = stringAt(signJson(jsonObject(request), serverName, key), 'signatures', serverName, key.keyId)
    return `X-Matrix origin="${serverName}",destination="${destination}",key="${key.keyId}",sig="${signature}"`
  }

  /** A transaction; gives the answer, whatever it is. `txnId`: a new one if absent. */
  transaction(pdus: readonly unknown[], edus: readonly unknown[] = [], txnId?: string): Promise<HttpAnswer> {
    this.#transactions += 1
    const path = `/_matrix/federation/v1/send/${txnId ?? `evil${this.#transactions}`}`
    return this.request('PUT', path, jsonObject({ origin: this.serverName, origin_server_ts: Date.now(), pdus, edus }))
  }

  /** A transaction whose body is this text: what no encoder would write. */
  rawTransaction(rawBody: string): Promise<HttpAnswer> {
    this.#transactions += 1
    const path = `/_matrix/federation/v1/send/evil${this.#transactions}`
    // The signature covers what an ordinary parser reads of the text, as other servers' do.
    return this.request('PUT', path, jsonObject(JSON.parse(rawBody)), { rawBody })
  }

  /** Events of transactions that came, oldest first. */
  get pdus(): UnknownObject[] {
    return this.#taken('pdus')
  }

  /** EDUs of transactions that came, oldest first. */
  get edus(): UnknownObject[] {
    return this.#taken('edus')
  }

  /** Requests whose path matches. */
  asked(pattern: RegExp): PeerRequest[] {
    return this.requests.filter(({ path }) => pattern.test(path))
  }

  /** Wait until `condition` gives something. `what` is for the error after the deadline. */
  async until<T>(what: string, condition: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
    const deadline = performance.now() + ARRIVAL_MS_MAX
    for (;;) {
      const found = await condition()
      if (found !== undefined && found !== false) return found
      if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`)
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  }

  #taken(key: 'pdus' | 'edus'): UnknownObject[] {
    const transactions = this.requests.filter(({ path }) => path.startsWith('/_matrix/federation/v1/send/'))
    return transactions.flatMap(({ body }) => [...objectsAt(body, key)])
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk)
    const text = Buffer.concat(chunks).toString()
    const request: PeerRequest = {
      method: incoming.method ?? '',
      path: incoming.url ?? '',
      body: text === '' ? undefined : JSON.parse(text),
    }
    this.requests.push(request)
    for (const handler of this.#handlers) {
      const reply = await handler(request)
      if (reply !== undefined) return send(response, reply)
    }
    send(response, this.#byDefault(request))
  }

  #byDefault({ path, body }: PeerRequest): PeerReply {
    if (path.startsWith('/_matrix/key/v2/server')) return { body: this.keys() }
    if (path.startsWith('/_matrix/federation/v1/send/')) {
      return { body: { pdus: Object.fromEntries(arrayAt(body, 'pdus').map((_, index) => [`$${index}`, {}])) } }
    }
    if (path.startsWith('/_matrix/federation/v1/user/devices/')) {
      return { body: { user_id: decodeURIComponent(path.slice(path.lastIndexOf('/') + 1)), stream_id: 1, devices: [] } }
    }
    return { status: 404, body: { errcode: 'M_NOT_FOUND', error: 'the peer has nothing' } }
  }

  /** Its published keys, with other fields in place of the usual ones. */
  keys(instead: Readonly<Record<string, unknown>> = {}): JsonObject {
    const { serverName, key } = this.signer
    const verifyKeys = { [key.keyId]: { key: encodeBase64(key.publicKey) } }
    const keys = {
      server_name: serverName,
      valid_until_ts: Date.now() + KEY_VALID_MS,
      verify_keys: verifyKeys,
      old_verify_keys: {},
      ...instead,
    }
    return signJson(jsonObject(keys), serverName, key)
  }
}

function send(response: ServerResponse, reply: PeerReply): void {
  if (reply.write !== undefined) return reply.write(response)
  const text = typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body ?? {})
  response
    .writeHead(reply.status ?? 200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...reply.headers })
    .end(text)
}
