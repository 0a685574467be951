import {
  addSignature,
  canonicalJson,
  membershipOfEvent,
  parsePdu,
  parseUserId,
  serverOf,
  type EventId,
  type JsonObject,
  type Pdu,
  type RoomId,
  type ServerName,
  type UserId,
} from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { authoriserFor, takesPart } from '../commands/change-membership.ts'
import { authChainOf } from '../engine/auth-chain-of.ts'
import { findEvent, loadEvents, loadNode } from '../engine/load-room.ts'
import { buildLocalEvent, refusedDraft } from '../engine/local-event.ts'
import { placeEvent } from '../engine/place-event.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import { RoomUnit } from '../engine/room-unit.ts'
import type { RoomView } from '../engine/room-view.ts'
import { inGraph, standing, type StoredEvent } from '../engine/stored-event.ts'
import { heroesOf } from '../history/heroes.ts'
import { checkReceived } from '../inbound/check-received.ts'
import { judge } from '../inbound/judge.ts'
import type { RoomPeers } from '../inbound/room-peers.ts'
import { serverAllowed } from '../inbound/server-acl.ts'
import { recommended } from '../policy/recommended.ts'
import { strippedPdus } from './stripped-state.ts'

/** What the member events of other servers are served with. */
export interface ServePorts {
  readonly engine: RoomEngine
  readonly peers: RoomPeers
}

/** Which change a remote user makes of their own membership. */
export type OwnMembership = 'join' | 'leave' | 'knock'

/** What a peer asks with make_join, make_leave or make_knock. */
export interface MakeRequest {
  readonly origin: ServerName
  readonly roomId: RoomId
  readonly userId: UserId
  readonly membership: OwnMembership
  /** The room versions that the peer knows; absent for make_leave. */
  readonly versions: readonly string[] | undefined
}

/**
 * A template for a remote user's member event (Server-Server API, "Joining Rooms", "Leaving Rooms"). Throws M_NOT_FOUND,
 * M_FORBIDDEN, M_INCOMPATIBLE_ROOM_VERSION, M_UNABLE_TO_AUTHORISE_JOIN, M_UNABLE_TO_GRANT_JOIN.
 */
export async function makeMembership(
  ports: ServePorts,
  request: MakeRequest,
): Promise<{ readonly roomVersion: string; readonly event: JsonObject }> {
  if (serverOf(request.userId) !== request.origin) throw new MatrixError('M_FORBIDDEN', 'The user is not of your server')
  return ports.engine.run(request.roomId, async (view) => {
    await requireOpen(ports, view, request)
    if (request.versions !== undefined && !request.versions.includes(view.rules.version)) {
      throw new MatrixError('M_INCOMPATIBLE_ROOM_VERSION', 'Your server does not know the version of this room', {
        extra: { room_version: view.rules.version },
      })
    }
    if (request.membership === 'knock' && !view.rules.knocking) {
      throw new MatrixError('M_FORBIDDEN', 'Rooms of this version have no knocking')
    }
    const authoriser = request.membership === 'join' ? await authoriserFor(ports.engine, view, request.userId) : undefined
    const content: JsonObject = {
      membership: request.membership,
      ...(authoriser === undefined ? {} : { join_authorised_via_users_server: authoriser }),
    }
    const pdu = await buildLocalEvent(ports.engine.ports, view, {
      type: 'm.room.member',
      stateKey: request.userId,
      sender: request.userId,
      content,
    })
    const { hashes: _hashes, signatures: _signatures, ...template } = pdu.object
    return { roomVersion: view.rules.version, event: template }
  })
}

/** What a peer brings with send_join, send_leave or send_knock. */
export interface SendRequest {
  readonly origin: ServerName
  readonly roomId: RoomId
  readonly eventId: EventId
  readonly membership: OwnMembership
  readonly body: JsonObject
}

/** The event in its place, with the state before it. */
export interface Served {
  readonly view: RoomView
  readonly event: StoredEvent
}

/**
 * Take in a remote user's own member event: checked like any event, and for exactly what it says it is; then passed on to
 * the other servers. A join to a restricted room that we can vouch for gets our signature. Throws M_INVALID_PARAM,
 * M_FORBIDDEN and the rules' refusals.
 */
export async function sendMembership(ports: ServePorts, request: SendRequest): Promise<Served> {
  const seen = await ports.engine.view(request.roomId)
  if (seen === undefined || !takesPart(ports.engine, seen)) throw new MatrixError('M_NOT_FOUND', 'This server is not in the room')
  requireWhole(seen, request.membership)
  // Our own signature is one of those that the checks ask for: it counts, and leaves this server, only if we vouch below.
  const body = signedByUs(ports, seen, request.body)
  const [received] = await checkReceived(ports.peers, [body], request.roomId, seen.rules)
  if (received === undefined) throw new MatrixError('M_INVALID_PARAM', 'There is no event')
  if (!received.ok) throw new MatrixError('M_INVALID_PARAM', received.refusal.why)
  checkOwn(received.pdu, request)
  const pdu = await recommended(ports, received.pdu)
  const served = await ports.engine.run(request.roomId, async (view) => {
    await requireOpen(ports, view, request)
    const known = await findEvent(ports.engine.ports.db, view, pdu.eventId)
    if (known !== undefined && inGraph(known)) {
      // Whoever offers a refused event again is not let in for it.
      if (known.standing !== standing.accepted) throw new MatrixError('M_FORBIDDEN', 'This event was refused before')
      return { view, event: known, committed: ports.engine.settled(view.roomId) }
    }
    if (namesUs(ports, pdu)) await authoriserFor(ports.engine, view, pdu.sender)
    const unit = new RoomUnit(ports.engine.ports, view)
    const judgement = await judge(ports.engine.ports, view, unit, pdu)
    if (!('standing' in judgement)) throw new MatrixError('M_FORBIDDEN', 'The event does not follow events that this server has')
    const { refusal } = judgement
    if (refusal !== undefined && !refusal.allowed) throw new MatrixError('M_FORBIDDEN', refusal.why)
    const event = await placeEvent(ports.engine.ports, view, unit, {
      pdu,
      standing: standing.accepted,
      stateBefore: judgement.stateBefore,
      passOn: true,
      ...(known === undefined ? {} : { existing: known }),
    })
    const committed = unit.commit()
    ports.engine.holdUntil(view, committed)
    return { view, event, committed }
  })
  await served.committed
  return served
}

function checkOwn(pdu: Pdu, request: SendRequest): void {
  const right =
    pdu.type === 'm.room.member' &&
    pdu.stateKey === pdu.sender &&
    membershipOfEvent(pdu) === request.membership &&
    pdu.eventId === request.eventId
  if (!right) throw new MatrixError('M_INVALID_PARAM', `This is not the ${request.membership} event that the request names`)
  if (serverOf(pdu.sender) !== request.origin) throw new MatrixError('M_INVALID_PARAM', 'The sender is not of your server')
}

/** Does a join say that one of our users vouches for it? */
function namesUs(ports: ServePorts, pdu: Pdu): boolean {
  const authoriser = pdu.content['join_authorised_via_users_server']
  const userId = typeof authoriser === 'string' ? parseUserId(authoriser) : undefined
  return userId !== undefined && membershipOfEvent(pdu) === 'join' && serverOf(userId) === ports.engine.ports.serverName
}

function signedByUs(ports: ServePorts, view: RoomView, body: JsonObject): JsonObject {
  const parsed = parsePdu(body, view.rules)
  if (!view.rules.restrictedJoins || !parsed.ok || !namesUs(ports, parsed.pdu)) return body
  const { serverName, signer } = ports.engine.ports
  const signed = addSignature(parsed.pdu, view.rules, serverName, signer.key)
  if (!signed.ok) throw refusedDraft(signed.refusal)
  return signed.pdu.object
}

/** Who may come in, and into what, only those tell who have the whole state of the room (MSC3902). */
function requireWhole(view: RoomView, membership: OwnMembership): void {
  if (view.partial === undefined || membership === 'leave') return
  throw new MatrixError('M_NOT_FOUND', 'This server is still fetching the state of the room')
}

async function requireOpen(
  ports: ServePorts,
  view: RoomView,
  { origin, membership }: Pick<MakeRequest, 'origin' | 'membership'>,
): Promise<void> {
  if (!takesPart(ports.engine, view)) throw new MatrixError('M_NOT_FOUND', 'This server is not in the room')
  requireWhole(view, membership)
  if (!(await serverAllowed(ports.engine.ports.db, view, origin))) {
    throw new MatrixError('M_FORBIDDEN', 'Your server is not allowed in this room')
  }
}

/**
 * The body of an answer to send_join, as text joined from the stored events: the state before the join and its auth
 * chain. With `omitMembers` the state has no members but those that a client names the room after, the auth chain leaves out
 * what the state has, and the servers in the room before the join are told instead.
 */
export async function joinAnswer(ports: ServePorts, served: Served, options: { readonly omitMembers: boolean }): Promise<string> {
  const { db, serverName } = ports.engine.ports
  const { view, event } = served
  const before = await loadNode(db, view, event.stateBefore)
  const heroes = options.omitMembers ? await heroesOf(db, view, before.state, event.pdu.sender) : []
  const heroKeys = new Set(heroes.map(([, key]) => key))
  const numbers = [...before.state.entries()]
    .filter(([key]) => !options.omitMembers || heroKeys.has(key) || view.keys.at(key)?.type !== 'm.room.member')
    .map(([, number]) => number)
  const state = await loadEvents(db, view, numbers)
  const chain = await authChainOf(db, view, [...state, event])
  const inState = new Set(options.omitMembers ? numbers : [])
  const authChain = chain.filter((link) => !inState.has(link.event))
  const joining = serverOf(event.pdu.sender)
  const serversBefore = [...view.servers].filter(([server, joined]) => server !== joining || joined > 1).map(([server]) => server)
  const servers = options.omitMembers ? `,"servers_in_room":${JSON.stringify(serversBefore)}` : ''
  return (
    `{"auth_chain":[${authChain.map((link) => link.pdu.json).join(',')}],"event":${event.pdu.json},` +
    `"members_omitted":${options.omitMembers},"origin":${JSON.stringify(serverName)}${servers},` +
    `"state":[${state.map((entry) => entry.pdu.json).join(',')}]}`
  )
}

/** The body of an answer to send_knock: what somebody outside may know of the room, as full events. */
export async function knockAnswer(ports: ServePorts, { view }: Served): Promise<string> {
  const state = await strippedPdus(ports.engine.ports.db, view, [])
  return canonicalJson({ knock_room_state: state })
}
