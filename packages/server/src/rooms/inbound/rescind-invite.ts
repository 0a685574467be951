import { membershipOfEvent, parseUserId, serverOf, type Pdu, type ServerName } from '@causeway/events'
import { membershipIn, upsertMembership, type MembershipRow } from '../../storage/tables/memberships.ts'
import type { EnginePorts } from '../engine/engine-ports.ts'
import type { RoomUnit } from '../engine/room-unit.ts'
import type { RoomView } from '../engine/room-view.ts'
import { serversOfStripped } from '../membership/stripped-state.ts'

/**
 * An event of a room that we are not in can still concern us: it may take back an invite of one of our users, or refuse a
 * knock. Only the server that invited is believed, or one that is in the room on which they knocked, since there is no state
 * to judge by.
 */
export async function rescindInvite(ports: EnginePorts, view: RoomView, unit: RoomUnit, pdu: Pdu): Promise<void> {
  const membership = membershipOfEvent(pdu)
  const target = pdu.stateKey === undefined ? undefined : parseUserId(pdu.stateKey)
  if ((membership !== 'leave' && membership !== 'ban') || target === undefined || serverOf(target) !== ports.serverName) return
  const row = await membershipIn(ports.db, view.room, target)
  if (row === undefined || !believed(view, row, serverOf(pdu.sender))) return
  unit.addMemberships([{ userId: target, membership }])
  unit.takePosition()
  unit.whenPlaced((position) =>
    unit.draft.add(
      upsertMembership,
      view.room,
      target,
      membership,
      row.event,
      row.pos,
      ports.db.slot,
      position,
      1,
      0,
      pdu.sender,
      row.invite_state,
    ),
  )
}

function believed(view: RoomView, row: MembershipRow, server: ServerName): boolean {
  if (row.membership === 'knock') return serversOfStripped(view.roomId, row.invite_state).has(server)
  const inviter = row.membership === 'invite' ? parseUserId(row.sender) : undefined
  return inviter !== undefined && serverOf(inviter) === server
}
