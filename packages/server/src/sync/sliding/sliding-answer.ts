import type { RoomId } from '@causeway/events'
import { inSlices } from '../in-slices.ts'
import type { SyncPorts } from '../sync-ports.ts'
import type { UserRooms } from '../user-rooms.ts'
import { StateChanges, type ConnectionState, type SentRoom } from './connection-state.ts'
import { e2eeExtension, threadSubscriptionsExtension, toDeviceExtension } from './device-extensions.ts'
import type { RoomEntry } from './entry-head.ts'
import { accountDataExtension, receiptsExtension, typingExtension, type ExtensionPart, type RoomExtensionAsk } from './room-extensions.ts'
import type { RelevantRoom, RelevantRooms } from './room-lists.ts'
import { roomEntry } from './sliding-room.ts'
import type { SlidingRequest } from './sliding-request.ts'
import type { SlidingWish } from './sliding-wish.ts'

/** An answer in the making. */
export interface SlidingAnswer {
  readonly news: boolean
  /** What the connection has been sent when the client has got the answer. */
  readonly state: ConnectionState
  /** The answer without `pos`. */
  readonly text: string
}

/** What happened since the client's `pos`. */
export interface Happened {
  readonly rooms: ReadonlySet<RoomId>
  /** Those of them that were not looked at yet. */
  readonly unseen: ReadonlySet<RoomId>
  readonly userChanged: boolean
}

/** Make an answer to a request of a connection in a given state. */
export async function makeSlidingAnswer(
  ports: SyncPorts,
  wish: SlidingWish,
  request: SlidingRequest,
  user: UserRooms,
  relevant: RelevantRooms,
  state: ConnectionState,
  happened: Happened,
): Promise<SlidingAnswer> {
  const changes = new StateChanges(state)
  const due = [...relevant.rooms.values()].filter((room) => isDue(room, state.rooms.get(room.membership.room), happened))
  const made = await inSlices(ports.clock, due, async (room) => ({
    room,
    entry: await roomEntry(ports, wish, room, state.rooms.get(room.membership.room)),
  }))
  const entries = new Map<RoomId, RoomEntry>()
  for (const { room, entry } of made) {
    const { roomId } = room.membership
    if (entry !== undefined) entries.set(roomId, entry)
    noteSent(changes, room, state.rooms.get(room.membership.room), entry, happened.rooms.has(roomId))
  }
  noteUnsent(changes, wish, user, relevant, state, happened)
  const { rooms: touched, userChanged } = happened
  const ask: RoomExtensionAsk = { ports, wish, user, relevant: relevant.rooms, entries, state, changes, touched, userChanged }
  const parts = await extensionParts(ask, request)
  const news = entries.size > 0 || parts.some((part) => part.news)
  return { news, state: changes.apply(), text: textOf(request, relevant, entries, parts) }
}

/** May there be something in this room that the client has not got? */
function isDue({ membership, wish }: RelevantRoom, sent: SentRoom | undefined, happened: Happened): boolean {
  if (sent?.upTo !== undefined || sent === undefined) return true
  if (happened.unseen.has(membership.roomId)) return true
  return wish.timelineLimit > sent.timelineLimit || !sent.requiredState.covers(wish.requiredState)
}

function noteSent(
  changes: StateChanges,
  { membership, wish }: RelevantRoom,
  sent: SentRoom | undefined,
  entry: RoomEntry | undefined,
  touched: boolean,
): void {
  const moved = touched || sent?.upTo !== undefined || entry?.initial === true
  const { timelineLimit, requiredState } = wish
  if (sent === undefined) changes.sentRoom(membership.room, { upTo: undefined, timelineLimit, requiredState })
  // Where nothing happened, what was wanted earlier is still as it was sent.
  else if (!moved) {
    const limit = Math.max(timelineLimit, sent.timelineLimit)
    changes.sentRoom(membership.room, { upTo: undefined, timelineLimit: limit, requiredState: sent.requiredState.union(requiredState) })
  } else {
    const limit = entry === undefined ? Math.max(timelineLimit, sent.timelineLimit) : timelineLimit
    changes.sentRoom(membership.room, { upTo: undefined, timelineLimit: limit, requiredState })
  }
}

/** What happened in rooms that are out of sight is told when they come back. */
function noteUnsent(
  changes: StateChanges,
  wish: SlidingWish,
  user: UserRooms,
  relevant: RelevantRooms,
  state: ConnectionState,
  happened: Happened,
): void {
  for (const roomId of happened.rooms) {
    if (wish.since === undefined || relevant.rooms.has(roomId)) continue
    const room = user.rooms.get(roomId)?.room
    const sent = room === undefined ? undefined : state.rooms.get(room)
    if (room !== undefined && sent !== undefined && sent.upTo === undefined) {
      changes.sentRoom(room, { ...sent, upTo: wish.since.positions })
    }
  }
}

async function extensionParts(ask: RoomExtensionAsk, { extensions }: SlidingRequest): Promise<readonly ExtensionPart[]> {
  const { ports, wish } = ask
  const { toDevice, e2ee, accountData, receipts, typing, threadSubscriptions } = extensions
  const parts: ExtensionPart[] = []
  if (toDevice !== undefined) parts.push(...(await toDeviceExtension(ports, wish, toDevice)))
  if (e2ee === true) parts.push(...(await e2eeExtension(ports, wish, ask.userChanged)))
  if (threadSubscriptions !== undefined) {
    parts.push(...(await threadSubscriptionsExtension(ports, wish, ask.userChanged, threadSubscriptions.limit)))
  }
  const ofRooms: ExtensionPart[] = []
  if (accountData !== undefined) ofRooms.push(await accountDataExtension(ask, accountData))
  if (receipts !== undefined) ofRooms.push(await receiptsExtension(ask, receipts))
  if (typing !== undefined) ofRooms.push(typingExtension(ask, typing))
  return [...parts, ...ofRooms.filter(({ news }) => news)]
}

function textOf(
  request: SlidingRequest,
  relevant: RelevantRooms,
  entries: ReadonlyMap<RoomId, RoomEntry>,
  parts: readonly ExtensionPart[],
): string {
  const lists = [...relevant.counts].map(([name, count]) => `${JSON.stringify(name)}:{"count":${count}}`)
  const rooms = [...entries].map(([roomId, entry]) => `${JSON.stringify(roomId)}:${entry.text}`)
  const extensions = parts.map(({ name, json }) => `${JSON.stringify(name)}:${json}`)
  const txn = request.txnId === undefined ? '' : `"txn_id":${JSON.stringify(request.txnId)},`
  return `${txn}"lists":{${lists.join(',')}},"rooms":{${rooms.join(',')}},"extensions":{${extensions.join(',')}}`
}
