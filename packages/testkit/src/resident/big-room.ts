import {
  buildEvent,
  eventReference,
  parseRoomId,
  parseUserId,
  roomRules,
  type EventReference,
  type JsonObject,
  type Pdu,
  type RoomId,
  type RoomRules,
  type Signer,
  type UserId,
} from '@causeway/events'

/** How large a room is to be. */
export interface RoomSize {
  /** Joined members, the creator among them. */
  readonly joined: number
  /** Users who are kept out: member events that nobody but the room's state needs. */
  readonly banned: number
  /** State events of other types, beside those that every room has. */
  readonly other: number
}

const roomVersion = '11'

/** A room of another server: its state, and what that rests on, signed. */
export class BigRoom {
  readonly roomId: RoomId
  readonly rules: RoomRules
  readonly creator: UserId
  /** The current state. */
  readonly state: Pdu[] = []
  readonly events = new Map<string, Pdu>()
  readonly #signer: Signer
  readonly #auth = new Map<string, EventReference>()
  #last: Pdu | undefined

  constructor(signer: Signer, size: RoomSize) {
    const roomId = parseRoomId(`!big:${signer.serverName}`)
    const rules = roomRules(roomVersion)
    if (roomId === undefined || rules === undefined) throw new Error('the room has no valid id or version')
    this.roomId = roomId
    this.rules = rules
    this.#signer = signer
    this.creator = this.user('creator')
    this.#found()
    for (let index = 1; index < size.joined; index += 1) this.#member(this.user(`member-${index}`), 'join')
    for (let index = 0; index < size.banned; index += 1) this.#member(this.user(`banned-${index}`), 'ban')
    for (let index = 0; index < size.other; index += 1) this.#add('org.example.fact', `${index}`, this.creator, { index }, ['creator'])
  }

  /** A user of the room's server. */
  user(localpart: string): UserId {
    const userId = parseUserId(`@${localpart}:${this.#signer.serverName}`)
    if (userId === undefined) throw new Error(`${localpart} is no localpart`)
    return userId
  }

  /** The newest event. */
  get last(): Pdu {
    if (this.#last === undefined) throw new Error('the room has no events')
    return this.#last
  }

  /** What a member event of somebody else's would follow and rest on. */
  template(userId: string): JsonObject {
    return {
      type: 'm.room.member',
      room_id: this.roomId,
      sender: userId,
      state_key: userId,
      content: { membership: 'join' },
      prev_events: [this.last.eventId],
      auth_events: ['create', 'levels', 'rules'].flatMap((name) => this.#auth.get(name)?.eventId ?? []),
      depth: this.last.depth + 1,
      origin_server_ts: this.last.originServerTs + 1,
    }
  }

  /** Somebody says something; the event after the given one, which another server may have made. */
  say(after: { readonly eventId: Pdu['eventId']; readonly depth: number }, localpart: string, body: string): Pdu {
    const sender = this.user(localpart)
    const member = this.state.find((pdu) => pdu.type === 'm.room.member' && pdu.stateKey === sender)
    if (member === undefined) throw new Error(`${localpart} is not in the room`)
    return this.#build({
      type: 'm.room.message',
      sender,
      content: { msgtype: 'm.text', body },
      prev: [{ eventId: after.eventId }],
      depth: after.depth + 1,
      auth: [...this.#authOf(['create', 'levels']), eventReference(member, this.rules)],
    })
  }

  /** The creator lets somebody who is banned come back; the event after the given one. Gives it with the one that it replaces. */
  unban(
    after: { readonly eventId: Pdu['eventId']; readonly depth: number },
    localpart: string,
  ): { readonly event: Pdu; readonly ban: Pdu } {
    const userId = this.user(localpart)
    const ban = this.state.find((pdu) => pdu.type === 'm.room.member' && pdu.stateKey === userId)
    if (ban === undefined) throw new Error(`${localpart} is not known in the room`)
    const event = this.#build({
      type: 'm.room.member',
      stateKey: userId,
      sender: this.creator,
      content: { membership: 'leave' },
      prev: [{ eventId: after.eventId }],
      depth: after.depth + 1,
      auth: [...this.#authOf(['create', 'levels', 'creator']), eventReference(ban, this.rules)],
    })
    return { event, ban }
  }

  #found(): void {
    const { creator } = this
    this.#auth.set('create', this.#add('m.room.create', '', creator, { room_version: roomVersion }, []))
    this.#auth.set('creator', this.#add('m.room.member', creator, creator, { membership: 'join' }, []))
    this.#auth.set('levels', this.#add('m.room.power_levels', '', creator, { users: { [creator]: 100 } }, ['creator']))
    this.#auth.set('rules', this.#add('m.room.join_rules', '', creator, { join_rule: 'public' }, ['creator']))
    this.#add('m.room.history_visibility', '', creator, { history_visibility: 'shared' }, ['creator'])
    this.#add('m.room.name', '', creator, { name: 'A big room' }, ['creator'])
  }

  #member(userId: UserId, membership: 'join' | 'ban'): void {
    if (membership === 'join') this.#add('m.room.member', userId, userId, { membership }, ['rules'])
    else this.#add('m.room.member', userId, this.creator, { membership }, ['creator'])
  }

  #add(type: string, stateKey: string, sender: UserId, content: JsonObject, rests: readonly string[]): EventReference {
    const pdu = this.#build({
      type,
      stateKey,
      sender,
      content,
      prev: this.#last === undefined ? [] : [eventReference(this.#last, this.rules)],
      depth: (this.#last?.depth ?? 0) + 1,
      auth: this.#authOf(['create', 'levels', ...rests]),
    })
    this.state.push(pdu)
    this.#last = pdu
    return eventReference(pdu, this.rules)
  }

  #authOf(names: readonly string[]): EventReference[] {
    return names.flatMap((name) => this.#auth.get(name) ?? [])
  }

  #build(event: {
    readonly type: string
    readonly stateKey?: string
    readonly sender: UserId
    readonly content: JsonObject
    readonly prev: readonly EventReference[]
    readonly depth: number
    readonly auth: readonly EventReference[]
  }): Pdu {
    const built = buildEvent(
      {
        roomId: this.roomId,
        type: event.type,
        stateKey: event.stateKey,
        sender: event.sender,
        content: event.content,
        originServerTs: 1_700_000_000_000 + event.depth,
        depth: event.depth,
        prevEvents: event.prev,
        authEvents: event.auth,
        redacts: undefined,
        eventId: undefined,
      },
      this.rules,
      this.#signer,
    )
    if (!built.ok) throw new Error(built.refusal.why)
    this.events.set(built.pdu.eventId, built.pdu)
    return built.pdu
  }
}
