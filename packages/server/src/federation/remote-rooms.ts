import {
  isJsonObject,
  parseEventId,
  type EventId,
  type FindKey,
  type JsonObject,
  type JsonValue,
  type KeyId,
  type MissingKey,
  type RoomId,
  type ServerName,
} from '@causeway/events'
import { MatrixError } from '../errors.ts'
import type { RoomPeers, StateEvents, StateIds, TimedEvent } from '../rooms/inbound/room-peers.ts'
import type { FederationClient } from './client/federation-client.ts'
import { policyError } from './client/policy-error.ts'
import type { KeyRing } from './keys/key-ring.ts'
import {
  backfillRoom,
  getEvent,
  getEventAuthorization,
  getEventByTimestamp,
  getMissingEvents,
  getRoomState,
  getRoomStateIds,
} from './wire/events.ts'
import { askPolicyServerToSign } from './wire/policy.ts'

interface Ports {
  readonly client: FederationClient
  readonly ring: Pick<KeyRing, 'ensureKeys' | 'findKey' | 'isSilent'>
  readonly serverName: ServerName
  /** This server as a policy server: it need not call itself. Absent where it is none. */
  readonly ownDesk: { readonly sign: (origin: ServerName, event: JsonObject) => Promise<string> } | undefined
}

/** What the room layer asks of other servers, over the federation client. An answer of the wrong shape is none. */
export class RemoteRooms implements RoomPeers {
  readonly #ports: Ports
  readonly findKey: FindKey

  constructor(ports: Ports) {
    this.#ports = ports
    this.findKey = ports.ring.findKey
  }

  async askToSign(server: ServerName, event: JsonObject, keyId: KeyId, options: { readonly evenIfResting: boolean }): Promise<string> {
    const { client, serverName, ownDesk } = this.#ports
    if (server === serverName) {
      if (ownDesk === undefined) throw new MatrixError('M_FORBIDDEN', 'The room names this server as its policy server, which it is not')
      return ownDesk.sign(serverName, event)
    }
    const answer = await client.call(server, askPolicyServerToSign, { body: event, params: {}, ...options })
    if (!answer.ok) throw policyError(answer)
    const ofServer = answer.value[server]
    const signature = isJsonObject(ofServer) ? ofServer[keyId] : undefined
    if (typeof signature !== 'string') throw new MatrixError('M_FORBIDDEN', 'The policy server of the room gave no signature')
    return signature
  }

  ensureKeys(missing: readonly MissingKey[]): Promise<void> {
    return this.#ports.ring.ensureKeys(missing)
  }

  isSilent(server: ServerName): boolean {
    return this.#ports.ring.isSilent(server)
  }

  async getMissingEvents(
    server: ServerName,
    roomId: RoomId,
    gap: { readonly earliest: readonly EventId[]; readonly latest: readonly EventId[]; readonly limit: number },
  ): Promise<readonly JsonObject[] | undefined> {
    const body = { earliest_events: gap.earliest, latest_events: gap.latest, limit: gap.limit, min_depth: 0 }
    const answer = await this.#ports.client.call(server, getMissingEvents, { params: { roomId }, body, evenIfResting: true })
    return answer.ok ? objects(answer.value['events']) : undefined
  }

  async event(server: ServerName, eventId: EventId): Promise<JsonObject | null | undefined> {
    const answer = await this.#ports.client.call(server, getEvent, { params: { eventId }, evenIfResting: true })
    if (answer.ok) return objects(answer.value['pdus'])?.[0]
    return answer.fault === 'refused' && (answer.status === 404 || answer.status === 403) ? null : undefined
  }

  async eventAuth(server: ServerName, roomId: RoomId, eventId: EventId): Promise<readonly JsonObject[] | undefined> {
    const answer = await this.#ports.client.call(server, getEventAuthorization, { params: { roomId, eventId }, evenIfResting: true })
    return answer.ok ? objects(answer.value['auth_chain']) : undefined
  }

  async stateIds(server: ServerName, roomId: RoomId, eventId: EventId): Promise<StateIds | undefined> {
    const options = { params: { roomId }, query: { event_id: eventId }, evenIfResting: true }
    const answer = await this.#ports.client.call(server, getRoomStateIds, options)
    const state = answer.ok ? eventIds(answer.value['pdu_ids']) : undefined
    const authChain = answer.ok ? eventIds(answer.value['auth_chain_ids']) : undefined
    return state === undefined || authChain === undefined ? undefined : { state, authChain }
  }

  async state(server: ServerName, roomId: RoomId, eventId: EventId): Promise<StateEvents | undefined> {
    const options = { params: { roomId }, query: { event_id: eventId }, evenIfResting: true }
    const answer = await this.#ports.client.call(server, getRoomState, options)
    const state = answer.ok ? objects(answer.value['pdus']) : undefined
    const authChain = answer.ok ? objects(answer.value['auth_chain']) : undefined
    return state === undefined || authChain === undefined ? undefined : { state, authChain }
  }

  /** One of several servers will do, so those that failed lately are passed over. */
  async backfill(server: ServerName, roomId: RoomId, from: readonly EventId[], limit: number): Promise<readonly JsonObject[] | undefined> {
    const answer = await this.#ports.client.call(server, backfillRoom, { params: { roomId }, query: { v: from, limit } })
    return answer.ok ? objects(answer.value['pdus']) : undefined
  }

  /** Likewise. */
  async eventByTime(server: ServerName, roomId: RoomId, ts: number, direction: 'b' | 'f'): Promise<TimedEvent | undefined> {
    const answer = await this.#ports.client.call(server, getEventByTimestamp, { params: { roomId }, query: { ts, dir: direction } })
    if (!answer.ok) return undefined
    const { event_id: id, origin_server_ts: time } = answer.value
    const eventId = typeof id === 'string' ? parseEventId(id) : undefined
    return eventId === undefined || typeof time !== 'number' ? undefined : { eventId, ts: time }
  }
}

function objects(value: JsonValue | undefined): readonly JsonObject[] | undefined {
  return Array.isArray(value) && value.every((item) => isJsonObject(item)) ? value : undefined
}

function eventIds(value: JsonValue | undefined): readonly EventId[] | undefined {
  if (!Array.isArray(value)) return undefined
  const ids: EventId[] = []
  for (const item of value) {
    const id = typeof item === 'string' ? parseEventId(item) : undefined
    if (id === undefined) return undefined
    ids.push(id)
  }
  return ids
}
