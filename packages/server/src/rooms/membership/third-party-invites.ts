import {
  isJsonObject,
  membershipOf,
  serverOf,
  signingInviteKeys,
  type EventId,
  type JsonObject,
  type Pdu,
  type RoomId,
  type ServerName,
  type UserId,
} from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { changeMembership, takesPart } from '../commands/change-membership.ts'
import { stateFor } from '../engine/view-state.ts'
import { serverAllowed } from '../inbound/server-acl.ts'
import { underPolicy } from '../policy/approvals.ts'
import type { RoomPorts } from '../room-methods.ts'
import { inviteRemote } from './invites.ts'

/** The proof that an invited address is a user's: what the identity server signed when they showed that it is. */
export interface InviteProof {
  readonly roomId: RoomId
  /** Who sent the m.room.third_party_invite. */
  readonly sender: UserId
  readonly target: UserId
  readonly signed: JsonObject
}

/**
 * Take a proof for one of our users: the invite is made here, if we are in the room, else the inviting server is asked to.
 * Throws M_NOT_FOUND, M_FORBIDDEN, M_INVITE_BLOCKED, and what the other server says. Server-Server API, "Third-party invites".
 */
export async function acceptThirdPartyInvite(ports: RoomPorts, proof: InviteProof): Promise<void> {
  checkProof(proof)
  const { engine } = ports
  if (takesPart(engine, await engine.view(proof.roomId))) {
    await exchange(ports, proof)
    return
  }
  const server = serverOf(proof.sender)
  if (server === engine.ports.serverName) throw new MatrixError('M_NOT_FOUND', 'This server is not in the room')
  // The name that the room shows for the address is in the room's state, and put in by those who know that.
  const content = { membership: 'invite', third_party_invite: { display_name: '', signed: proof.signed } }
  const event = { type: 'm.room.member', room_id: proof.roomId, sender: proof.sender, state_key: proof.target, content }
  await ports.membershipPeers.exchangeInvite(server, proof.roomId, event)
}

/**
 * Make the invite for which another server brings the proof, and send it there. Throws M_INVALID_PARAM, M_FORBIDDEN, M_NOT_FOUND and
 * the invited server's refusal.
 */
export async function exchangeThirdPartyInvite(ports: RoomPorts, origin: ServerName, proof: InviteProof): Promise<void> {
  checkProof(proof)
  const { engine } = ports
  const { serverName, db } = engine.ports
  if (serverOf(proof.target) !== origin) throw new MatrixError('M_FORBIDDEN', 'The invited user is not of your server')
  if (serverOf(proof.sender) !== serverName) throw new MatrixError('M_FORBIDDEN', 'The inviting user is not of this server')
  const view = await engine.view(proof.roomId)
  if (view === undefined || !takesPart(engine, view)) throw new MatrixError('M_NOT_FOUND', 'This server is not in the room')
  const isOpen = await engine.run(proof.roomId, (room) => serverAllowed(db, room, origin))
  if (!isOpen) throw new MatrixError('M_FORBIDDEN', 'Your server is not allowed in this room')
  await exchange(ports, proof)
}

/** Is the proof about this user at all? */
function checkProof({ signed, target }: InviteProof): void {
  if (typeof signed['token'] !== 'string' || signed['mxid'] !== target) {
    throw new MatrixError('M_INVALID_PARAM', 'What is signed is not about this user and an invite')
  }
}

/** The invite of a room that we are in: the rules of the room judge its proof by the keys in its state; the keys may have been called back. */
async function exchange(ports: RoomPorts, proof: InviteProof): Promise<EventId> {
  const { roomId, sender, target, signed } = proof
  const { engine } = ports
  if ((await engine.view(roomId))?.partial !== undefined) await ports.complete(roomId)
  const { pending, member } = await pendingInvite(ports, proof)
  const current = member === undefined ? undefined : membershipOf(member.state, target)
  if (current === 'join') throw new MatrixError('M_FORBIDDEN', 'The user is in the room')
  // It was brought before, by both the identity server and the client, say.
  if (current === 'invite' && member !== undefined && tokenOf(member.pdu) === signed['token']) return member.pdu.eventId
  const keys = signingInviteKeys(signed, pending.content)
  if (keys.length === 0) throw new MatrixError('M_FORBIDDEN', 'No key of the invite has signed this')
  // "The server which is already participating in the room … MUST validate that the public key used for signing is still valid".
  let isValid = false
  for (const key of keys) isValid ||= await ports.identityServers.isKeyValid(key)
  if (!isValid) throw new MatrixError('M_FORBIDDEN', 'The key of the invite is not valid any more')
  const name = pending.content['display_name']
  const content: JsonObject = { third_party_invite: { display_name: typeof name === 'string' ? name : '', signed } }
  if (serverOf(target) !== engine.ports.serverName) return inviteRemote(ports, { roomId, sender, target, content })
  await ports.inviteGate.pass(sender, target)
  const profile = await ports.profileOf(target)
  return underPolicy(engine, ports.peers, () => changeMembership(engine, { roomId, sender, target, action: 'invite', content, profile }))
}

async function pendingInvite({ engine }: RoomPorts, { roomId, sender, target, signed }: InviteProof) {
  return engine.run(roomId, async (view) => {
    const token = String(signed['token'])
    const state = await stateFor(engine.ports.db, view, view.current, [
      ['m.room.third_party_invite', token],
      ['m.room.member', target],
    ])
    const pending = state.get('m.room.third_party_invite', token)
    if (pending === undefined || pending.sender !== sender) throw new MatrixError('M_FORBIDDEN', 'The room has no such invite')
    const pdu = state.get('m.room.member', target)
    return { pending, member: pdu === undefined ? undefined : { pdu, state } }
  })
}

function tokenOf(pdu: Pdu): unknown {
  const invite = pdu.content['third_party_invite']
  const signed = isJsonObject(invite) ? invite['signed'] : undefined
  return isJsonObject(signed) ? signed['token'] : undefined
}
