import {
  parseUserId,
  roomRules,
  serverOf,
  type JsonObject,
  type Pdu,
  type RoomId,
  type RoomRules,
  type ServerName,
  type UserId,
} from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { limits } from '../../limits.ts'
import { membershipIn, upsertMembership, type MembershipRow } from '../../storage/tables/memberships.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import { loadEvents, loadNode } from '../engine/load-room.ts'
import { placeEvent } from '../engine/place-event.ts'
import { RoomUnit } from '../engine/room-unit.ts'
import type { RoomView } from '../engine/room-view.ts'
import { standing } from '../engine/stored-event.ts'
import type { Logger } from '../../platform/logger.ts'
import type { MembershipPeers } from './membership-peers.ts'
import { buildOwnEvent } from './own-event.ts'
import { serversOfStripped } from './stripped-state.ts'

interface Ports {
  readonly engine: RoomEngine
  readonly membershipPeers: MembershipPeers
  readonly log: Logger
  /** Runs work after the answer; its failures are logged. */
  readonly background: (work: () => Promise<void>) => void
}

/** One of our users declines an invite to a room that this server is not in, or takes their knock on it back. */
export interface RemoteLeave {
  readonly roomId: RoomId
  readonly userId: UserId
  readonly reason: string | undefined
}

/**
 * Decline an invite or take a knock back. It always succeeds here at once and reaches the user's devices; another server is
 * told in the background. Throws M_NOT_FOUND or M_FORBIDDEN when there is neither.
 */
export async function leaveRemote(ports: Ports, leave: RemoteLeave): Promise<void> {
  const { db, serverName } = ports.engine.ports
  const done = await ports.engine.run(leave.roomId, async (view) => {
    const row = await membershipIn(db, view.room, leave.userId)
    if (row === undefined) throw new MatrixError('M_FORBIDDEN', 'You are not in this room')
    if (row.membership === 'leave') return { rules: view.rules, servers: [], committed: undefined }
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
    const committed = unit.commit()
    ports.engine.holdUntil(view, committed)
    return { rules: view.rules, servers: serversToTell(leave.roomId, row), committed }
  })
  await done.committed
  const servers = done.servers.filter((server) => server !== serverName).slice(0, limits.joinServersMax)
  if (servers.length > 0) ports.background(() => tellOneOf(ports, leave, servers, done.rules))
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

async function tellOneOf(ports: Ports, leave: RemoteLeave, servers: readonly ServerName[], known: RoomRules): Promise<void> {
  for (const server of servers) {
    try {
      await tellServer(ports, leave, server, known)
      return
    } catch (error) {
      ports.log.info({ err: error, server, room: leave.roomId }, 'a server did not take in that a user of ours leaves')
    }
  }
}

async function tellServer(ports: Ports, leave: RemoteLeave, server: ServerName, known: RoomRules): Promise<void> {
  const template = await ports.membershipPeers.make(server, 'leave', leave.roomId, leave.userId, [known.version])
  const rules = roomRules(template.roomVersion ?? known.version) ?? known
  const reason: JsonObject = leave.reason === undefined ? {} : { reason: leave.reason }
  const pdu = buildOwnEvent(ports.engine.ports, template.event, {
    roomId: leave.roomId,
    rules,
    userId: leave.userId,
    content: { ...reason, membership: 'leave' },
  })
  await ports.membershipPeers.sendLeave(server, leave.roomId, pdu.eventId, pdu.object)
}
