import { membershipOfEvent, parseUserId, serverOf, type ServerName, type UserId } from '@causeway/events'
import { upsertMembership } from '../../storage/tables/memberships.ts'
import { upsertRoomServer } from '../../storage/tables/rooms.ts'
import type { EnginePorts } from './engine-ports.ts'
import type { LocalMembershipChange } from './room-announcement.ts'
import type { RoomUnit } from './room-unit.ts'
import type { RoomView } from './room-view.ts'
import type { EventNumber } from './state-vector.ts'
import type { StoredEvent } from './stored-event.ts'

/** An event of those at hand, by its number. */
export type EventOf = (number: EventNumber) => StoredEvent | undefined

/**
 * Carry changes of the current state over to memberships, member counts and servers: in the view, and as rows. `eventOf`: the
 * member events that the changes name. Returns the changes of our own users.
 */
export function moveMembers(
  ports: EnginePorts,
  view: RoomView,
  unit: RoomUnit,
  changes: readonly (readonly [key: number, old: number, now: number])[],
  eventOf: EventOf,
  cause: StoredEvent,
): LocalMembershipChange[] {
  const local: LocalMembershipChange[] = []
  const touched = new Set<ServerName>()
  for (const [key, old, now] of changes) {
    const pair = view.keys.at(key)
    if (pair?.type !== 'm.room.member' || pair.stateKey === undefined) continue
    const userId = parseUserId(pair.stateKey)
    if (userId === undefined) continue
    const pdu = eventOf(now)?.pdu
    const membership = membershipOfEvent(pdu) ?? 'leave'
    const before = old === 0 ? undefined : membershipOfEvent(eventOf(old)?.pdu)
    const server = serverOf(userId)
    const isLocal = server === ports.serverName
    if (membership === 'join' && before !== 'join') enter(view, userId, server, isLocal)
    if (membership !== 'join' && before === 'join') leave(view, userId, server, isLocal)
    view.invitedMembers += (membership === 'invite' ? 1 : 0) - (before === 'invite' ? 1 : 0)
    if (membership === 'join' || before === 'join') touched.add(server)
    const place = [now, cause.pos ?? 0, cause.slot] as const
    unit.whenPlaced((position) =>
      unit.draft.add(upsertMembership, view.room, userId, membership, ...place, position, isLocal ? 1 : 0, 0, pdu?.sender ?? userId, null),
    )
    if (isLocal) {
      local.push({ userId, membership, before })
      view.noteLocalMember(userId)
    }
  }
  for (const server of touched) {
    const count = view.servers.get(server) ?? 0
    const joined = view.partial?.listed.has(server) === true ? count - 1 : count
    unit.draft.add(upsertRoomServer, view.room, server, joined, count === 0 ? (cause.pos ?? 0) : null)
  }
  return local
}

function enter(view: RoomView, userId: UserId, server: ServerName, isLocal: boolean): void {
  view.joinedMembers += 1
  view.servers.set(server, (view.servers.get(server) ?? 0) + 1)
  if (isLocal) view.localJoined.add(userId)
}

function leave(view: RoomView, userId: UserId, server: ServerName, isLocal: boolean): void {
  view.joinedMembers -= 1
  const left = (view.servers.get(server) ?? 1) - 1
  if (left > 0) view.servers.set(server, left)
  else view.servers.delete(server)
  if (isLocal) view.localJoined.delete(userId)
}
