import type { UserId } from '@causeway/events'
import { privateReceipt, type Receipt } from '../ephemeral/receipt-announcement.ts'
import type { RoomView } from '../rooms/engine/room-view.ts'
import { wantsKind, wantsRoom } from '../rooms/history/event-filter.ts'
import { includes, type Positions } from '../rooms/history/positions.ts'
import type { SyncPorts } from './sync-ports.ts'
import type { SyncWish } from './sync-wish.ts'

/** What is new of a room's typing and receipts. */
export interface EphemeralPart {
  readonly texts: readonly string[]
  /** Did a receipt of the reader move, and the unread counts with it? */
  readonly ownReceipt: boolean
}

/** A room's ephemeral events; `whole`: all that holds, rather than what changed. */
export async function ephemeralPart(ports: SyncPorts, wish: SyncWish, view: RoomView, whole: boolean): Promise<EphemeralPart> {
  const { caller, since, now, filter } = wish
  const texts: string[] = []
  const wanted = wantsRoom(filter.ephemeral, view.roomId)
  const typingChanged = since !== undefined && ports.typing.changedSince(view.roomId, since.typing)
  if (wanted && (whole || since === undefined || typingChanged) && wantsKind(filter.ephemeral, 'm.typing', undefined)) {
    const users = ports.typing.usersIn(view.roomId)
    // Whoever left and came back between two answers may still take those for typing who did then.
    if (users.length > 0 || !whole || typingChanged) texts.push(typingEvent(users))
  }
  const moved =
    whole || since === undefined ? await ports.receipts.ofRoom(view.room) : await ports.receipts.since(view.room, since.positions)
  const shown = receiptsFor(caller.userId, moved, now.positions)
  const ownReceipt = shown.some((receipt) => receipt.userId === caller.userId)
  if (wanted && shown.length > 0 && wantsKind(filter.ephemeral, 'm.receipt', undefined)) texts.push(receiptEvent(shown))
  return { texts, ownReceipt }
}

/** Those receipts that a reader may see: private ones are for their own user, and none is given before its commit is seen. */
export function receiptsFor(reader: UserId, receipts: Iterable<Receipt>, now: Positions): Receipt[] {
  const shown: Receipt[] = []
  for (const receipt of receipts) {
    if (receipt.type === privateReceipt && receipt.userId !== reader) continue
    if (includes(now, receipt)) shown.push(receipt)
  }
  return shown
}

/** The m.typing event. */
export function typingEvent(users: readonly UserId[]): string {
  return `{"content":{"user_ids":${JSON.stringify(users)}},"type":"m.typing"}`
}

/** One m.receipt event. Where a user has both an unthreaded and a threaded receipt on an event, the unthreaded one is given. */
export function receiptEvent(receipts: readonly Receipt[]): string {
  const events = new Map<string, Map<string, Map<string, Receipt>>>()
  for (const receipt of receipts) {
    const types = getOrAdd(events, receipt.eventId)
    const users = getOrAdd(types, receipt.type)
    const other = users.get(receipt.userId)
    if (other === undefined || receipt.thread === '') users.set(receipt.userId, receipt)
  }
  const content = membersOf(events, (types) => membersOf(types, (users) => membersOf(users, receiptData)))
  return `{"content":${content},"type":"m.receipt"}`
}

function receiptData({ ts, thread }: Receipt): string {
  return thread === '' ? `{"ts":${ts}}` : `{"ts":${ts},"thread_id":${JSON.stringify(thread)}}`
}

function membersOf<T>(map: ReadonlyMap<string, T>, text: (value: T) => string): string {
  return `{${[...map].map(([key, value]) => `${JSON.stringify(key)}:${text(value)}`).join(',')}}`
}

function getOrAdd<T>(map: Map<string, Map<string, T>>, key: string): Map<string, T> {
  let inner = map.get(key)
  if (inner === undefined) map.set(key, (inner = new Map()))
  return inner
}
