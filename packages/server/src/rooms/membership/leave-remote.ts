import { parseUserId, serverOf, type JsonObject, type Pdu, type RoomId, type ServerName, type UserId } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { limits } from '../../limits.ts'
import { membershipIn, upsertMembership, type MembershipRow } from '../../storage/tables/memberships.ts'
import { upsertRemoteLeave } from '../../storage/tables/remote-leaves.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import { loadEvents, loadNode } from '../engine/load-room.ts'
import { placeEvent } from '../engine/place-event.ts'
import { RoomUnit } from '../engine/room-unit.ts'
import type { RoomView } from '../engine/room-view.ts'
import { standing } from '../engine/stored-event.ts'
import { buildOwnEvent } from './own-event.ts'
import type { RemoteLeaves } from './remote-leaves.ts'
import { serversOfStripped } from './stripped-state.ts'

interface Ports {
  readonly engine: RoomEngine
  readonly remoteLeaves: Pick<RemoteLeaves, 'tell' | 'hasRoom'>
}

/** One of our users declines an invite to a room that this server is not in, or takes their knock on it back. */
export interface RemoteLeave {
  readonly roomId: RoomId
  readonly userId: UserId
  readonly reason: string | undefined
}

/**
 * Decline an invite or take a knock back. It always succeeds here at once and reaches the user's devices; another server is
 * told in the background, over a restart too: what is to be told is written with it. Throws M_NOT_FOUND or M_FORBIDDEN when there is neither.
 */
export async function leaveRemote(ports: Ports, leave: RemoteLeave): Promise<void> {
  const { db, serverName, clock } = ports.engine.ports
  const done = await ports.engine.run(leave.roomId, async (view) => {
    const row = await membershipIn(db, view.room, leave.userId)
    if (row === undefined) throw new MatrixError('M_FORBIDDEN', 'You are not in this room')
    if (row.membership === 'leave') return { committed: undefined, told: undefined }
    const unit = new RoomUnit(ports.engine.ports, view)
    const none = await loadNode(db, view, 0)
    const pdu = await leaveOnOurWord(ports, view, leave, row)
    const event = await placeEvent(ports.engine.ports, view, unit, { pdu, standing: standing.outlier, stateBefore: none })
    unit.addMemberships([{ userId: leave.userId, membership: 'leave' }])
    unit.takePosition()
    unit.whenPlaced((position) =>
      unit.draft.add(
        upsertMembership,
        view.room,
        leave.userId,
        'leave',
        event.event,
        0,
        db.slot,
        position,
        1,
        0,
        leave.userId,
        row.invite_state,
      ),
    )
    const servers = serversToTell(leave.roomId, row).filter((server) => server !== serverName)
    const isKept = servers.length > 0 && ports.remoteLeaves.hasRoom
    const told = {
      ...leave,
      servers: servers.slice(0, limits.joinServersMax),
      event: event.event,
      attempts: 0,
      nextAt: clock.now(),
      isKept,
    }
    if (isKept) {
      unit.draft.add(upsertRemoteLeave, view.room, leave.userId, told.event, JSON.stringify(told.servers), 0, told.nextAt)
    }
    const committed = unit.commit()
    ports.engine.holdUntil(view, committed)
    return { committed, told }
  })
  await done.committed
  if (done.told !== undefined && done.told.servers.length > 0) ports.remoteLeaves.tell(done.told)
}

/** The event that the user's own devices are shown: no other server ever sees it, nor is it part of the room. */
async function leaveOnOurWord(ports: Ports, view: RoomView, { roomId, userId, reason }: RemoteLeave, row: MembershipRow): Promise<Pdu> {
  const { rules } = view
  const [before] = row.event === 0 ? [] : await loadEvents(ports.engine.ports.db, view, [row.event])
  const after = before === undefined || rules.referencePairs ? [] : [before.pdu.eventId]
  const content: JsonObject = { ...(reason === undefined ? {} : { reason }), membership: 'leave' }
  const place: JsonObject = { depth: (before?.depth ?? 0) + 1, prev_events: after, auth_events: after }
  const template: JsonObject = { type: 'm.room.member', room_id: roomId, sender: userId, state_key: userId, content, ...place }
  return buildOwnEvent(ports.engine.ports, template, { roomId, rules, userId, content })
}

/** The server that invited, before all others; then those that may be in the room. */
function serversToTell(roomId: RoomId, row: MembershipRow): ServerName[] {
  const inviter = row.membership === 'knock' ? undefined : parseUserId(row.sender)
  const others = serversOfStripped(roomId, row.invite_state)
  return [...new Set([...(inviter === undefined ? [] : [serverOf(inviter)]), ...others])]
}
