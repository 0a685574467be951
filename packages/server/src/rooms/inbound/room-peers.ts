import type { EventId, FindKey, JsonObject, KeyId, MissingKey, RoomId, ServerName } from '@causeway/events'

/** The state of a room at an event, as a peer gives it: ids alone. */
export interface StateIds {
  readonly state: readonly EventId[]
  readonly authChain: readonly EventId[]
}

/** The same with the events. */
export interface StateEvents {
  readonly state: readonly JsonObject[]
  readonly authChain: readonly JsonObject[]
}

/** An event that bears a time. Milliseconds since 1970. */
export interface TimedEvent {
  readonly eventId: EventId
  readonly ts: number
}

/**
 * What the room layer asks of other servers. Each answer is a claim, to be checked like any event; absent when the peer
 * did not answer, or not in a way that can be read. Implemented over the federation client.
 */
export interface RoomPeers {
  getMissingEvents(
    server: ServerName,
    roomId: RoomId,
    gap: { readonly earliest: readonly EventId[]; readonly latest: readonly EventId[]; readonly limit: number },
  ): Promise<readonly JsonObject[] | undefined>
  /** One event; null when the peer answers that it has none for us. */
  event(server: ServerName, eventId: EventId): Promise<JsonObject | null | undefined>
  eventAuth(server: ServerName, roomId: RoomId, eventId: EventId): Promise<readonly JsonObject[] | undefined>
  stateIds(server: ServerName, roomId: RoomId, eventId: EventId): Promise<StateIds | undefined>
  state(server: ServerName, roomId: RoomId, eventId: EventId): Promise<StateEvents | undefined>
  backfill(server: ServerName, roomId: RoomId, from: readonly EventId[], limit: number): Promise<readonly JsonObject[] | undefined>
  /** The event closest to a time in a direction, as the peer says. */
  eventByTime(server: ServerName, roomId: RoomId, ts: number, direction: 'b' | 'f'): Promise<TimedEvent | undefined>
  /**
   * A policy server's signature on an event, in base64, as it says. Throws its refusal as a client may read it.
   * Server-Server API, "Policy Servers".
   */
  askToSign(server: ServerName, event: JsonObject, keyId: KeyId, options: { readonly evenIfResting: boolean }): Promise<string>
  /** Load keys that a signature check found missing. Resolves when what can be had is there. */
  ensureKeys(missing: readonly MissingKey[]): Promise<void>
  /** Did a server not answer when it was asked for its keys last? Then one that is missing may be had later. */
  isSilent(server: ServerName): boolean
  readonly findKey: FindKey
}
