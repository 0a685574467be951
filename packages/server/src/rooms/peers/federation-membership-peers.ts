import {
  isJsonObject,
  parseServerName,
  type EventId,
  type JsonObject,
  type JsonValue,
  type RoomId,
  type ServerName,
  type UserId,
} from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { toClientError } from '../../federation/client/client-error.ts'
import type { FederationClient } from '../../federation/client/federation-client.ts'
import type { FederationResult } from '../../federation/client/federation-result.ts'
import { exchangeThirdPartyInvite, sendInvite, sendInviteV1 } from '../../federation/wire/invites.ts'
import { makeJoin, sendJoin } from '../../federation/wire/joins.ts'
import { makeKnock, sendKnock } from '../../federation/wire/knocks.ts'
import { makeLeave, sendLeave } from '../../federation/wire/leaves.ts'
import { limits } from '../../limits.ts'
import type { JoinedRoom, MembershipPeers, Template } from '../membership/membership-peers.ts'
import type { OwnMembership } from '../membership/serve-membership.ts'
import { objectsOf } from './read-answer.ts'

/** The membership calls over the federation client. Somebody waits for each of them: resting servers are tried too. */
export class FederationMembershipPeers implements MembershipPeers {
  readonly #client: FederationClient

  constructor(client: FederationClient) {
    this.#client = client
  }

  async make(
    server: ServerName,
    membership: OwnMembership,
    roomId: RoomId,
    userId: UserId,
    versions: readonly string[],
  ): Promise<Template> {
    const params = { roomId, userId }
    const result =
      membership === 'leave'
        ? await this.#client.call(server, makeLeave, { params, evenIfResting: true })
        : await this.#client.call(server, membership === 'knock' ? makeKnock : makeJoin, {
            params,
            query: { ver: versions },
            evenIfResting: true,
          })
    const { room_version: roomVersion, event } = answered(result)
    if (!isJsonObject(event)) throw malformed()
    return { roomVersion: typeof roomVersion === 'string' ? roomVersion : undefined, event }
  }

  async sendJoin(
    server: ServerName,
    roomId: RoomId,
    eventId: EventId,
    event: JsonObject,
    { omitMembers }: { readonly omitMembers: boolean },
  ): Promise<JoinedRoom> {
    const query = omitMembers ? { omit_members: true } : {}
    const answer = answered(
      await this.#client.call(server, sendJoin, { params: { roomId, eventId }, query, body: event, evenIfResting: true }),
    )
    const state = objectsOf(answer['state'])
    const authChain = objectsOf(answer['auth_chain'])
    if (state === undefined || authChain === undefined) throw malformed()
    const serversInRoom = answer['members_omitted'] === true ? serversOf(answer['servers_in_room'], server) : undefined
    return { state, authChain, event: isJsonObject(answer['event']) ? answer['event'] : undefined, serversInRoom }
  }

  async sendLeave(server: ServerName, roomId: RoomId, eventId: EventId, event: JsonObject): Promise<void> {
    answered(await this.#client.call(server, sendLeave, { params: { roomId, eventId }, body: event, evenIfResting: true }))
  }

  async sendKnock(server: ServerName, roomId: RoomId, eventId: EventId, event: JsonObject): Promise<JsonValue | undefined> {
    const answer = answered(await this.#client.call(server, sendKnock, { params: { roomId, eventId }, body: event, evenIfResting: true }))
    return answer['knock_room_state']
  }

  async exchangeInvite(server: ServerName, roomId: RoomId, event: JsonObject): Promise<void> {
    answered(await this.#client.call(server, exchangeThirdPartyInvite, { params: { roomId }, body: event, evenIfResting: true }))
  }

  async invite(
    server: ServerName,
    roomId: RoomId,
    eventId: EventId,
    invite: { readonly roomVersion: string; readonly event: JsonObject; readonly stripped: readonly JsonObject[] },
  ): Promise<JsonObject> {
    const params = { roomId, eventId }
    const body = { room_version: invite.roomVersion, event: invite.event, invite_room_state: invite.stripped }
    const result = await this.#client.call(server, sendInvite, { params, body, evenIfResting: true })
    // "Senders which receive a 400 or 404 response to this endpoint should retry using the v1 API … if the room version is "1" or "2"."
    const older = !result.ok && (result.status === 404 || result.status === 400)
    const oldRoom = invite.roomVersion === '1' || invite.roomVersion === '2'
    const unsigned = { invite_room_state: invite.stripped }
    const final =
      older && oldRoom
        ? await this.#client.call(server, sendInviteV1, { params, body: { ...invite.event, unsigned }, evenIfResting: true })
        : result
    // What one server finds wrong with the other's request is nothing that the client could mend: it "SHOULD fail with a 5xx error".
    if (!final.ok && (final.errcode === 'M_INVALID_PARAM' || final.errcode === 'M_MISSING_PARAM')) throw malformed()
    const answer = answered(final)
    if (!isJsonObject(answer['event'])) throw malformed()
    return answer['event']
  }
}

function answered(result: FederationResult): JsonObject {
  if (!result.ok) throw toClientError(result)
  return result.value
}

/** The servers of an answer without members; whoever answers is one of them. */
function serversOf(value: JsonValue | undefined, server: ServerName): ServerName[] {
  if (!Array.isArray(value)) throw malformed()
  const names = value.slice(0, limits.listedServersMax).flatMap((name) => (typeof name === 'string' ? (parseServerName(name) ?? []) : []))
  return [...new Set([server, ...names])]
}

function malformed(): MatrixError {
  return new MatrixError('M_UNKNOWN', 'The other server gave no usable answer', { status: 502 })
}
