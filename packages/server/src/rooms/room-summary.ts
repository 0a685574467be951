import { joinRule, parseRoomId, type RoomId } from '@causeway/events'
import type { Database } from '../storage/database.ts'
import type { RoomView } from './engine/room-view.ts'
import { stateFor } from './engine/view-state.ts'

/** One room of the public directory, as its answer has it. */
export interface PublicRoom {
  readonly room_id: RoomId
  readonly num_joined_members: number
  readonly world_readable: boolean
  readonly guest_can_join: boolean
  readonly join_rule: string
  readonly name?: string
  readonly topic?: string
  readonly canonical_alias?: string
  readonly avatar_url?: string
  readonly room_type?: string
}

/** What the public directory says of a room that we are in. */
export async function publicSummary(db: Database, view: RoomView): Promise<PublicRoom> {
  const types = ['create', 'name', 'topic', 'canonical_alias', 'avatar', 'history_visibility', 'guest_access', 'join_rules']
  const state = await stateFor(
    db,
    view,
    view.current,
    types.map((type) => [`m.room.${type}`, ''] as const),
  )
  const text = (type: string, key: string): string | undefined => {
    const value = state.get(`m.room.${type}`, '')?.content[key]
    return typeof value === 'string' ? value : undefined
  }
  const optional = {
    name: text('name', 'name'),
    topic: text('topic', 'topic'),
    canonical_alias: text('canonical_alias', 'alias'),
    avatar_url: text('avatar', 'url'),
    room_type: text('create', 'type'),
  }
  return {
    room_id: view.roomId,
    num_joined_members: view.joinedMembers,
    world_readable: text('history_visibility', 'history_visibility') === 'world_readable',
    guest_can_join: text('guest_access', 'guest_access') === 'can_join',
    join_rule: joinRule(state),
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
  }
}

/** What a room is, for somebody who may not be in it. Of a room that another server tells about, all of it is that server's word. */
export interface RoomDescription extends PublicRoom {
  readonly room_version?: string
  readonly encryption?: string
  /** The rooms whose members may join it. */
  readonly allowed_room_ids?: readonly RoomId[]
}

/** A room as somebody sees it who may not be in it (Client-Server API, RoomSummary). */
export interface RoomSummary extends RoomDescription {
  /** The reader's, when there is one. */
  readonly membership?: string
}

/** What a room that we are in is. */
export async function describeRoom(db: Database, view: RoomView): Promise<RoomDescription> {
  const summary = await publicSummary(db, view)
  const state = await stateFor(db, view, view.current, [
    ['m.room.join_rules', ''],
    ['m.room.encryption', ''],
  ])
  const algorithm = state.get('m.room.encryption', '')?.content['algorithm']
  const allowed = allowedRooms(summary.join_rule, state.get('m.room.join_rules', '')?.content['allow'])
  return {
    ...summary,
    room_version: view.rules.version,
    ...(typeof algorithm === 'string' ? { encryption: algorithm } : {}),
    ...(allowed.length === 0 ? {} : { allowed_room_ids: allowed }),
  }
}

/** Rooms of a join rule that are looked at; as many as for a join. */
const allowedRoomsMax = 50

function allowedRooms(rule: string, allow: unknown): RoomId[] {
  if ((rule !== 'restricted' && rule !== 'knock_restricted') || !Array.isArray(allow)) return []
  return allow.slice(0, allowedRoomsMax).flatMap((condition: unknown) => {
    const named = typeof condition === 'object' && condition !== null && 'type' in condition && condition.type === 'm.room_membership'
    const id: unknown = named && 'room_id' in condition ? condition.room_id : undefined
    return typeof id === 'string' ? (parseRoomId(id) ?? []) : []
  })
}
