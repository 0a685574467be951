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
  type Pdu,
  type ServerName,
  type Signer,
} from '@causeway/events'
import { HttpOrigin, type HttpAnswer } from '../client/http-origin.ts'
import { arrayAt, stringAt } from '../client/json.ts'
import type { TestCa } from '../tls/test-ca.ts'
import { BigRoom, type RoomSize } from './big-room.ts'
import { KEY_VALID_MS } from './limits.ts'

/** What a resident has done, in order: `send_join`, `state_ids`, `state`, and `event TYPE` for each event that came. */
export type LogEntry = string

/**
 * A server with one large room, as a joining server sees it: it gives templates, takes joins and leaves out members when
 * asked to, gives the state, and takes events. It writes down what it does, and can be told to withhold the state.
 */
export class Resident {
  readonly serverName: ServerName
  readonly room: BigRoom
  readonly log: LogEntry[] = []
  readonly #signer: Signer
  readonly #listener: Server
  readonly #ca: TestCa
  #held: PromiseWithResolvers<void> | undefined
  #heard = new Map<string, () => void>()

  private constructor(ca: TestCa, listener: Server, signer: Signer, size: RoomSize) {
    this.serverName = signer.serverName
    this.#ca = ca
    this.#listener = listener
    this.#signer = signer
    this.room = new BigRoom(signer, size)
  }

  static async start(ca: TestCa, size: RoomSize, address = '127.0.0.1'): Promise<Resident> {
    const identity = ca.issue([address])
    const listener = createServer({ key: identity.key, cert: identity.certificate, keepAlive: true })
    listener.listen(0, address)
    await once(listener, 'listening')
    const bound = listener.address()
    const serverName = parseServerName(`${address}:${typeof bound === 'object' && bound !== null ? bound.port : 0}`)
    const keyId = parseKeyId('ed25519:resident')
    if (serverName === undefined || keyId === undefined) throw new Error('the name of the resident is none')
    const resident = new Resident(ca, listener, { serverName, key: signingKeyFromSeed(keyId, randomBytes(32)) }, size)
    listener.on('request', (request, response) => {
      // What fails here shows as a join or an event that is missing in the test.
      resident.#answer(request, response).catch(() => response.destroy())
    })
    return resident
  }

  async close(): Promise<void> {
    this.release()
    this.#listener.closeAllConnections()
    this.#listener.close()
    await once(this.#listener, 'close')
  }

  /** Answer no question for the room's state from now on, until `release`. */
  hold(): void {
    this.#held ??= Promise.withResolvers()
  }

  release(): void {
    this.#held?.resolve()
    this.#held = undefined
  }

  /** Resolves when the log has an entry that begins so. */
  async heard(beginning: string): Promise<void> {
    if (this.log.some((entry) => entry.startsWith(beginning))) return
    await new Promise<void>((resolve) => this.#heard.set(beginning, resolve))
  }

  /** Send events to the joining server. `url`: of its federation listener. */
  async send(destination: string, url: string, pdus: readonly Pdu[]): Promise<HttpAnswer> {
    const origin = new HttpOrigin(url, { ca: this.#ca.certificate })
    const path = `/_matrix/federation/v1/send/${randomBytes(8).toString('hex')}`
    const content = object({ origin: this.serverName, origin_server_ts: Date.now(), edus: [], pdus: [] })
    const body = { ...content, pdus: pdus.map((pdu) => pdu.object) }
    const { key } = this.#signer
    const signed = signJson(
      { ...object({ method: 'PUT', uri: path, origin: this.serverName, destination }), content: body },
      this.serverName,
      key,
    )
    const signature = stringAt(signed, 'signatures', this.serverName, key.keyId)
    const authorization = `X-Matrix origin="${this.serverName}",destination="${destination}",key="${key.keyId}",sig="${signature}"`
    try {
      return await origin.request({ method: 'PUT', path, headers: { authorization, host: destination }, body })
    } finally {
      origin.close()
    }
  }

  #note(entry: LogEntry): void {
    this.log.push(entry)
    for (const [beginning, resolve] of this.#heard) {
      if (!entry.startsWith(beginning)) continue
      this.#heard.delete(beginning)
      resolve()
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readJson(request)
    const url = new URL(request.url ?? '', 'https://resident')
    const [, , , , operation = '', first = '', second = ''] = url.pathname.split('/').map(decodeURIComponent)
    switch (operation) {
      case 'server':
        return reply(response, JSON.stringify(this.#keys()))
      case 'make_join':
        return reply(response, JSON.stringify({ room_version: this.room.rules.version, event: this.room.template(second) }))
      case 'send_join':
        this.#note('send_join')
        return reply(response, this.#joined(url.searchParams.get('omit_members') === 'true', body))
      case 'state_ids':
        await this.#held?.promise
        this.#note('state_ids')
        return reply(response, JSON.stringify({ pdu_ids: this.room.state.map((pdu) => pdu.eventId), auth_chain_ids: [] }))
      case 'state':
        await this.#held?.promise
        this.#note('state')
        return reply(response, `{"auth_chain":[],"pdus":[${this.room.state.map((pdu) => pdu.json).join(',')}]}`)
      case 'event':
        return this.#event(response, first)
      case 'send':
        for (const pdu of arrayAt(body, 'pdus')) this.#note(`event ${stringAt(pdu, 'type')}`)
        return reply(response, '{"pdus":{}}')
      default:
        response.writeHead(404, { 'content-type': 'application/json' }).end('{"errcode":"M_UNRECOGNIZED","error":"not kept here"}')
    }
  }

  #event(response: ServerResponse, eventId: string): void {
    const pdu = this.room.events.get(eventId)
    if (pdu === undefined) response.writeHead(404, { 'content-type': 'application/json' }).end('{"errcode":"M_NOT_FOUND","error":""}')
    else reply(response, `{"origin":"${this.serverName}","origin_server_ts":0,"pdus":[${pdu.json}]}`)
  }

  /** The answer to a join: the state without members where they may be left out, and what it rests on. */
  #joined(omitMembers: boolean, event: unknown): string {
    const { state } = this.room
    const rests = new Set(state.flatMap((pdu) => (pdu.type === 'm.room.member' ? [] : pdu.authEvents)))
    const given = omitMembers ? state.filter((pdu) => pdu.type !== 'm.room.member') : state
    const authChain = omitMembers ? state.filter((pdu) => pdu.type === 'm.room.member' && rests.has(pdu.eventId)) : []
    const servers = omitMembers ? `"members_omitted":true,"servers_in_room":["${this.serverName}"],` : '"members_omitted":false,'
    const list = (pdus: readonly Pdu[]): string => pdus.map((pdu) => pdu.json).join(',')
    return `{"origin":"${this.serverName}",${servers}"event":${JSON.stringify(event)},"auth_chain":[${list(authChain)}],"state":[${list(given)}]}`
  }

  #keys(): JsonObject {
    const { serverName, key } = this.#signer
    const verifyKeys = { [key.keyId]: { key: encodeBase64(key.publicKey) } }
    const keys = { server_name: serverName, valid_until_ts: Date.now() + KEY_VALID_MS, verify_keys: verifyKeys, old_verify_keys: {} }
    return signJson(object(keys), serverName, key)
  }
}

function object(plain: unknown): JsonObject {
  const value = fromPlain(plain)
  if (!isJsonObject(value)) throw new Error('not a JSON object')
  return value
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString())
}

function reply(response: ServerResponse, text: string): void {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text)
}
