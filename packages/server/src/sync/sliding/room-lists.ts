import { parseRoomId, type RoomId } from '@causeway/events'
import { loadEvents } from '../../rooms/engine/load-room.ts'
import { isPlainObject } from '../../rooms/history/event-filter.ts'
import { includes, type Positions } from '../../rooms/history/positions.ts'
import type { InviteRules } from '../../users/account-data/invite-rules.ts'
import type { SyncPorts } from '../sync-ports.ts'
import type { RoomMembership, UserRooms } from '../user-rooms.ts'
import type { ConnectionState } from './connection-state.ts'
import type { AllRoomFacts } from './room-facts.ts'
import type { RoomRecency } from './room-recency.ts'
import type { ListFilters, RoomWish, SlidingRequest } from './sliding-request.ts'

/** A room that a request is about. */
export interface RelevantRoom {
  readonly membership: RoomMembership
  readonly wish: RoomWish
  /** The lists that show it. */
  readonly lists: readonly string[]
  readonly subscribed: boolean
  readonly bumpStamp: number
}

/** The rooms that a request is about, the most recent ones first, and the size of each of its lists. */
export interface RelevantRooms {
  readonly rooms: ReadonlyMap<RoomId, RelevantRoom>
  readonly counts: ReadonlyMap<string, number>
}

/** What choosing rooms takes. */
export interface ListPorts {
  readonly sync: SyncPorts
  readonly recency: RoomRecency
  readonly facts: AllRoomFacts
}

/** Whose rooms are chosen, and what is known of them. */
export interface ListReader {
  readonly user: UserRooms
  readonly state: ConnectionState
  /** Where the client continues. */
  readonly since: Positions | undefined
  readonly ignored: ReadonlySet<string>
  readonly invites: InviteRules
  readonly direct: ReadonlySet<string>
}

/** Choose the rooms that a request is about (MSC4186, "lists" and "room subscriptions"). */
export async function relevantRooms(ports: ListPorts, request: SlidingRequest, reader: ListReader): Promise<RelevantRooms> {
  const listed = [...reader.user.rooms.values()].filter((membership) => isListed(reader, membership))
  const stamps = await ports.recency.stamps(listed)
  const stampOf = ({ room }: RoomMembership): number => stamps.get(room) ?? 0
  listed.sort((one, other) => stampOf(other) - stampOf(one) || other.room - one.room)
  const rooms = new Map<RoomId, RelevantRoom>()
  const counts = new Map<string, number>()
  const needTags = [...request.lists.values()].some(({ filters }) => filters.tags !== undefined || filters.notTags !== undefined)
  const tagsOf = needTags ? await tagsOfRooms(ports, reader) : new Map<string, ReadonlySet<string>>()
  for (const [name, list] of request.lists) {
    const chosen = await filtered(ports, listed, list.filters, reader, tagsOf)
    counts.set(name, chosen.length)
    for (const membership of inRanges(chosen, list.ranges)) {
      add(rooms, { membership, wish: list, lists: [name], subscribed: false, bumpStamp: stampOf(membership) })
    }
  }
  for (const [id, wish] of request.subscriptions) {
    const roomId = parseRoomId(id)
    const membership = roomId === undefined ? undefined : reader.user.rooms.get(roomId)
    if (membership === undefined || membership.forgotten || isUnwanted(reader, membership)) continue
    const bumpStamp = stamps.get(membership.room) ?? (await ports.recency.stamps([membership])).get(membership.room) ?? 0
    add(rooms, { membership, wish, lists: [], subscribed: true, bumpStamp })
  }
  return { rooms, counts }
}

/** Who left by themselves is told so once; who was removed keeps the room in the list, so that the client can tell why. */
function isListed(reader: ListReader, membership: RoomMembership): boolean {
  if (membership.forgotten || isUnwanted(reader, membership)) return false
  if (membership.membership !== 'leave') return true
  // An invite from outside that was taken back, or a room that the client never was sent, is nothing to it.
  const sent = reader.state.rooms.get(membership.room)
  if (membership.sender !== reader.user.userId && membership.pos > 0) return true
  if (sent === undefined || reader.since === undefined) return false
  return !includes(sent.upTo ?? reader.since, membership)
}

/** "Servers must not send room invites from ignored users" (Client-Server API, "Ignoring users"), nor such as the user does not want. */
function isUnwanted(reader: ListReader, { membership, sender }: RoomMembership): boolean {
  return membership === 'invite' && (reader.ignored.has(sender) || reader.invites.actionFor(sender) !== 'allow')
}

function add(rooms: Map<RoomId, RelevantRoom>, room: RelevantRoom): void {
  const { roomId } = room.membership
  const other = rooms.get(roomId)
  if (other === undefined) {
    rooms.set(roomId, room)
    return
  }
  rooms.set(roomId, {
    ...other,
    wish: {
      timelineLimit: Math.max(other.wish.timelineLimit, room.wish.timelineLimit),
      requiredState: other.wish.requiredState.union(room.wish.requiredState),
      includeHeroes: other.wish.includeHeroes || room.wish.includeHeroes,
    },
    lists: [...other.lists, ...room.lists],
    subscribed: other.subscribed || room.subscribed,
  })
}

function inRanges<T>(list: readonly T[], ranges: readonly (readonly [number, number])[] | undefined): readonly T[] {
  if (ranges === undefined) return list
  if (ranges.length === 1) return list.slice(ranges[0]?.[0], (ranges[0]?.[1] ?? 0) + 1)
  return list.filter((_, index) => ranges.some(([first, last]) => first <= index && index <= last))
}

async function filtered(
  ports: ListPorts,
  memberships: readonly RoomMembership[],
  filters: ListFilters,
  reader: ListReader,
  tagsOf: ReadonlyMap<string, ReadonlySet<string>>,
): Promise<readonly RoomMembership[]> {
  const { isDm, isInvite, tags, notTags, spaces } = filters
  let chosen = memberships
  if (isInvite !== undefined) chosen = chosen.filter(({ membership }) => (membership === 'invite') === isInvite)
  if (isDm !== undefined) chosen = chosen.filter(({ roomId }) => reader.direct.has(roomId) === isDm)
  const has = (roomId: RoomId, wanted: readonly string[]): boolean => wanted.some((tag) => tagsOf.get(roomId)?.has(tag))
  if (tags !== undefined) chosen = chosen.filter(({ roomId }) => has(roomId, tags))
  if (notTags !== undefined) chosen = chosen.filter(({ roomId }) => !has(roomId, notTags))
  if (spaces !== undefined) {
    const children = await childrenOf(ports, spaces, reader)
    chosen = chosen.filter(({ roomId }) => children.has(roomId))
  }
  return byFacts(ports, chosen, filters)
}

async function byFacts(ports: ListPorts, memberships: readonly RoomMembership[], filters: ListFilters): Promise<readonly RoomMembership[]> {
  const { isEncrypted, roomTypes, notRoomTypes, roomNameLike } = filters
  if ([isEncrypted, roomTypes, notRoomTypes, roomNameLike].every((filter) => filter === undefined)) return memberships
  const part = roomNameLike?.toLowerCase()
  const factsOf = await ports.facts.of(memberships)
  return memberships.filter(({ room }) => {
    const facts = factsOf.get(room)
    if (facts === undefined) return false
    if (isEncrypted !== undefined && facts.encrypted !== isEncrypted) return false
    if (roomTypes !== undefined && !roomTypes.includes(facts.type)) return false
    if (notRoomTypes?.includes(facts.type) === true) return false
    return part === undefined || facts.name?.toLowerCase().includes(part) === true
  })
}

/** The tags of the user's rooms (Client-Server API, "Room Tagging"). */
async function tagsOfRooms(ports: ListPorts, reader: ListReader): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const found = new Map<string, ReadonlySet<string>>()
  for (const { roomId, type, content } of await ports.sync.accountData.all(reader.user.userId)) {
    if (roomId === '' || type !== 'm.tag') continue
    const value: unknown = JSON.parse(content)
    const tags = isPlainObject(value) ? value['tags'] : undefined
    if (isPlainObject(tags)) found.set(roomId, new Set(Object.keys(tags)))
  }
  return found
}

/** The children of spaces that the user is joined to (Client-Server API, "Spaces"). */
async function childrenOf(ports: ListPorts, spaces: readonly string[], { user }: ListReader): Promise<ReadonlySet<string>> {
  const children = new Set<string>()
  for (const id of spaces) {
    const roomId = parseRoomId(id)
    if (roomId === undefined || user.rooms.get(roomId)?.membership !== 'join') continue
    const view = await ports.sync.engine.view(roomId)
    if (view === undefined) continue
    const held = [...view.keys.ofType('m.space.child')].map(([, key]) => view.current.state.get(key)).filter((number) => number !== 0)
    for (const { pdu } of await loadEvents(ports.sync.db, view, held)) {
      if (Array.isArray(pdu.content['via']) && pdu.stateKey !== undefined) children.add(pdu.stateKey)
    }
  }
  return children
}
