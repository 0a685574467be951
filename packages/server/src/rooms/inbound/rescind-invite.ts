import { membershipOfEvent, parseUserId, serverOf, type Pdu } from '@causeway/events'
import { membershipIn, upsertMembership } from '../../storage/tables/memberships.ts'
import type { EnginePorts } from '../engine/engine-ports.ts'
import type { RoomUnit } from '../engine/room-unit.ts'
import type { RoomView } from '../engine/room-view.ts'

/**
 * An event of a room that we are not in can still concern us: it may take back an invite of one of our users. Only the
 * server that invited is believed, since there is no state to judge by.
 */
export async function rescindInvite(ports: EnginePorts, view: RoomView, unit: RoomUnit, pdu: Pdu): Promise<void> {
  const membership = membershipOfEvent(pdu)
  const target = pdu.stateKey === undefined ? undefined : parseUserId(pdu.stateKey)
  if ((membership !== 'leave' && membership !== 'ban') || target === undefined || serverOf(target) !== ports.serverName) return
  const row = await membershipIn(ports.db, view.room, target)
  const inviter = row?.membership === 'invite' ? parseUserId(row.sender) : undefined
  if (row === undefined || inviter === undefined || serverOf(inviter) !== serverOf(pdu.sender)) return
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
