import { mayInvite, type EventId, type JsonObject, type RoomId, type UserId } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import type { AddressQuery, InviteFacts, StoredInvite } from '../../federation/identity/identity-servers.ts'
import { sendEvent } from '../commands/send-event.ts'
import { stateFor } from '../engine/view-state.ts'
import { underPolicy } from '../policy/approvals.ts'
import type { RoomPorts } from '../room-methods.ts'
import { publicSummary, type PublicRoom } from '../room-summary.ts'
import { changeAnywhere } from './change-anywhere.ts'

/** One of our users invites whoever has an address (Client-Server API, "Third-party invites"). */
export interface AddressInvite extends AddressQuery {
  readonly roomId: RoomId
  readonly sender: UserId
  readonly isDirect?: boolean
}

/**
 * Invite whoever has an address: as a user, where the identity server knows one, else by an invite that the identity server keeps
 * for them, of which the room holds the keys. Nobody is asked before the sender may invite. Throws M_FORBIDDEN, M_LIMIT_EXCEEDED,
 * what the identity server is told apart by, and what an ordinary invite is refused with.
 */
export async function inviteAddress(ports: RoomPorts, invite: AddressInvite): Promise<{ eventId?: EventId }> {
  const { roomId, sender } = invite
  const facts = await factsOf(ports, invite)
  ports.inviteGate.passAddress(sender)
  const address = { ...invite, address: canonicalAddress(invite) }
  const found = (await ports.identityServers.lookup(address)) ?? (await ports.identityServers.storeInvite(address, facts))
  if (typeof found === 'string') {
    const content = invite.isDirect === true ? { is_direct: true } : {}
    return changeAnywhere(ports, { roomId, sender, target: found, action: 'invite', content })
  }
  const wish = { roomId, sender, type: 'm.room.third_party_invite', stateKey: found.token, content: contentOf(found) }
  return { eventId: await underPolicy(ports.engine, ports.peers, () => sendEvent(ports.engine, ports.transactions, wish)) }
}

/** What the invited person is told of the room, once its sender is known to be allowed to invite. */
function factsOf({ engine }: RoomPorts, { roomId, sender }: AddressInvite): Promise<InviteFacts> {
  return engine.run(roomId, async (view) => {
    const { db } = engine.ports
    const state = await stateFor(db, view, view.current, [
      ['m.room.create', ''],
      ['m.room.power_levels', ''],
      ['m.room.member', sender],
    ])
    if (!mayInvite(state, sender, view.rules)) throw new MatrixError('M_FORBIDDEN', 'You may not invite people to this room')
    const member = state.get('m.room.member', sender)?.content ?? {}
    return { roomId, sender, more: described(await publicSummary(db, view), member) }
  })
}

function described(room: PublicRoom, member: JsonObject): JsonObject {
  const facts = {
    room_alias: room.canonical_alias,
    room_avatar_url: room.avatar_url,
    room_join_rules: room.join_rule,
    room_name: room.name,
    room_type: room.room_type,
    sender_display_name: member['displayname'],
    sender_avatar_url: member['avatar_url'],
  }
  return Object.fromEntries(Object.entries(facts).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])))
}

/** Of e-mail addresses, as identity servers hash them: "implementations are expected to apply the unicode case-folding algorithm". */
function canonicalAddress({ medium, address }: AddressInvite): string {
  return medium === 'email' ? address.trim().toLowerCase() : address
}

/** What `public_key` and `key_validity_url` say of the first key is for servers of old. */
function contentOf({ displayName, publicKeys }: StoredInvite): JsonObject {
  const keys = publicKeys.map(({ publicKey, keyValidityUrl }) => ({
    public_key: publicKey,
    ...(keyValidityUrl === undefined ? {} : { key_validity_url: keyValidityUrl }),
  }))
  return { display_name: displayName, public_keys: keys, ...keys[0] }
}
