import { membershipOfEvent, parseUserId, serverOf, type Pdu, type UserId } from '@causeway/events'
import { membershipIn, upsertMembership, type MembershipRow } from '../../storage/tables/memberships.ts'
import type { EnginePorts } from '../engine/engine-ports.ts'
import { loadEvents, loadNode } from '../engine/load-room.ts'
import { placeEvent } from '../engine/place-event.ts'
import type { RoomUnit } from '../engine/room-unit.ts'
import type { RoomView } from '../engine/room-view.ts'
import { standing, type StoredEvent } from '../engine/stored-event.ts'
import { serversOfStripped } from '../membership/stripped-state.ts'

/**
 * An event of a room that we are not in can still concern us: it may take back an invite of one of our users, or refuse a
 * knock. Only the user who invited is believed, or, of a knock, a server that is in the room, since there is no state
 * to judge by.
 */
export async function rescindInvite(
  ports: EnginePorts,
  view: RoomView,
  unit: RoomUnit,
  pdu: Pdu,
  existing: StoredEvent | undefined,
): Promise<void> {
  const membership = membershipOfEvent(pdu)
  const target = pdu.stateKey === undefined ? undefined : parseUserId(pdu.stateKey)
  if ((membership !== 'leave' && membership !== 'ban') || target === undefined || serverOf(target) !== ports.serverName) return
  const row = await membershipIn(ports.db, view.room, target)
  if (row === undefined || !believed(view, row, pdu.sender) || (await isOfBefore(ports, view, row, pdu))) return
  const stateBefore = await loadNode(ports.db, view, 0)
  const event = existing ?? (await placeEvent(ports, view, unit, { pdu, standing: standing.outlier, stateBefore }))
  unit.addMemberships([{ userId: target, membership }])
  unit.takePosition()
  unit.whenPlaced((position) =>
    unit.draft.add(
      upsertMembership,
      view.room,
      target,
      membership,
      event.event,
      0,
      ports.db.slot,
      position,
      1,
      0,
      pdu.sender,
      row.invite_state,
    ),
  )
}

/** Does it end an earlier invite or knock than the one that we have? The newer one overtook it. It names what it ends among its auth events. */
async function isOfBefore(ports: EnginePorts, view: RoomView, row: MembershipRow, pdu: Pdu): Promise<boolean> {
  const [held] = row.event === 0 ? [] : await loadEvents(ports.db, view, [row.event])
  return held !== undefined && held.pdu.depth > pdu.depth && !pdu.authEvents.includes(held.pdu.eventId)
}

function believed(view: RoomView, row: MembershipRow, sender: UserId): boolean {
  if (row.membership === 'knock') return serversOfStripped(view.roomId, row.invite_state).has(serverOf(sender))
  return row.membership === 'invite' && row.sender === sender
}
