import { objectAt, stringAt } from '../client/json.ts'
import type { SimServer } from './sim-server.ts'

type Json = Readonly<Record<string, unknown>>

/** An answer that is an error. */
export class SimRefused extends Error {
  override readonly name = 'SimRefused'
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(`${status} ${code}: ${message}`)
    this.status = status
    this.code = code
  }
}

/** How a simulated person wants a room to be. */
export interface SimRoomPlan {
  readonly preset?: 'public_chat' | 'private_chat'
  readonly version?: string
  readonly alias?: string
}

/** A person at a simulated server, who acts through its client API. */
export class SimUser {
  readonly server: SimServer
  readonly userId: string
  readonly #token: string
  #transaction = 0

  constructor(server: SimServer, userId: string, token: string) {
    this.server = server
    this.userId = userId
    this.#token = token
  }

  /** One request to the client API; `path` follows /_matrix/client/v3, unless it is whole. Rejects with `SimRefused`. */
  async request(method: string, path: string, body?: Json): Promise<Json> {
    const answer = await this.server.answer({
      method,
      path: path.startsWith('/_matrix') ? path : `/_matrix/client/v3${path}`,
      headers: { authorization: `Bearer ${this.#token}` },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
    const parsed: unknown = JSON.parse(answer.body)
    const object = objectAt(parsed)
    if (answer.status !== 200) throw new SimRefused(answer.status, stringAt(object['errcode']), stringAt(object['error']))
    return object
  }

  async createRoom(plan: SimRoomPlan = {}): Promise<string> {
    const { preset = 'public_chat', version, alias } = plan
    const body = {
      preset,
      ...(version === undefined ? {} : { room_version: version }),
      ...(alias === undefined ? {} : { room_alias_name: alias }),
    }
    return stringAt((await this.request('POST', '/createRoom', body))['room_id'])
  }

  /** Join through `via` if this server is not in the room. */
  async join(room: string, via?: SimServer): Promise<void> {
    const query = via === undefined ? '' : `?via=${encodeURIComponent(via.name)}`
    await this.request('POST', `/join/${encodeURIComponent(room)}${query}`, {})
  }

  async leave(room: string): Promise<void> {
    await this.request('POST', `/rooms/${encodeURIComponent(room)}/leave`, {})
  }

  async invite(room: string, user: SimUser): Promise<void> {
    await this.request('POST', `/rooms/${encodeURIComponent(room)}/invite`, { user_id: user.userId })
  }

  async kick(room: string, user: SimUser): Promise<void> {
    await this.request('POST', `/rooms/${encodeURIComponent(room)}/kick`, { user_id: user.userId })
  }

  async ban(room: string, user: SimUser): Promise<void> {
    await this.request('POST', `/rooms/${encodeURIComponent(room)}/ban`, { user_id: user.userId })
  }

  /** Send a text; gives its event id. */
  async say(room: string, body: string): Promise<string> {
    this.#transaction += 1
    return this.send(room, 'm.room.message', { msgtype: 'm.text', body }, `t${this.#transaction}`)
  }

  /** Send an event with a transaction id of the caller's choice. */
  async send(room: string, type: string, content: Json, transaction: string): Promise<string> {
    const path = `/rooms/${encodeURIComponent(room)}/send/${encodeURIComponent(type)}/${encodeURIComponent(transaction)}`
    return stringAt((await this.request('PUT', path, content))['event_id'])
  }

  async setState(room: string, type: string, content: Json, stateKey = ''): Promise<string> {
    const path = `/rooms/${encodeURIComponent(room)}/state/${encodeURIComponent(type)}/${encodeURIComponent(stateKey)}`
    return stringAt((await this.request('PUT', path, content))['event_id'])
  }

  async redact(room: string, event: string): Promise<string> {
    this.#transaction += 1
    const path = `/rooms/${encodeURIComponent(room)}/redact/${encodeURIComponent(event)}/t${this.#transaction}`
    return stringAt((await this.request('PUT', path, {}))['event_id'])
  }

  /** The ids of the room's events as /messages pages through them, newest first. */
  async timeline(room: string): Promise<Json[]> {
    const events: Json[] = []
    let from = ''
    for (let page = 0; page < 50; page += 1) {
      const answer = await this.request('GET', `/rooms/${encodeURIComponent(room)}/messages?dir=b&limit=100${from}`)
      const { chunk, end } = answer
      if (Array.isArray(chunk)) events.push(...chunk.map((event: unknown) => objectAt(event)))
      if (typeof end !== 'string') return events
      from = `&from=${encodeURIComponent(end)}`
    }
    return events
  }

  /** Does this person see the event in the room? */
  async sees(room: string, event: string): Promise<boolean> {
    return (await this.timeline(room)).some((seen) => seen['event_id'] === event)
  }

  /** The state of the room, as `type|state key` to event id. */
  async state(room: string): Promise<Map<string, string>> {
    const answer = await this.server.answer({
      method: 'GET',
      path: `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/state`,
      headers: { authorization: `Bearer ${this.#token}` },
      body: undefined,
    })
    const events: unknown = JSON.parse(answer.body)
    if (!Array.isArray(events)) throw new SimRefused(answer.status, 'M_UNKNOWN', answer.body)
    return new Map(
      events.map((event: unknown) => {
        const { type, state_key: key, event_id: id } = objectAt(event)
        return [`${stringAt(type)}|${stringAt(key)}`, stringAt(id)]
      }),
    )
  }
}
