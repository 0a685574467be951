import { isJsonObject, type EventId, type FindKey, type JsonObject, type MissingKey, type RoomId, type ServerName } from '@causeway/events'
import type { FederationClient } from '../../federation/client/federation-client.ts'
import type { FederationResult } from '../../federation/client/federation-result.ts'
import { backfillRoom, getEvent, getEventAuthorization, getMissingEvents, getRoomState, getRoomStateIds } from '../../federation/wire/events.ts'
import type { Logger } from '../../platform/logger.ts'
import type { RoomPeers, StateEvents, StateIds } from '../inbound/room-peers.ts'
import { idsOf, objectsOf } from './read-answer.ts'

interface Ports {
  readonly client: FederationClient
  readonly keys: { readonly findKey: FindKey; ensureKeys(missing: readonly MissingKey[]): Promise<void> }
  readonly log: Logger
}

/** What the room layer asks of other servers about events, over the federation client. */
export class FederationRoomPeers implements RoomPeers {
  readonly #ports: Ports
  readonly findKey: FindKey

  constructor(ports: Ports) {
    this.#ports = ports
    this.findKey = ports.keys.findKey
  }

  ensureKeys(missing: readonly MissingKey[]): Promise<void> {
    return this.#ports.keys.ensureKeys(missing)
  }

  async getMissingEvents(
    server: ServerName,
    roomId: RoomId,
    gap: { readonly earliest: readonly EventId[]; readonly latest: readonly EventId[]; readonly limit: number },
  ): Promise<readonly JsonObject[] | undefined> {
    const body = { earliest_events: gap.earliest, latest_events: gap.latest, limit: gap.limit, min_depth: 0 }
    const value = this.#read(server, await this.#ports.client.call(server, getMissingEvents, { params: { roomId }, body }))
    return objectsOf(value?.['events'])
  }

  async event(server: ServerName, eventId: EventId): Promise<JsonObject | undefined> {
    const value = this.#read(server, await this.#ports.client.call(server, getEvent, { params: { eventId } }))
    return objectsOf(value?.['pdus'])?.[0]
  }

  async eventAuth(server: ServerName, roomId: RoomId, eventId: EventId): Promise<readonly JsonObject[] | undefined> {
    const value = this.#read(server, await this.#ports.client.call(server, getEventAuthorization, { params: { roomId, eventId } }))
    return objectsOf(value?.['auth_chain'])
  }

  async stateIds(server: ServerName, roomId: RoomId, eventId: EventId): Promise<StateIds | undefined> {
    const query = { event_id: eventId }
    const value = this.#read(server, await this.#ports.client.call(server, getRoomStateIds, { params: { roomId }, query }))
    const state = idsOf(value?.['pdu_ids'])
    const authChain = idsOf(value?.['auth_chain_ids'])
    return state === undefined || authChain === undefined ? undefined : { state, authChain }
  }

  async state(server: ServerName, roomId: RoomId, eventId: EventId): Promise<StateEvents | undefined> {
    const query = { event_id: eventId }
    const value = this.#read(server, await this.#ports.client.call(server, getRoomState, { params: { roomId }, query }))
    const state = objectsOf(value?.['pdus'])
    const authChain = objectsOf(value?.['auth_chain'])
    return state === undefined || authChain === undefined ? undefined : { state, authChain }
  }

  async backfill(server: ServerName, roomId: RoomId, from: readonly EventId[], limit: number): Promise<readonly JsonObject[] | undefined> {
    const query = { v: from, limit }
    const value = this.#read(server, await this.#ports.client.call(server, backfillRoom, { params: { roomId }, query, evenIfResting: true }))
    return objectsOf(value?.['pdus'])
  }

  #read(server: ServerName, result: FederationResult): JsonObject | undefined {
    if (result.ok) return isJsonObject(result.value) ? result.value : undefined
    this.#ports.log.info({ server, fault: result.fault, why: result.why }, 'a server did not answer a question about a room')
    return undefined
  }
}
