import {
  addSignature,
  membershipOfEvent,
  parsePdu,
  parseUserId,
  roomRules,
  serverOf,
  signaturesOf,
  withSignature,
  type EventId,
  type JsonObject,
  type JsonValue,
  type Pdu,
  type RoomId,
  type ServerName,
  type UserId,
} from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { upsertMembership } from '../../storage/tables/memberships.ts'
import { takesPart } from '../commands/change-membership.ts'
import { loadNode } from '../engine/load-room.ts'
import { buildLocalEvent, refusedDraft } from '../engine/local-event.ts'
import { placeEvent } from '../engine/place-event.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import { RoomUnit } from '../engine/room-unit.ts'
import { standing } from '../engine/stored-event.ts'
import { checkReceived } from '../inbound/check-received.ts'
import { judge } from '../inbound/judge.ts'
import { serverAllowed } from '../inbound/server-acl.ts'
import { recommended } from '../policy/recommended.ts'
import type { RoomPeers } from '../inbound/room-peers.ts'
import type { InviteGate } from './invite-gate.ts'
import type { MembershipPeers } from './membership-peers.ts'
import { ensureRoom } from './room-stub.ts'
import { receivedStripped } from './received-stripped.ts'
import { strippedPdus } from './stripped-state.ts'

/** What invites stand on. */
export interface InvitePorts {
  readonly engine: RoomEngine
  readonly peers: RoomPeers
  readonly membershipPeers: MembershipPeers
  readonly newRoomNumber: () => Promise<number>
  readonly inviteGate: Pick<InviteGate, 'pass'>
}

/** A user of another server is invited by one of ours. */
export interface OutgoingInvite {
  readonly roomId: RoomId
  readonly sender: UserId
  readonly target: UserId
  readonly content: JsonObject
}

/**
 * Invite a user of another server: the event is built, countersigned by the invited server (outside the room's queue),
 * then placed. Throws that server's refusal in a form that our client may read.
 */
export async function inviteRemote(ports: InvitePorts, invite: OutgoingInvite): Promise<EventId> {
  const { engine } = ports
  const server = serverOf(invite.target)
  const wish = {
    type: 'm.room.member',
    stateKey: invite.target,
    sender: invite.sender,
    content: { ...invite.content, membership: 'invite' },
  }
  const built = await engine.run(invite.roomId, async (view) => ({
    pdu: await buildLocalEvent(engine.ports, view, wish),
    stripped: await strippedPdus(engine.ports.db, view, [invite.sender]),
    rules: view.rules,
  }))
  const { rules } = built
  const pdu = await recommended(ports, built.pdu)
  const answer = await ports.membershipPeers.invite(server, invite.roomId, pdu.eventId, {
    roomVersion: rules.version,
    event: pdu.object,
    stripped: built.stripped,
  })
  const parsed = parsePdu(answer, rules)
  const signatures = parsed.ok && parsed.pdu.eventId === pdu.eventId ? signaturesOf(parsed.pdu, server) : []
  let signed: Pdu = pdu
  for (const [keyId, signature] of signatures) {
    const next = withSignature(signed, rules, server, keyId, signature)
    if (next.ok) signed = next.pdu
  }
  const sent = await engine.run(invite.roomId, async (view) => {
    const unit = new RoomUnit(engine.ports, view)
    const judgement = await judge(engine.ports, view, unit, signed)
    if (!('standing' in judgement)) throw new MatrixError('M_UNKNOWN', 'The room has changed: try again')
    const { refusal } = judgement
    if (refusal !== undefined && !refusal.allowed) throw new MatrixError('M_FORBIDDEN', refusal.why)
    await placeEvent(engine.ports, view, unit, {
      pdu: signed,
      standing: standing.accepted,
      stateBefore: judgement.stateBefore,
      passOn: true,
    })
    const committed = unit.commit()
    engine.holdUntil(view, committed)
    return { committed }
  })
  await sent.committed
  return signed.eventId
}

/** An invite from another server to one of our users. */
export interface IncomingInvite {
  readonly origin: ServerName
  readonly roomId: RoomId
  readonly eventId: EventId
  readonly roomVersion: string
  readonly event: JsonObject
  readonly strippedState: JsonValue | undefined
}

/**
 * Take in an invite and countersign it: only for what it is (an invite of our user by a user of the origin, to the room
 * of the path). Throws M_INCOMPATIBLE_ROOM_VERSION, M_INVALID_PARAM, M_FORBIDDEN. Server-Server API, "Inviting to a room".
 */
export async function receiveInvite(ports: InvitePorts, invite: IncomingInvite): Promise<Pdu> {
  const { engine } = ports
  const rules = roomRules(invite.roomVersion)
  if (rules === undefined) {
    throw new MatrixError('M_INCOMPATIBLE_ROOM_VERSION', `This server does not know room version ${invite.roomVersion}`, {
      extra: { room_version: invite.roomVersion },
    })
  }
  const [received] = await checkReceived(ports.peers, [invite.event], invite.roomId, rules)
  if (received === undefined || !received.ok) throw new MatrixError('M_INVALID_PARAM', received?.refusal.why ?? 'There is no event')
  const { pdu } = received
  const target = pdu.stateKey === undefined ? undefined : parseUserId(pdu.stateKey)
  const right = pdu.type === 'm.room.member' && membershipOfEvent(pdu) === 'invite' && pdu.eventId === invite.eventId
  if (!right || target === undefined) throw new MatrixError('M_INVALID_PARAM', 'This is not the invite that the request names')
  if (serverOf(pdu.sender) !== invite.origin) throw new MatrixError('M_INVALID_PARAM', 'The sender is not of your server')
  if (serverOf(target) !== engine.ports.serverName) throw new MatrixError('M_INVALID_PARAM', 'The invited user is not of this server')
  await requireOpen(ports, invite)
  const { shown, malformed, fault } = await receivedStripped(ports.peers, invite.strippedState, invite.roomId, rules)
  if (malformed || (rules.roomIdIsCreateHash && fault !== undefined)) {
    throw new MatrixError('M_INVALID_PARAM', `invite_room_state cannot be used: ${fault ?? ''}`)
  }
  await ports.inviteGate.pass(pdu.sender, target)
  const countersigned = addSignature(pdu, rules, engine.ports.serverName, engine.ports.signer.key)
  if (!countersigned.ok) throw refusedDraft(countersigned.refusal)

  await ensureRoom(engine, ports.newRoomNumber, invite.roomId, rules)
  const stored = await engine.run(invite.roomId, async (view) => {
    // A room that we are in gets the invite as an event of its own; until then the row makes it known.
    if (takesPart(engine, view)) return { committed: undefined }
    const { db } = engine.ports
    const unit = new RoomUnit(engine.ports, view)
    const none = await loadNode(db, view, 0)
    const event = await placeEvent(engine.ports, view, unit, { pdu: countersigned.pdu, standing: standing.outlier, stateBefore: none })
    const state = JSON.stringify([...shown, { type: pdu.type, state_key: target, sender: pdu.sender, content: pdu.content }])
    unit.addMemberships([{ userId: target, membership: 'invite' }])
    unit.takePosition()
    unit.whenPlaced((position) =>
      unit.draft.add(upsertMembership, view.room, target, 'invite', event.event, 0, db.slot, position, 1, 0, pdu.sender, state),
    )
    const committed = unit.commit()
    engine.holdUntil(view, committed)
    return { committed }
  })
  await stored.committed
  return countersigned.pdu
}

/** The ACL of a room that we are in goes for invites as well (Server-Server API, "Server Access Control Lists"). */
async function requireOpen({ engine }: InvitePorts, { origin, roomId }: IncomingInvite): Promise<void> {
  const view = await engine.view(roomId)
  if (view === undefined || !takesPart(engine, view)) return
  const isOpen = await engine.run(roomId, (room) => serverAllowed(engine.ports.db, room, origin))
  if (!isOpen) throw new MatrixError('M_FORBIDDEN', 'Your server is not allowed in this room')
}
