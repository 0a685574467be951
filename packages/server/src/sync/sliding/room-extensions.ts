import type { RoomId } from '@causeway/events'
import type { Positions } from '../../rooms/history/positions.ts'
import { receiptEvent, receiptsFor, typingEvent } from '../ephemeral-part.ts'
import type { AccountDataPiece, SyncPorts } from '../sync-ports.ts'
import { accountDataEvents } from '../sync-wish.ts'
import type { UserRooms } from '../user-rooms.ts'
import type { ConnectionState, SentUpTo, StateChanges } from './connection-state.ts'
import type { RoomEntry } from './entry-head.ts'
import type { RelevantRoom } from './room-lists.ts'
import type { RoomSelector } from './sliding-request.ts'
import type { SlidingWish } from './sliding-wish.ts'

/** An extension's part of an answer. */
export interface ExtensionPart {
  readonly name: string
  readonly json: string
  /** Is it worth answering for? */
  readonly news: boolean
}

/** What the extensions about rooms are made from. */
export interface RoomExtensionAsk {
  readonly ports: SyncPorts
  readonly wish: SlidingWish
  readonly user: UserRooms
  readonly relevant: ReadonlyMap<RoomId, RelevantRoom>
  /** The entries of the answer. */
  readonly entries: ReadonlyMap<RoomId, RoomEntry>
  readonly state: ConnectionState
  readonly changes: StateChanges
  /** The rooms that something happened in since the client's `pos`. */
  readonly touched: ReadonlySet<RoomId>
  /** May anything of the user's own have changed since then? */
  readonly userChanged: boolean
}

/** Global account data, and that of rooms (MSC3959). */
export async function accountDataExtension(ask: RoomExtensionAsk, selector: RoomSelector): Promise<ExtensionPart> {
  const { ports, wish, state, changes, user } = ask
  const { userId } = wish.caller
  const now = wish.now.positions
  const since = wish.since?.positions
  const changed = since === undefined || !ask.userChanged ? [] : await ports.accountData.changes(userId, since, now)
  let all: readonly AccountDataPiece[] | undefined
  const everything = async (): Promise<readonly AccountDataPiece[]> => (all ??= await ports.accountData.all(userId))
  const global = (since === undefined ? await everything() : changed).filter(({ roomId }) => roomId === '')
  const rooms: string[] = []
  const selected = new Set<RoomId>()
  for (const { membership } of selectedRooms(ask, selector)) {
    const { room, roomId } = membership
    selected.add(roomId)
    const from = sentFrom(state.accountData, room, since)
    const pieces = from === undefined ? await everything() : from === since ? changed : await ports.accountData.changes(userId, from, now)
    const own = pieces.filter((piece) => piece.roomId === roomId)
    if (own.length > 0) rooms.push(`${JSON.stringify(roomId)}:[${accountDataEvents(own).join(',')}]`)
    changes.sentAccountData(room, undefined)
  }
  // What changed of rooms that are out of sight is told when they come back.
  for (const { roomId } of changed) {
    const room = roomId === '' || selected.has(roomId) ? undefined : user.rooms.get(roomId)?.room
    if (room !== undefined && isLive(state.accountData, room)) changes.sentAccountData(room, since)
  }
  const json = `{"global":[${accountDataEvents(global).join(',')}],"rooms":{${rooms.join(',')}}}`
  return { name: 'account_data', json, news: global.length + rooms.length > 0 }
}

/** Receipts (MSC3960): at first those of the reader and those on the events that are shown, then whatever changes. */
export async function receiptsExtension(ask: RoomExtensionAsk, selector: RoomSelector): Promise<ExtensionPart> {
  const { ports, wish, state, changes, user } = ask
  const { userId } = wish.caller
  const since = wish.since?.positions
  const rooms: string[] = []
  const selected = new Set<RoomId>()
  for (const { membership } of selectedRooms(ask, selector)) {
    const { room, roomId } = membership
    selected.add(roomId)
    // Who left is told no more of what the others do.
    if (membership.membership !== 'join') continue
    const from = sentFrom(state.receipts, room, since)
    if (from === since && from !== undefined && !ask.touched.has(roomId)) continue
    const moved = from === undefined ? await ports.receipts.ofRoom(room) : await ports.receipts.since(room, from)
    const shownEvents = new Set(ask.entries.get(roomId)?.timeline.map(({ pdu }) => String(pdu.eventId)))
    const shown = receiptsFor(userId, moved, wish.now.positions).filter(
      (receipt) => from !== undefined || receipt.userId === userId || shownEvents.has(receipt.eventId),
    )
    if (shown.length > 0) rooms.push(`${JSON.stringify(roomId)}:${receiptEvent(shown)}`)
    changes.sentReceipts(room, undefined)
  }
  for (const roomId of ask.touched) {
    const room = selected.has(roomId) ? undefined : user.rooms.get(roomId)?.room
    if (room !== undefined && since !== undefined && isLive(state.receipts, room)) changes.sentReceipts(room, since)
  }
  return { name: 'receipts', json: `{"rooms":{${rooms.join(',')}}}`, news: rooms.length > 0 }
}

/** Who types (MSC3961). */
export function typingExtension(ask: RoomExtensionAsk, selector: RoomSelector): ExtensionPart {
  const { ports, wish, entries, state } = ask
  const rooms: string[] = []
  for (const { membership } of selectedRooms(ask, selector)) {
    const { roomId } = membership
    if (membership.membership !== 'join') continue
    const users = ports.typing.usersIn(roomId)
    const isFirst = wish.since === undefined || entries.get(roomId)?.initial === true
    // What was missed while the room was out of sight is not known: what holds now is told.
    const isBack = state.rooms.get(membership.room)?.upTo !== undefined
    const changed = isBack || (wish.since !== undefined && ports.typing.changedSince(roomId, wish.since.typing))
    if (changed || (isFirst && users.length > 0)) rooms.push(`${JSON.stringify(roomId)}:${typingEvent(users)}`)
  }
  return { name: 'typing', json: `{"rooms":{${rooms.join(',')}}}`, news: rooms.length > 0 }
}

function* selectedRooms({ relevant }: RoomExtensionAsk, selector: RoomSelector): Generator<RelevantRoom> {
  const { lists, rooms } = selector
  for (const room of relevant.values()) {
    const byList = room.lists.some((name) => lists === undefined || lists.includes('*') || lists.includes(name))
    const { roomId } = room.membership
    if (byList || (room.subscribed && (rooms === undefined || rooms.includes('*') || rooms.includes(roomId)))) yield room
  }
}

/** From where on the client has not got it: `since` where it has all up to there, absent where it has nothing. */
function sentFrom(sent: ReadonlyMap<number, SentUpTo>, room: number, since: Positions | undefined): Positions | undefined {
  return sent.has(room) ? (sent.get(room) ?? since) : undefined
}

function isLive(sent: ReadonlyMap<number, SentUpTo>, room: number): boolean {
  return sent.has(room) && sent.get(room) === undefined
}
