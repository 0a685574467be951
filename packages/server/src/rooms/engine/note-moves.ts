import { isJsonObject, membershipOfEvent, parseRoomId, parseUserId, serverOf, type Pdu, type RoomId } from '@causeway/events'
import type { Announcement } from '../../storage/database.ts'
import { insertRoomMove } from '../../storage/tables/room-moves.ts'
import type { EnginePorts } from './engine-ports.ts'
import type { EventOf } from './move-members.ts'
import type { RoomUnit } from './room-unit.ts'
import type { RoomView, StateNode } from './room-view.ts'
import { stateFor } from './view-state.ts'

/** A row was added to `room_moves`: its worker has something to do. */
export interface RoomMoveAnnouncement extends Announcement {
  readonly kind: 'room-move'
}

/** Whom a change of a room's state may make take their settings along; '' for all of ours who were in the room. */
export interface RoomMoves {
  readonly slot: number
  readonly roomId: RoomId
  readonly users: readonly string[]
}

/**
 * Who of us comes, with these changes, into a room that says it took another's place; and whether the room itself says that
 * another took its place. What is true of that is found out later. `eventOf`: the member events that the changes name.
 */
export async function movesOf(
  ports: EnginePorts,
  view: RoomView,
  current: StateNode,
  changes: readonly (readonly [key: number, old: number, now: number])[],
  eventOf: EventOf,
): Promise<RoomMoves> {
  const users: string[] = []
  for (const [key, old, now] of changes) {
    const pair = view.keys.at(key)
    if (pair?.type === 'm.room.tombstone' && pair.stateKey === '' && now !== 0) users.push('')
    const userId = pair?.type === 'm.room.member' ? parseUserId(pair.stateKey ?? '') : undefined
    if (userId === undefined || serverOf(userId) !== ports.serverName) continue
    const before = membershipOfEvent(eventOf(old)?.pdu)
    if (membershipOfEvent(eventOf(now)?.pdu) === 'join' && before !== 'join') users.push(userId)
  }
  const came = users.some((user) => user !== '')
  const create = came ? (await stateFor(ports.db, view, current, [['m.room.create', '']])).get('m.room.create', '') : undefined
  const replaces = predecessorOf(create) !== undefined
  return { slot: ports.db.slot, roomId: view.roomId, users: users.filter((user) => user === '' || replaces) }
}

/** Write down what `movesOf` found. */
export function noteMoves(unit: RoomUnit, { slot, roomId, users }: RoomMoves): void {
  if (users.length === 0) return
  unit.whenPlaced((position) => {
    for (const user of users) unit.draft.add(insertRoomMove, slot, position, user, roomId)
  })
  const announcement: RoomMoveAnnouncement = { kind: 'room-move' }
  unit.announce(announcement)
}

/** The room whose place a room took, as its m.room.create event says: nobody else has confirmed it. */
export function predecessorOf(create: Pdu | undefined): RoomId | undefined {
  const predecessor = create?.content['predecessor']
  const roomId = predecessor !== undefined && isJsonObject(predecessor) ? predecessor['room_id'] : undefined
  return typeof roomId === 'string' ? parseRoomId(roomId) : undefined
}
