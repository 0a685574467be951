import type { RoomView } from '../../rooms/engine/room-view.ts'
import type { EventNumber, KeyNumber } from '../../rooms/engine/state-vector.ts'
import type { StoredEvent } from '../../rooms/engine/stored-event.ts'
import { claimedMembers } from '../../rooms/history/claimed-members.ts'
import { bareEvent, clientEvent } from '../../rooms/history/client-event.ts'
import { isPartialAt } from '../../rooms/history/partial-at.ts'
import { includes, type Positions } from '../../rooms/history/positions.ts'
import { mapEvents } from '../../rooms/history/state-events.ts'
import type { StateChange } from '../../rooms/history/state-history.ts'
import { timelineOf, type Timeline } from '../../rooms/history/timeline.ts'
import { bundleRelations } from '../../rooms/relations/bundle.ts'
import { prevBatchOf } from '../prev-batch.ts'
import type { SyncPorts } from '../sync-ports.ts'
import type { SentRoom } from './connection-state.ts'
import { headOf, type RoomEntry } from './entry-head.ts'
import { invitedEntry, outsideEntry } from './outside-entry.ts'
import type { RequiredState } from './required-state.ts'
import { extentOf, type RoomExtent } from './room-extent.ts'
import type { RelevantRoom } from './room-lists.ts'
import { headPart } from './room-summary-part.ts'
import type { SlidingWish } from './sliding-wish.ts'

/** What a client has of a room, and what it wants. */
interface Ask {
  readonly room: RelevantRoom
  readonly sent: SentRoom | undefined
  /** Up to where it has it. */
  readonly since: Positions | undefined
}

/**
 * A room's entry (MSC4186, "Room response"). Absent when there is nothing that the client has not got. `sent` is what it was
 * sent of the room, up to `wish.since` unless it says otherwise.
 */
export function roomEntry(
  ports: SyncPorts,
  wish: SlidingWish,
  room: RelevantRoom,
  sent: SentRoom | undefined,
): Promise<RoomEntry | undefined> {
  const since = sent === undefined ? undefined : (sent.upTo ?? wish.since?.positions)
  const ask: Ask = { room, sent, since }
  const { membership } = room.membership
  return membership === 'invite' || membership === 'knock' ? invitedEntry(ports, wish, room, since) : memberEntry(ports, wish, ask)
}

async function memberEntry(ports: SyncPorts, wish: SlidingWish, ask: Ask): Promise<RoomEntry | undefined> {
  const { room, sent, since } = ask
  const extent = await extentOf(ports, wish, room.membership, since)
  if (extent === undefined) return outsideEntry(ports, wish, room, since)
  // Who wants all members of a room gets it when they are here (MSC3902).
  const joined = room.membership.membership === 'join'
  if (joined && room.wish.requiredState.wantsAllMembers && isPartialAt(extent.view, wish.now.positions)) return undefined
  const initial = since === undefined || sent === undefined || extent.isNew
  const expanded = !initial && room.wish.timelineLimit > sent.timelineLimit && !extent.onlyOwn
  const timeline = await entryTimeline(ports, wish, ask, extent, initial || expanded)
  const changes = initial || extent.onlyOwn ? [] : await ports.stateHistory.between(extent.view, extent.from, extent.upTo)
  const state = extent.onlyOwn ? [] : await stateOf(ports, wish, ask, extent, { initial, timeline, changes })
  const passedOver = room.wish.timelineLimit === 0 && extent.upTo > extent.from
  const nothing = timeline.events.length + state.length === 0 && !passedOver && !expanded
  if (!initial && nothing && !extent.completed && !(await ownReceiptMoved(ports, wish, extent, since))) return undefined
  let text = headOf(wish, room)
  if (initial) text += ',"initial":true'
  if (expanded) text += ',"unstable_expanded_timeline":true'
  text += await summaryText(ports, wish, ask, extent, { initial, changes })
  if (state.length > 0) text += `,"required_state":[${state.join(',')}]`
  text += await timelineText(ports, wish, extent, timeline, initial && sent !== undefined && !extent.onlyOwn)
  return { text: `${text}}`, initial, timeline: timeline.events }
}

async function entryTimeline(ports: SyncPorts, wish: SlidingWish, { room }: Ask, extent: RoomExtent, whole: boolean): Promise<Timeline> {
  const { sight, upTo, onlyOwn } = extent
  const { ignored } = wish
  // A stranger's leaving stands alone: what came before it is not shown, nor told to have been left out.
  const after = onlyOwn ? extent.from : whole ? 0 : extent.from
  const limit = onlyOwn ? 1 : room.wish.timelineLimit
  const always = onlyOwn ? room.membership.event : undefined
  const wants = (event: StoredEvent): boolean => !onlyOwn && (event.isState || !ignored.has(event.pdu.sender))
  return timelineOf(ports.db, sight, { after, upTo, limit, wants, always })
}

async function timelineText(
  ports: SyncPorts,
  wish: SlidingWish,
  { view, sight, upTo }: RoomExtent,
  timeline: Timeline,
  gap: boolean,
): Promise<string> {
  const { since } = wish
  await bundleRelations(ports.db, sight, timeline.events, wish.reading, wish.ignored)
  const shown = timeline.events.map((event) => clientEvent(event, sight, wish.reading))
  const live = since === undefined ? 0 : timeline.events.filter((event) => !includes(since.positions, event)).length
  const prevBatch = JSON.stringify(wish.tokens.place(await prevBatchOf(ports, view, timeline, upTo)))
  const limited = timeline.limited || gap
  return `,"timeline":[${shown.join(',')}],"prev_batch":${prevBatch},"limited":${limited},"num_live":${live}`
}

/** Name, avatar, heroes and counts. Who is no longer joined is not told how the room goes on. */
async function summaryText(
  ports: SyncPorts,
  wish: SlidingWish,
  { room }: Ask,
  { view, end, upTo, completed }: RoomExtent,
  { initial, changes }: { readonly initial: boolean; readonly changes: readonly StateChange[] },
): Promise<string> {
  const { userId } = wish.caller
  const types = new Set(changes.map(({ key }) => view.keys.at(key)?.type))
  const members = initial || completed || types.has('m.room.member')
  const changed = { name: initial || types.has('m.room.name'), avatar: initial || types.has('m.room.avatar'), members }
  let text = await headPart(ports.db, view, end, userId, changed, room.wish.includeHeroes)
  if (room.membership.membership !== 'join') return `${text},"notification_count":0,"highlight_count":0`
  if (members) text += `,"joined_count":${view.joinedMembers},"invited_count":${view.invitedMembers}`
  const unread = await ports.unread.of(view, userId, upTo, room.membership.pos)
  return `${text},"notification_count":${unread.notifications},"highlight_count":${unread.highlights}`
}

async function ownReceiptMoved(ports: SyncPorts, wish: SlidingWish, { view }: RoomExtent, since: Positions | undefined): Promise<boolean> {
  if (since === undefined) return false
  const moved = await ports.receipts.since(view.room, since)
  return moved.some((receipt) => receipt.userId === wish.caller.userId && includes(wish.now.positions, receipt))
}

/** The state that the client wants and has not got, as JSON texts. */
async function stateOf(
  ports: SyncPorts,
  wish: SlidingWish,
  { room, sent }: Ask,
  { view, end }: RoomExtent,
  { initial, timeline, changes }: { readonly initial: boolean; readonly timeline: Timeline; readonly changes: readonly StateChange[] },
): Promise<readonly string[]> {
  const wanted = room.wish.requiredState
  const chosen = new Map<KeyNumber, EventNumber>()
  const before = initial ? undefined : sent?.requiredState
  if (before === undefined) for (const key of wanted.keysIn(view, end)) chosen.set(key, end.get(key))
  else {
    if (!before.covers(wanted)) {
      for (const key of wanted.keysIn(view, end)) if (!before.wantsKey(view, key)) chosen.set(key, end.get(key))
    }
    for (const { key } of changes) if (isTold(view, wanted, key)) chosen.set(key, end.get(key))
  }
  if (wanted.lazy) {
    const claimed = await claimedMembers(ports.db, view, end, timeline.events)
    addLazyMembers(wish, view, timeline, chosen, (key) => end.get(key) || (claimed.get(key) ?? 0), initial)
  }
  const numbers = [...chosen.values()].filter((number) => number !== 0)
  return mapEvents(ports, view, numbers, (event) => bareEvent(event, wish.reading))
}

/** With `$LAZY` a change of a member is told: the client may have the member. */
function isTold(view: RoomView, wanted: RequiredState, key: KeyNumber): boolean {
  return wanted.wantsKey(view, key) || (wanted.lazy && view.keys.at(key)?.type === 'm.room.member')
}

/** The members whom the timeline needs to be shown, unless the client has them. */
function addLazyMembers(
  wish: SlidingWish,
  view: RoomView,
  timeline: Timeline,
  chosen: Map<KeyNumber, EventNumber>,
  eventOf: (key: KeyNumber) => EventNumber,
  initial: boolean,
): void {
  for (const { sender } of timeline.events) {
    const event = eventOf(sender)
    if (event !== 0 && !chosen.has(sender) && (initial || !wish.lazy.has(view.room, sender, event))) chosen.set(sender, event)
  }
  for (const [key, event] of chosen) if (view.keys.at(key)?.type === 'm.room.member') wish.lazy.add(view.room, key, event)
}
