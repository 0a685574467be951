import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
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
  type Signer,
} from '@causeway/events'
import { HttpOrigin, type HttpAnswer } from '../../../packages/testkit/src/client/http-origin.ts'
import { objectsAt, stringAt } from '../../../packages/testkit/src/client/json.ts'
import { REMOTE_BODY_BYTES_MAX, REMOTE_EVENTS_MAX } from '../limits.ts'
import type { Target } from '../target.ts'

const KEY_VALID_MS = 24 * 3_600_000

/**
 * A second homeserver as the measured one sees it: it publishes a signing key, signs its requests, and takes
 * transactions. It keeps no rooms and answers everything else with 404, so that it costs next to nothing.
 */
export class RemoteServer {
  readonly serverName: ServerName
  readonly signer: Signer
  readonly #target: Target
  readonly #origin: HttpOrigin
  readonly #listener: Server
  /** Bodies of the messages that came in transactions, by room. */
  readonly #received = new Map<string, Set<string>>()

  private constructor(target: Target, origin: HttpOrigin, listener: Server, serverName: ServerName, signer: Signer) {
    this.#target = target
    this.#origin = origin
    this.#listener = listener
    this.serverName = serverName
    this.signer = signer
  }

  /** Listen on a free port; the server's name is its address and port. */
  static async start(target: Target): Promise<RemoteServer> {
    const access = target.federation
    if (access === undefined) throw new Error('the measured server does not federate with the benchmark')
    const listener = createServer({ key: access.identity.key, cert: access.identity.certificate, keepAlive: true })
    listener.listen(0, access.address)
    await once(listener, 'listening')
    const bound = listener.address()
    const serverName = parseServerName(`${access.address}:${typeof bound === 'object' && bound !== null ? bound.port : 0}`)
    const keyId = parseKeyId('ed25519:bench')
    if (serverName === undefined || keyId === undefined) throw new Error('the name of the remote server is none')
    const signer = { serverName, key: signingKeyFromSeed(keyId, randomBytes(32)) }
    const server = new RemoteServer(target, new HttpOrigin(access.url, { ca: access.ca }), listener, serverName, signer)
    listener.on('request', (request, response) => {
      // A failure here shows as a failed or missing transaction in the measurement.
      server.#answer(request, response).catch(() => response.destroy())
    })
    return server
  }

  async close(): Promise<void> {
    this.#origin.close()
    this.#listener.closeAllConnections()
    this.#listener.close()
    await once(this.#listener, 'close')
  }

  /** How many messages with a body of their own have come for a room. */
  receivedCount(roomId: string): number {
    return this.#received.get(roomId)?.size ?? 0
  }

  /** A signed request to the measured server. Spec: server-server API, request authentication. */
  async request(method: string, path: string, content?: JsonObject): Promise<HttpAnswer> {
    const destination = this.#target.serverName
    const { serverName, key } = this.signer
    const signed = signJson(
      object({ method, uri: path, origin: serverName, destination, ...(content === undefined ? {} : { content }) }),
      serverName,
      key,
    )
    const signature = stringAt(signed, 'signatures', serverName, key.keyId)
    const authorization = `X-Matrix origin="${serverName}",destination="${destination}",key="${key.keyId}",sig="${signature}"`
    return this.#origin.request({
      method,
      path,
      headers: { authorization, host: destination },
      ...(content === undefined ? {} : { body: content }),
    })
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readJson(request)
    const path = request.url ?? ''
    if (path.startsWith('/_matrix/key/v2/server')) return reply(response, 200, this.#keys())
    if (path.startsWith('/_matrix/federation/v1/send/')) {
      for (const pdu of objectsAt(body, 'pdus')) this.#receive(stringAt(pdu, 'room_id'), pdu['content'])
      return reply(response, 200, { pdus: {} })
    }
    if (path.startsWith('/_matrix/federation/v1/user/devices/')) {
      const userId = decodeURIComponent(path.slice('/_matrix/federation/v1/user/devices/'.length))
      return reply(response, 200, { user_id: userId, stream_id: 1, devices: [] })
    }
    return reply(response, 404, { errcode: 'M_NOT_FOUND', error: 'The benchmark keeps nothing' })
  }

  #receive(roomId: string, content: unknown): void {
    let bodies = this.#received.get(roomId)
    if (bodies === undefined) this.#received.set(roomId, (bodies = new Set()))
    if (typeof content !== 'object' || content === null || !('body' in content)) return
    if (bodies.size >= REMOTE_EVENTS_MAX) throw new Error(`more than ${REMOTE_EVENTS_MAX} events for one room`)
    bodies.add(String(content.body))
  }

  #keys(): JsonObject {
    const { serverName, key } = this.signer
    const verifyKeys = { [key.keyId]: { key: encodeBase64(key.publicKey) } }
    const keys = { server_name: serverName, valid_until_ts: Date.now() + KEY_VALID_MS, verify_keys: verifyKeys, old_verify_keys: {} }
    return signJson(object(keys), serverName, key)
  }
}

/** A plain object as the JSON that is signed. */
export function object(plain: unknown): JsonObject {
  const value = fromPlain(plain)
  if (!isJsonObject(value)) throw new Error('not a JSON object')
  return value
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > REMOTE_BODY_BYTES_MAX) throw new Error(`a request of more than ${REMOTE_BODY_BYTES_MAX} bytes`)
  }
  return bytes === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString())
}

function reply(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body)
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text)
}
