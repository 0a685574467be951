import type { EventId, JsonObject, JsonValue, RoomId, ServerName, UserId } from '@causeway/events'
import type { OwnMembership } from './serve-membership.ts'

/** A template from make_join, make_leave or make_knock. */
export interface Template {
  /** Absent from old servers for leaves; then the room's own version, or 1. */
  readonly roomVersion: string | undefined
  readonly event: JsonObject
}

/** The room as send_join gives it; claims, to be checked like any event. */
export interface JoinedRoom {
  readonly state: readonly JsonObject[]
  readonly authChain: readonly JsonObject[]
  /** Our event with the resident's signature, in restricted rooms. */
  readonly event: JsonObject | undefined
  /** The servers in the room, where most members were left out of the state (MSC3706); absent where the state is whole. */
  readonly serversInRoom: readonly ServerName[] | undefined
}

/**
 * The calls by which our users change their membership elsewhere. They reject with a `MatrixError` that our client may
 * read (never a peer's 401), so that the next server can be tried.
 */
export interface MembershipPeers {
  make(server: ServerName, membership: OwnMembership, roomId: RoomId, userId: UserId, versions: readonly string[]): Promise<Template>
  /** `omitMembers`: the server may leave out members. Whether it did is in its answer. */
  sendJoin(
    server: ServerName,
    roomId: RoomId,
    eventId: EventId,
    event: JsonObject,
    options: { readonly omitMembers: boolean },
  ): Promise<JoinedRoom>
  sendLeave(server: ServerName, roomId: RoomId, eventId: EventId, event: JsonObject): Promise<void>
  /** The room's stripped state as the other server gives it: a claim. */
  sendKnock(server: ServerName, roomId: RoomId, eventId: EventId, event: JsonObject): Promise<JsonValue | undefined>
  /** Have an invite made of one by third party, whose proof the event holds. */
  exchangeInvite(server: ServerName, roomId: RoomId, event: JsonObject): Promise<void>
  /** The invited server's countersigned event. `stripped`: the room's state as full events. */
  invite(
    server: ServerName,
    roomId: RoomId,
    eventId: EventId,
    invite: { readonly roomVersion: string; readonly event: JsonObject; readonly stripped: readonly JsonObject[] },
  ): Promise<JsonObject>
}
