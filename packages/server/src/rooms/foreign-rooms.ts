import { parseRoomId, parseUserId, roomRules } from '@causeway/events'
import { membershipIn } from '../storage/tables/memberships.ts'
import type { EventRow } from '../storage/tables/events.ts'
import { completionOf } from '../storage/tables/partial-joins.ts'
import type { LocalMembershipChange, RoomAnnouncement } from './engine/room-announcement.ts'
import type { RoomEngine } from './engine/room-engine.ts'
import { shardOf } from './engine/shard-of.ts'
import { storedEvent, type StoredEvent } from './engine/stored-event.ts'

/** What another process of this server committed, as it touches rooms. */
export interface ForeignRooms {
  readonly slot: number
  /** Positions of the slot after `after` up to `position`. */
  readonly after: number
  readonly position: number
  readonly rooms: readonly { readonly room: number; readonly roomId: string }[]
  /** Our users whom a row concerns. */
  readonly users: readonly string[]
}

/** A live event of another process. */
export interface ForeignRoomEvent extends EventRow {
  readonly room: number
  readonly version: string
}

/**
 * The announcements that another process's commits in rooms would have made here. What this process had in memory of those
 * rooms is dropped first: it is out of date.
 */
export async function announceForeignRooms(
  engine: RoomEngine,
  owns: (shard: number) => boolean,
  foreign: ForeignRooms,
  events: readonly ForeignRoomEvent[],
): Promise<RoomAnnouncement[]> {
  const announcements: RoomAnnouncement[] = []
  for (const { room, roomId: text } of foreign.rooms) {
    const roomId = parseRoomId(text)
    if (roomId === undefined) continue
    // A room that came to this process meanwhile was read when it came: it holds all of this, and perhaps more.
    if (!owns(shardOf(roomId))) engine.drop(roomId)
    const own = events.filter((row) => row.room === room).flatMap(eventOf)
    announcements.push({
      kind: 'room',
      room,
      roomId,
      slot: foreign.slot,
      position: own.at(-1)?.position ?? foreign.position,
      events: own,
      memberships: await membershipsOf(engine, room, foreign),
      departures: [],
      completed: await wasCompleted(engine, room, foreign),
    })
  }
  return announcements
}

async function wasCompleted(engine: RoomEngine, room: number, { slot, after, position }: ForeignRooms): Promise<boolean> {
  const completion = await completionOf(engine.ports.db, room)
  return completion?.slot === slot && completion.position > after && completion.position <= position
}

function eventOf(row: ForeignRoomEvent): StoredEvent[] {
  const rules = roomRules(row.version)
  return rules === undefined ? [] : [storedEvent(row, rules)]
}

async function membershipsOf(engine: RoomEngine, room: number, foreign: ForeignRooms): Promise<LocalMembershipChange[]> {
  const changes: LocalMembershipChange[] = []
  for (const text of foreign.users) {
    const userId = parseUserId(text)
    const row = userId === undefined ? undefined : await membershipIn(engine.ports.db, room, userId)
    const isNew = row?.slot === foreign.slot && row.position > foreign.after && row.position <= foreign.position
    if (userId !== undefined && row !== undefined && isNew) changes.push({ userId, membership: row.membership })
  }
  return changes
}
