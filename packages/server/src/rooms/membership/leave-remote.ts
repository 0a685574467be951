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
import type { Retries } from './retries.ts'
import { serversOfStripped } from './stripped-state.ts'

interface Ports {
  readonly engine: RoomEngine
  readonly membershipPeers: MembershipPeers
  readonly retries: Retries
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
    if (row.membership === 'leave') return { rules: view.rules, servers: [], committed: undefined, event: 0 }
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
    return { rules: view.rules, servers: serversToTell(leave.roomId, row), committed, event: event.event }
  })
  await done.committed
  const servers = done.servers.filter((server) => server !== serverName).slice(0, limits.joinServersMax)
  if (servers.length > 0) ports.background(() => tellUntilTaken(ports, leave, { servers, rules: done.rules, event: done.event }))
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

/** What is to be told of a leave, and whom. */
interface Told {
  readonly servers: readonly ServerName[]
  readonly rules: RoomRules
  /** The number of the event by which the user's devices know it. */
  readonly event: number
}

/** Tell it now, and some times later while nobody can be reached; not if the user is invited or knocks again meanwhile. */
async function tellUntilTaken(ports: Ports, leave: RemoteLeave, told: Told): Promise<void> {
  const { clock } = ports.engine.ports
  if (await tellOneOf(ports, leave, told)) return
  for (const ms of limits.leaveRetriesMs) {
    if (!(await ports.retries.wait(() => clock.sleep(ms))) || !(await isStillSo(ports, leave, told))) return
    if (await tellOneOf(ports, leave, told)) return
  }
}

async function isStillSo({ engine }: Ports, { roomId, userId }: RemoteLeave, { event }: Told): Promise<boolean> {
  const view = await engine.view(roomId)
  const row = view === undefined ? undefined : await membershipIn(engine.ports.db, view.room, userId)
  return row?.membership === 'leave' && row.event === event
}

/** Has one of them taken it, or did all that were reached refuse it? Else there is a use in trying again. */
async function tellOneOf(ports: Ports, leave: RemoteLeave, { servers, rules }: Told): Promise<boolean> {
  let isSettled = true
  for (const server of servers) {
    try {
      await tellServer(ports, leave, server, rules)
      return true
    } catch (error) {
      ports.log.info({ err: error, server, room: leave.roomId }, 'a server did not take in that a user of ours leaves')
      if (!(error instanceof MatrixError) || error.status >= 500) isSettled = false
    }
  }
  return isSettled
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
