import {
  authEventKeys,
  buildEvent,
  parseEventId,
  parsePdu,
  parseRoomId,
  parseUserId,
  roomRules,
  type EventDraft,
  type EventId,
  type JsonObject,
  type Pdu,
  type RoomRules,
  type UserId,
} from '@causeway/events'
import { MatrixError } from '../../../packages/testkit/src/client/matrix-error.ts'
import { at, objectAt, objectsAt, stringAt } from '../../../packages/testkit/src/client/json.ts'
import { object, type RemoteServer } from './remote-server.ts'

/** A member of a room whose server is the benchmark's: it makes its own events, one after the other. */
export class RemoteMember {
  readonly roomId: string
  readonly userId: UserId
  readonly #server: RemoteServer
  readonly #rules: RoomRules
  /** State events that authorize messages, by type and state key. */
  readonly #state: ReadonlyMap<string, Pdu>
  #tip: Pdu

  private constructor(server: RemoteServer, rules: RoomRules, join: Pdu, state: ReadonlyMap<string, Pdu>) {
    this.#server = server
    this.#rules = rules
    this.#state = state
    this.#tip = join
    this.roomId = join.roomId
    this.userId = join.sender
  }

  /** Join a room of the measured server. Spec: server-server API, joining rooms. */
  static async join(server: RemoteServer, localpart: string, roomId: string): Promise<RemoteMember> {
    const { rules, join, answer } = await handshake(server, localpart, roomId)
    const state = new Map<string, Pdu>([[stateName(join.type, join.stateKey), join]])
    for (const event of objectsAt(answer, 'state')) {
      if (event['type'] === 'm.room.member') continue
      const parsed = parsePdu(object(event), rules)
      if (parsed.ok) state.set(stateName(parsed.pdu.type, parsed.pdu.stateKey), parsed.pdu)
    }
    return new RemoteMember(server, rules, join, state)
  }

  /** The next `count` messages, each after the one before, in the federation format. */
  messages(count: number, text: (number: number) => string): JsonObject[] {
    return Array.from({ length: count }, (_, number) => {
      this.#tip = this.#message([this.#tip], text(number))
      return this.#tip.object
    })
  }

  /** Two branches that both set the state under these keys, one event after the other, and a message that follows both. */
  fork(type: string, stateKeys: readonly string[], text: string): JsonObject[] {
    const branches = ['left', 'right'].map((side) => {
      const branch: Pdu[] = []
      for (const stateKey of stateKeys) {
        const content = object({ text: `${text}, ${side}` })
        branch.push(this.#build([branch.at(-1) ?? this.#tip], { type, stateKey, content }))
      }
      return branch
    })
    this.#tip = this.#message(
      branches.flatMap((branch) => branch.at(-1) ?? []),
      text,
    )
    return [...branches.flat(), this.#tip].map((pdu) => pdu.object)
  }

  #message(after: readonly Pdu[], text: string): Pdu {
    return this.#build(after, { type: 'm.room.message', stateKey: undefined, content: object({ msgtype: 'm.text', body: text }) })
  }

  #build(after: readonly Pdu[], given: Pick<EventDraft, 'type' | 'content'> & { readonly stateKey: string | undefined }): Pdu {
    const subject = { ...given, sender: this.userId }
    const authEvents = authEventKeys(subject, this.#rules)
      .map(([type, stateKey]) => this.#state.get(stateName(type, stateKey)))
      .filter((event) => event !== undefined)
      .map(({ eventId }) => ({ eventId }))
    return build(this.#server, this.#rules, {
      ...subject,
      roomId: this.#tip.roomId,
      originServerTs: Date.now(),
      depth: Math.max(...after.map(({ depth }) => depth)) + 1,
      prevEvents: after.map(({ eventId }) => ({ eventId })),
      authEvents,
    })
  }

  /** The id of its last event. */
  get lastEventId(): EventId {
    return this.#tip.eventId
  }
}

/** make_join, sign, send_join; nothing is kept of the answer but what is given back. */
export async function handshake(
  server: RemoteServer,
  localpart: string,
  roomId: string,
): Promise<{ rules: RoomRules; join: Pdu; answer: unknown; bytes: number }> {
  const userId = parseUserId(`@${localpart}:${server.serverName}`)
  const room = parseRoomId(roomId)
  if (userId === undefined || room === undefined) throw new Error(`not ids: ${localpart}, ${roomId}`)
  const versions = 'ver=10&ver=11&ver=12'
  const made = await server.request(
    'GET',
    `/_matrix/federation/v1/make_join/${encodeURIComponent(roomId)}/${encodeURIComponent(userId)}?${versions}`,
  )
  if (made.status !== 200) throw new MatrixError('make_join', made)
  const rules = roomRules(stringAt(made.body, 'room_version'))
  if (rules === undefined) throw new Error('make_join names a room version that nobody asked for')
  const template = objectAt(made.body, 'event')
  const join = build(server, rules, {
    roomId: room,
    type: 'm.room.member',
    stateKey: userId,
    sender: userId,
    content: object({ membership: 'join' }),
    originServerTs: Date.now(),
    depth: Number(template['depth']),
    prevEvents: references(template, 'prev_events'),
    authEvents: references(template, 'auth_events'),
  })
  const path = `/_matrix/federation/v2/send_join/${encodeURIComponent(roomId)}/${encodeURIComponent(join.eventId)}`
  const sent = await server.request('PUT', path, join.object)
  if (sent.status !== 200) throw new MatrixError('send_join', sent)
  return { rules, join, answer: sent.body, bytes: sent.bytes }
}

function build(server: RemoteServer, rules: RoomRules, draft: EventDraft): Pdu {
  const built = buildEvent(draft, rules, server.signer)
  if (!built.ok) throw new Error(`the benchmark made a bad event: ${built.refusal.why}`)
  return built.pdu
}

function references(template: unknown, key: string): EventDraft['prevEvents'] {
  const ids = at(template, key)
  const list = Array.isArray(ids) ? ids : []
  return list.map((id) => ({ eventId: eventIdOf(id) }))
}

function eventIdOf(value: unknown): EventId {
  const id = typeof value === 'string' ? parseEventId(value) : undefined
  if (id === undefined) throw new Error('make_join names something else than events')
  return id
}

function stateName(type: string, stateKey: string | undefined): string {
  return `${type}\0${stateKey ?? ''}`
}
