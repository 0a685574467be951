import assert from 'node:assert/strict'
import { authEventKeys, parsePdu, parseUserId, referenceHash, roomRules, type JsonObject, type RoomRules } from '@causeway/events'
import { MatrixError } from '../client/matrix-error.ts'
import { arrayAt, objectAt, objectsAt, stringAt } from '../client/json.ts'
import type { EvilPeer } from './evil-peer.ts'
import { forge, jsonObject, type Forged, type ForgeOptions } from './forge.ts'

/** Fields of an event; what is absent is filled in as an honest server would. */
export interface EventFields {
  readonly type: string
  readonly content?: Readonly<Record<string, unknown>>
  readonly state_key?: string
  readonly sender?: string
  /** Ids; the room's tips if absent. */
  readonly prev_events?: readonly string[]
  /** Ids; those that the room's state asks for if absent. */
  readonly auth_events?: readonly string[]
  /** Fields in place of those that were filled in; undefined takes one out. */
  readonly fields?: Readonly<Record<string, unknown>>
}

/** How a room that the peer founds begins. */
export interface FoundingOptions {
  readonly version?: string
  readonly creator?: string
  readonly createContent?: Readonly<Record<string, unknown>>
  /** Content of m.room.power_levels; none is sent if null. */
  readonly powerLevels?: Readonly<Record<string, unknown>> | null
  readonly joinRule?: Readonly<Record<string, unknown>>
  readonly historyVisibility?: string
  /** How the room's id begins, in versions whose ids are not a hash. */
  readonly roomIdPrefix?: string
}

/** A room as the peer knows it: one that it founded, or one of the victim's that somebody of the peer joined. */
export class EvilRoom {
  readonly peer: EvilPeer
  readonly rules: RoomRules
  readonly roomId: string
  /** Whoever speaks where nobody is named. */
  readonly sender: string
  /** Current state by `type\0state key`. */
  readonly state = new Map<string, Forged>()
  readonly events = new Map<string, Forged>()
  tips: string[] = []
  depth = 0
  #made = 0

  private constructor(peer: EvilPeer, rules: RoomRules, roomId: string, sender: string) {
    this.peer = peer
    this.rules = rules
    this.roomId = roomId
    this.sender = sender
  }

  /** A room of the peer's own, public unless it is told otherwise. It is not served by itself: see `serveRoom`. */
  static found(peer: EvilPeer, options: FoundingOptions = {}): EvilRoom {
    const version = options.version ?? '11'
    const rules = roomRules(version)
    assert.ok(rules !== undefined)
    const creator = options.creator ?? peer.user('mallory')
    const content = {
      room_version: version,
      ...(rules.creatorIsSender ? {} : { creator }),
      ...options.createContent,
    }
    const named = `${options.roomIdPrefix ?? `!evil${Math.floor(performance.now() * 1_000)}`}:${peer.serverName}`
    const fields = {
      type: 'm.room.create',
      state_key: '',
      sender: creator,
      content,
      prev_events: [],
      auth_events: [],
      depth: 1,
      origin_server_ts: Date.now(),
      ...(rules.roomIdIsCreateHash ? {} : { room_id: named }),
      ...(rules.eventIds === 'given' ? { event_id: `$create${named.slice(1)}` } : {}),
    }
    const create = forge(fields, rules, peer.signer)
    const room = new EvilRoom(peer, rules, rules.roomIdIsCreateHash ? `!${create.eventId.slice(1)}` : named, creator)
    room.apply(create)
    room.apply(room.event({ type: 'm.room.member', state_key: creator, content: { membership: 'join' } }))
    if (options.powerLevels !== null) {
      const users = rules.creatorsOutrankAll ? {} : { [creator]: 100 }
      room.apply(room.event({ type: 'm.room.power_levels', state_key: '', content: options.powerLevels ?? { users } }))
    }
    room.apply(room.event({ type: 'm.room.join_rules', state_key: '', content: options.joinRule ?? { join_rule: 'public' } }))
    const visibility = { history_visibility: options.historyVisibility ?? 'shared' }
    room.apply(room.event({ type: 'm.room.history_visibility', state_key: '', content: visibility }))
    return room
  }

  /** Join a room of the victim's by make_join and send_join, honestly. Throws a MatrixError when it refuses. */
  static async join(peer: EvilPeer, localpart: string, roomId: string): Promise<EvilRoom> {
    const userId = peer.user(localpart)
    const versions = Array.from({ length: 12 }, (_, index) => `ver=${index + 1}`).join('&')
    const asked = `/_matrix/federation/v1/make_join/${encodeURIComponent(roomId)}/${encodeURIComponent(userId)}?${versions}`
    const made = await peer.request('GET', asked)
    if (made.status !== 200) throw new MatrixError('make_join', made)
    const rules = roomRules(stringAt(made.body, 'room_version'))
    assert.ok(rules !== undefined)
    const template = objectAt(made.body, 'event')
    const given = rules.eventIds === 'given' ? { event_id: `$join${Date.now()}:${peer.serverName}` } : {}
    const join = forge({ ...template, origin_server_ts: Date.now(), ...given }, rules, peer.signer)
    const path = `/_matrix/federation/v2/send_join/${encodeURIComponent(roomId)}/${encodeURIComponent(join.eventId)}`
    const sent = await peer.request('PUT', path, join.object)
    if (sent.status !== 200) throw new MatrixError('send_join', sent)
    const room = new EvilRoom(peer, rules, roomId, userId)
    for (const event of objectsAt(sent.body, 'auth_chain')) room.#keep(event)
    for (const event of objectsAt(sent.body, 'state')) {
      const kept = room.#keep(event)
      room.state.set(nameOf(kept.object), kept)
    }
    room.depth = Number(template['depth']) - 1
    // What the join says in a restricted room may carry the victim's signature.
    const final = objectAt(sent.body, 'event')
    room.apply(Object.keys(final).length > 0 ? room.#keep(final) : join)
    return room
  }

  /** An event as the peer would send it next, which nobody knows yet. */
  event(fields: EventFields, options?: ForgeOptions): Forged {
    const sender = fields.sender ?? this.sender
    const { type, state_key: stateKey } = fields
    const content = fields.content ?? {}
    const auth = fields.auth_events ?? this.authEvents({ type, sender, stateKey, content })
    this.#made += 1
    const given = this.rules.eventIds === 'given' ? { event_id: `$${this.#made}x${Date.now()}:${this.peer.serverName}` } : {}
    const object: Record<string, unknown> = {
      type,
      sender,
      room_id: this.roomId,
      content,
      ...(stateKey === undefined ? {} : { state_key: stateKey }),
      depth: this.depth + 1,
      origin_server_ts: Date.now(),
      prev_events: this.#references(fields.prev_events ?? this.tips),
      auth_events: this.#references(auth),
      ...given,
    }
    for (const [key, value] of Object.entries(fields.fields ?? {})) {
      if (value === undefined) delete object[key]
      else object[key] = value
    }
    return forge(object, this.rules, this.peer.signer, options)
  }

  /** Ids of the auth events that such an event must name, given the room's state. */
  authEvents(event: { type: string; sender: string; stateKey: string | undefined; content: unknown }): string[] {
    const sender = parseUserId(event.sender)
    assert.ok(sender !== undefined, `${event.sender} is no user id`)
    return authEventKeys({ ...event, sender, content: jsonObject(event.content) }, this.rules).flatMap(
      ([type, stateKey]) => this.state.get(`${type}\0${stateKey}`)?.eventId ?? [],
    )
  }

  /** The event becomes the room's tip, and its state if it is state. Gives it back. */
  apply(event: Forged): Forged {
    this.events.set(event.eventId, event)
    this.tips = [event.eventId]
    this.depth = Math.max(this.depth + 1, Number(event.object['depth']))
    if (typeof event.object['state_key'] === 'string') this.state.set(nameOf(event.object), event)
    return event
  }

  /** The next event, applied. */
  next(fields: EventFields, options?: ForgeOptions): Forged {
    return this.apply(this.event(fields, options))
  }

  /** A message, applied. */
  message(body: string, sender = this.sender): Forged {
    return this.next({ type: 'm.room.message', sender, content: { msgtype: 'm.text', body } })
  }

  /** Take note of what others did in the room: events as they come in transactions or answers. */
  learn(event: unknown): Forged {
    return this.apply(this.#keep(objectAt(event)))
  }

  /** Send events in one transaction; gives the answer's `pdus`. Fails unless the answer is 200. */
  async send(...events: readonly Forged[]): Promise<Readonly<Record<string, unknown>>> {
    const answer = await this.peer.transaction(events.map(({ object }) => object))
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    return objectAt(answer.body, 'pdus')
  }

  /** The events that lie behind these in auth_events, without them. */
  authChain(events: readonly Forged[]): Forged[] {
    const found = new Map<string, Forged>()
    const todo = events.flatMap((event) => this.#named(event.object, 'auth_events'))
    for (let id = todo.pop(); id !== undefined; id = todo.pop()) {
      const event = found.has(id) ? undefined : this.events.get(id)
      if (event === undefined) continue
      found.set(id, event)
      todo.push(...this.#named(event.object, 'auth_events'))
    }
    return [...found.values()]
  }

  #named(object: JsonObject, key: string): string[] {
    return arrayAt(object, key).map((entry) => String(Array.isArray(entry) ? entry[0] : entry))
  }

  #references(ids: readonly string[]): unknown {
    if (!this.rules.referencePairs) return ids
    return ids.map((id) => {
      const event = this.events.get(id)
      return [id, event === undefined ? {} : { sha256: referenceHash(event.object, this.rules) }]
    })
  }

  #keep(event: unknown): Forged {
    const object = jsonObject(event)
    const parsed = parsePdu(object, this.rules)
    assert.ok(parsed.ok, parsed.ok ? '' : parsed.refusal.why)
    const kept = { eventId: parsed.pdu.eventId, object }
    this.events.set(kept.eventId, kept)
    return kept
  }
}

function nameOf(object: JsonObject): string {
  return `${String(object['type'])}\0${String(object['state_key'])}`
}
