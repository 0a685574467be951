import { clientEvents, clientEvent, type ClientEvent } from './client-event.ts'
import type { HttpAnswer, HttpOrigin } from './http-origin.ts'
import { arrayAt, at, objectAt, stringAt, type UnknownObject } from './json.ts'
import { ARRIVAL_MS_MAX, POLL_MS, REQUEST_MS_MAX } from './limits.ts'
import { MatrixError } from './matrix-error.ts'
import type { Registered } from './shared-secret.ts'
import { SyncView, type RoomView } from './sync-view.ts'

/** A page of a room's history. */
export interface MessagesPage {
  readonly events: readonly ClientEvent[]
  /** The token to go on with; absent at the end. */
  readonly end: string | undefined
}

/**
 * A user's session on a homeserver, through the Client-Server API. Methods give the interesting part of a 200 answer and
 * throw a `MatrixError` for every other one; `request` gives whatever came.
 */
export class MatrixClient {
  readonly origin: HttpOrigin
  readonly userId: string
  readonly deviceId: string
  readonly accessToken: string
  /** What `sync` and `waitFor` have seen. */
  readonly view = new SyncView()
  #txnId = 0
  #syncing: Promise<unknown> = Promise.resolve()

  constructor(origin: HttpOrigin, account: Registered) {
    this.origin = origin
    this.userId = account.userId
    this.deviceId = account.deviceId
    this.accessToken = account.accessToken
  }

  /** Open registration with m.login.dummy. */
  static async register(origin: HttpOrigin, localpart: string, password: string): Promise<MatrixClient> {
    const body = { username: localpart, password, auth: { type: 'm.login.dummy' } }
    return new MatrixClient(
      origin,
      session('register', await origin.request({ method: 'POST', path: '/_matrix/client/v3/register', body })),
    )
  }

  /** Log in with a password. */
  static async login(origin: HttpOrigin, user: string, password: string): Promise<MatrixClient> {
    const body = { type: 'm.login.password', identifier: { type: 'm.id.user', user }, password }
    return new MatrixClient(origin, session('login', await origin.request({ method: 'POST', path: '/_matrix/client/v3/login', body })))
  }

  /** Any request below `/_matrix/client/`, with the access token. The path's variable parts must be encoded. */
  request(method: string, path: string, body?: unknown, msMax: number = REQUEST_MS_MAX): Promise<HttpAnswer> {
    const headers = { authorization: `Bearer ${this.accessToken}` }
    return this.origin.request({ method, path: `/_matrix/client/${path}`, headers, msMax, ...(body === undefined ? {} : { body }) })
  }

  /** As `request`, but anything else than 200 throws; gives the body. */
  async call(method: string, path: string, body?: unknown, msMax?: number): Promise<unknown> {
    const answer = await this.request(method, path, body, msMax)
    if (answer.status !== 200) throw new MatrixError(`${method} ${path}`, answer)
    return answer.body
  }

  async createRoom(options: UnknownObject = {}): Promise<string> {
    return stringAt(await this.call('POST', 'v3/createRoom', options), 'room_id')
  }

  /** Join by id or alias, over the servers `via` if the room is not known here. */
  async join(roomIdOrAlias: string, via: readonly string[] = []): Promise<string> {
    const query = via.map((server) => `via=${encodeURIComponent(server)}&server_name=${encodeURIComponent(server)}`).join('&')
    return stringAt(
      await this.call('POST', `v3/join/${encodeURIComponent(roomIdOrAlias)}${query === '' ? '' : `?${query}`}`, {}),
      'room_id',
    )
  }

  async leave(roomId: string): Promise<void> {
    await this.call('POST', `${room(roomId)}/leave`, {})
  }

  async invite(roomId: string, userId: string): Promise<void> {
    await this.call('POST', `${room(roomId)}/invite`, { user_id: userId })
  }

  async kick(roomId: string, userId: string, reason?: string): Promise<void> {
    await this.call('POST', `${room(roomId)}/kick`, { user_id: userId, reason })
  }

  async ban(roomId: string, userId: string, reason?: string): Promise<void> {
    await this.call('POST', `${room(roomId)}/ban`, { user_id: userId, reason })
  }

  async unban(roomId: string, userId: string): Promise<void> {
    await this.call('POST', `${room(roomId)}/unban`, { user_id: userId })
  }

  /** Send a message event; gives its id. */
  async send(roomId: string, type: string, content: UnknownObject): Promise<string> {
    const path = `${room(roomId)}/send/${encodeURIComponent(type)}/${this.#nextTxnId()}`
    return stringAt(await this.call('PUT', path, content), 'event_id')
  }

  sendText(roomId: string, body: string): Promise<string> {
    return this.send(roomId, 'm.room.message', { msgtype: 'm.text', body })
  }

  async sendState(roomId: string, type: string, content: UnknownObject, stateKey = ''): Promise<string> {
    return stringAt(
      await this.call('PUT', `${room(roomId)}/state/${encodeURIComponent(type)}/${encodeURIComponent(stateKey)}`, content),
      'event_id',
    )
  }

  async redact(roomId: string, eventId: string, reason?: string): Promise<string> {
    const path = `${room(roomId)}/redact/${encodeURIComponent(eventId)}/${this.#nextTxnId()}`
    return stringAt(await this.call('PUT', path, { reason }), 'event_id')
  }

  async event(roomId: string, eventId: string): Promise<ClientEvent> {
    const body = await this.call('GET', `${room(roomId)}/event/${encodeURIComponent(eventId)}`)
    const event = clientEvent(body)
    if (event === undefined) throw new Error(`no event in the answer for ${eventId}`)
    return event
  }

  /** The content of one piece of state. */
  async state(roomId: string, type: string, stateKey = ''): Promise<UnknownObject> {
    return objectAt(await this.call('GET', `${room(roomId)}/state/${encodeURIComponent(type)}/${encodeURIComponent(stateKey)}`))
  }

  /** The room's whole current state. */
  async fullState(roomId: string): Promise<ClientEvent[]> {
    const body = await this.call('GET', `${room(roomId)}/state`)
    return clientEvents(Array.isArray(body) ? body : [])
  }

  /** Ids of the joined members. */
  async joinedMembers(roomId: string): Promise<string[]> {
    return Object.keys(objectAt(await this.call('GET', `${room(roomId)}/joined_members`), 'joined'))
  }

  /** A page of history, newest first unless `dir` is `f`. */
  async messages(roomId: string, query: { from?: string; dir?: 'b' | 'f'; limit?: number } = {}): Promise<MessagesPage> {
    const parameters = new URLSearchParams({ dir: query.dir ?? 'b', limit: String(query.limit ?? 100) })
    if (query.from !== undefined) parameters.set('from', query.from)
    const body = await this.call('GET', `${room(roomId)}/messages?${parameters}`)
    const end = at(body, 'end')
    return { events: clientEvents(arrayAt(body, 'chunk')), end: typeof end === 'string' ? end : undefined }
  }

  async typing(roomId: string, typing: boolean, timeoutMs = 20_000): Promise<void> {
    await this.call('PUT', `${room(roomId)}/typing/${encodeURIComponent(this.userId)}`, {
      typing,
      ...(typing ? { timeout: timeoutMs } : {}),
    })
  }

  async receipt(roomId: string, eventId: string, type = 'm.read'): Promise<void> {
    await this.call('POST', `${room(roomId)}/receipt/${type}/${encodeURIComponent(eventId)}`, {})
  }

  async profile(userId: string): Promise<UnknownObject> {
    return objectAt(await this.call('GET', `v3/profile/${encodeURIComponent(userId)}`))
  }

  async setDisplayName(name: string): Promise<void> {
    await this.call('PUT', `v3/profile/${encodeURIComponent(this.userId)}/displayname`, { displayname: name })
  }

  /** One request to /sync from where the last one ended, added to `view`. Requests of one client follow each other. */
  sync(timeoutMs = 0): Promise<unknown> {
    const next = this.#syncing.then(async () => {
      const query = new URLSearchParams({ timeout: String(timeoutMs) })
      if (this.view.since !== undefined) query.set('since', this.view.since)
      const answer = await this.call('GET', `v3/sync?${query}`, undefined, timeoutMs + REQUEST_MS_MAX)
      this.view.apply(answer)
      return answer
    })
    this.#syncing = next.catch(() => undefined)
    return next
  }

  /** Long-poll /sync until `condition` gives something for what is known then. `what` is for the error after the deadline. */
  async waitFor<T>(what: string, condition: (view: SyncView) => T | undefined | false, msMax: number = ARRIVAL_MS_MAX): Promise<T> {
    const deadline = performance.now() + msMax
    for (;;) {
      const found = this.view.since === undefined ? undefined : condition(this.view)
      if (found !== undefined && found !== false) return found
      const left = deadline - performance.now()
      if (left <= 0) throw new Error(`${this.userId} waited ${msMax} ms in vain for ${what}`)
      await this.sync(Math.ceil(Math.min(left, POLL_MS)))
    }
  }

  /** As `waitFor`, for one room. */
  waitForRoom<T>(roomId: string, what: string, condition: (view: RoomView) => T | undefined | false, msMax?: number): Promise<T> {
    return this.waitFor(
      `${what} in ${roomId}`,
      (view) => {
        const known = view.room(roomId)
        return known === undefined ? undefined : condition(known)
      },
      msMax,
    )
  }

  /** Wait until an event stands in the room's timeline. */
  waitForEvent(roomId: string, eventId: string, msMax?: number): Promise<ClientEvent> {
    return this.waitForRoom(roomId, `event ${eventId}`, (known) => known.event(eventId), msMax)
  }

  #nextTxnId(): string {
    this.#txnId += 1
    return `${this.deviceId}.${this.#txnId}`
  }
}

function room(roomId: string): string {
  return `v3/rooms/${encodeURIComponent(roomId)}`
}

function session(operation: string, answer: HttpAnswer): Registered {
  if (answer.status !== 200) throw new MatrixError(operation, answer)
  return {
    userId: stringAt(answer.body, 'user_id'),
    accessToken: stringAt(answer.body, 'access_token'),
    deviceId: stringAt(answer.body, 'device_id'),
  }
}
