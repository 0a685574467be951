import { privateReceipt, type Receipt } from '../ephemeral/receipt-announcement.ts'
import type { RoomView } from '../rooms/engine/room-view.ts'
import { wantsKind, wantsRoom } from '../rooms/history/event-filter.ts'
import { includes } from '../rooms/history/positions.ts'
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
  const typingChanged = whole || since === undefined || ports.typing.changedSince(view.roomId, since.typing)
  if (wanted && typingChanged && wantsKind(filter.ephemeral, 'm.typing', undefined)) {
    const users = ports.typing.usersIn(view.roomId)
    if (!whole || users.length > 0) texts.push(`{"content":{"user_ids":${JSON.stringify(users)}},"type":"m.typing"}`)
  }
  const moved =
    whole || since === undefined ? await ports.receipts.ofRoom(view.room) : await ports.receipts.since(view.room, since.positions)
  const shown: Receipt[] = []
  let ownReceipt = false
  for (const receipt of moved) {
    const own = receipt.userId === caller.userId
    if ((receipt.type === privateReceipt && !own) || !includes(now.positions, receipt)) continue
    ownReceipt ||= own
    shown.push(receipt)
  }
  if (wanted && shown.length > 0 && wantsKind(filter.ephemeral, 'm.receipt', undefined)) texts.push(receiptEvent(shown))
  return { texts, ownReceipt }
}

/** One m.receipt event. Where a user has both an unthreaded and a threaded receipt on an event, the unthreaded one is given. */
function receiptEvent(receipts: readonly Receipt[]): string {
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
