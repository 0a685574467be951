import { membershipOfEvent } from '@causeway/events'
import { loadEvents } from '../rooms/engine/load-room.ts'
import type { RoomView } from '../rooms/engine/room-view.ts'
import type { StoredEvent } from '../rooms/engine/stored-event.ts'
import { claimedMembers } from '../rooms/history/claimed-members.ts'
import { clientEvent } from '../rooms/history/client-event.ts'
import { wantsKind, wantsRoom } from '../rooms/history/event-filter.ts'
import { stateChangesRangeMax } from '../rooms/history/limits.ts'
import { livePosAt } from '../rooms/history/live-position.ts'
import { includes } from '../rooms/history/positions.ts'
import { isCompletedSince, isPartialAt } from '../rooms/history/partial-at.ts'
import { RoomSight } from '../rooms/history/room-sight.ts'
import { choiceOf } from '../rooms/relations/related-by.ts'
import { bundleRelations } from '../rooms/relations/bundle.ts'
import type { StateChange } from '../rooms/history/state-history.ts'
import type { RoomUnread, UnreadCounts } from '../rooms/history/unread.ts'
import { timelineOf, type Timeline } from '../rooms/history/timeline.ts'
import { ephemeralPart } from './ephemeral-part.ts'
import { prevBatchOf } from './prev-batch.ts'
import { stateTexts } from './room-state-part.ts'
import { summaryOf } from './room-summary.ts'
import type { AccountDataPiece, SyncPorts } from './sync-ports.ts'
import { accountDataEvents, eventList, type SyncWish } from './sync-wish.ts'
import type { RoomMembership } from './user-rooms.ts'

/** What decides the counts and the heroes of a room's summary. */
const summaryTypes: ReadonlySet<string> = new Set(['m.room.member', 'm.room.name', 'm.room.canonical_alias'])

/** How much of a room an answer shows: live positions, and whether the client has what came before them. */
interface Extent {
  readonly view: RoomView
  readonly sincePos: number
  readonly upTo: number
  /** The user joined since the client's last answer. */
  readonly isNew: boolean
  /** The client gets the whole state. */
  readonly whole: boolean
}

/**
 * A joined room's member of the answer (Client-Server API, "Joined Room"). Absent when there is nothing new in it.
 */
export async function joinedRoom(
  ports: SyncPorts,
  wish: SyncWish,
  membership: RoomMembership,
  accountData: readonly AccountDataPiece[],
): Promise<string | undefined> {
  const view = await ports.engine.view(membership.roomId)
  if (view === undefined) return undefined
  // Who wants all members of a room gets it when they are here (MSC3902).
  if (!wish.filter.state.lazyLoadMembers && isPartialAt(view, wish.now.positions)) return undefined
  const completed = isCompletedSince(view, wish.since?.positions, wish.now.positions)
  const extent = await extentOf(ports, wish, membership, view, completed)
  const { isNew, whole, upTo } = extent
  const sight = new RoomSight(ports.engine.ports, view, wish.caller.userId, Infinity)
  const timeline = await roomTimeline(ports, wish, extent, sight)
  const changes = await changesOf(ports, extent, timeline)
  const named = changes.some(({ key }) => summaryTypes.has(view.keys.at(key)?.type ?? ''))
  const end = await ports.stateHistory.stateAt(view, upTo)
  const summary = whole || named || completed ? await summaryOf(ports.db, view, end, wish.caller.userId) : undefined
  const own = view.keys.find('m.room.member', wish.caller.userId)
  const members = [...(whole && own !== undefined ? [own] : []), ...(summary?.heroes ?? [])]
  const state = await stateTexts(ports, wish, {
    view,
    timeline,
    whole,
    end,
    changes,
    members,
    claimed: await claimedMembers(ports.db, view, end, timeline.events),
  })
  const ephemeral = await ephemeralPart(ports, wish, view, whole)
  const { roomAccountData } = wish.filter
  const data = wantsRoom(roomAccountData, view.roomId)
    ? accountData.filter((piece) => wantsKind(roomAccountData, piece.type, undefined))
    : []
  const nothing = timeline.events.length + state.length + ephemeral.texts.length + data.length === 0 && !ephemeral.ownReceipt
  if (!whole && !completed && nothing) return undefined

  const limited = timeline.limited || isNew
  await bundleRelations(ports.db, sight, timeline.events, wish.reading, wish.ignored)
  const shown = timeline.events.map((event) => clientEvent(event, sight, wish.reading))
  const prevBatch = JSON.stringify(wish.tokens.place(await prevBatchOf(ports, view, timeline, upTo)))
  const unread = await ports.unread.of(view, wish.caller.userId, upTo, membership.pos)
  let text = `"timeline":{"events":[${shown.join(',')}],"prev_batch":${prevBatch},"limited":${limited}}`
  text += `,"${wish.stateAfter ?? 'state'}":${eventList(state)}`
  text += unreadText(unread, wish.filter.timeline.unreadThreadNotifications)
  if (summary !== undefined) text += `,"summary":${summary.json}`
  if (whole || ephemeral.texts.length > 0) text += `,"ephemeral":${eventList(ephemeral.texts)}`
  if (whole || data.length > 0) text += `,"account_data":${eventList(accountDataEvents(data))}`
  return `${JSON.stringify(view.roomId)}:{${text}}`
}

/** Unread counts: of threads apart when the filter asks for it, else of everything together. */
function unreadText(unread: RoomUnread, threadsApart: boolean): string {
  const counts = ({ highlights, notifications }: UnreadCounts): string =>
    `{"highlight_count":${highlights},"notification_count":${notifications}}`
  const text = `,"unread_notifications":${counts(threadsApart ? unread.main : unread)}`
  if (!threadsApart || unread.threads.size === 0) return text
  const threads = [...unread.threads].map(([root, thread]) => `${JSON.stringify(root)}:${counts(thread)}`)
  return `${text},"unread_thread_notifications":{${threads.join(',')}}`
}

async function extentOf(ports: SyncPorts, wish: SyncWish, membership: RoomMembership, view: RoomView, completed: boolean): Promise<Extent> {
  const { since, now } = wish
  const upTo = await livePosAt(ports.db, view, now.positions)
  const sincePos = since === undefined ? 0 : await livePosAt(ports.db, view, since.positions)
  const changed = since !== undefined && !includes(since.positions, membership)
  const joinedSince = changed && !(await wasJoined(ports, view, wish.caller.userId, sincePos, upTo))
  // A client that loads members lazily has the room; it gets it anew only if what it has was wrong.
  const isNew = joinedSince || (completed && (!wish.filter.state.lazyLoadMembers || view.completion?.corrected === true))
  return { view, sincePos, upTo, isNew, whole: since === undefined || isNew || wish.fullState }
}

/** Was the user joined at a live position? Their membership changed after it: the change says what it was before. */
export async function wasJoined(
  ports: Pick<SyncPorts, 'db' | 'stateHistory'>,
  view: RoomView,
  userId: string,
  pos: number,
  upTo: number,
): Promise<boolean> {
  const key = view.keys.find('m.room.member', userId)
  const change = (await ports.stateHistory.between(view, pos, upTo)).find((candidate) => candidate.key === key)
  // Without a change of theirs it stayed what it is.
  if (change === undefined) return pos > 0
  const [event] = change.old === 0 ? [] : await loadEvents(ports.db, view, [change.old])
  return membershipOfEvent(event?.pdu) === 'join'
}

/**
 * Was the user joined right after a live position, and without a break up to another? Of a stretch too long to look through,
 * it says no.
 */
export async function stayedJoined(
  ports: Pick<SyncPorts, 'db' | 'stateHistory'>,
  view: RoomView,
  userId: string,
  pos: number,
  upTo: number,
): Promise<boolean> {
  if (pos === 0 || upTo - pos > stateChangesRangeMax) return false
  const key = view.keys.find('m.room.member', userId)
  const changes = (await ports.stateHistory.between(view, pos, upTo)).filter((change) => change.key === key)
  const before = await loadEvents(
    ports.db,
    view,
    changes.map((change) => change.old).filter((event) => event !== 0),
  )
  return before.length === changes.length && before.every(({ pdu }) => membershipOfEvent(pdu) === 'join')
}

function roomTimeline(ports: SyncPorts, wish: SyncWish, extent: Extent, sight: RoomSight): Promise<Timeline> {
  const { filter, ignored } = wish
  const { view, upTo, isNew, sincePos } = extent
  const wanted = wantsRoom(filter.timeline, view.roomId)
  const choice = choiceOf(ports.db, view, filter.timeline)
  const wants = (event: StoredEvent): boolean => wanted && (event.isState || !ignored.has(event.pdu.sender)) && choice.wants(event)
  return timelineOf(ports.db, sight, { after: isNew ? 0 : sincePos, upTo, limit: filter.timelineLimit, wants, prepare: choice.prepare })
}

/** The changes that the state part needs: since the client's last answer, and at least those during the timeline. */
function changesOf(ports: SyncPorts, extent: Extent, timeline: Timeline): Promise<readonly StateChange[]> {
  const { view, whole, sincePos, upTo } = extent
  return ports.stateHistory.between(view, whole ? timeline.start - 1 : sincePos, upTo)
}
