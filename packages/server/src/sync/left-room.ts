import { membershipOfEvent } from '@causeway/events'
import { loadEvents, loadNode } from '../rooms/engine/load-room.ts'
import type { RoomView } from '../rooms/engine/room-view.ts'
import type { StoredEvent } from '../rooms/engine/stored-event.ts'
import { bareEvent, clientEvent } from '../rooms/history/client-event.ts'
import { wantsKind, wantsRoom } from '../rooms/history/event-filter.ts'
import { joinedUntil, lastJoined } from '../rooms/history/last-joined.ts'
import { livePosAt } from '../rooms/history/live-position.ts'
import { placeBefore } from '../rooms/history/place.ts'
import { RoomSight } from '../rooms/history/room-sight.ts'
import { choiceOf } from '../rooms/relations/related-by.ts'
import { bundleRelations } from '../rooms/relations/bundle.ts'
import { timelineOf } from '../rooms/history/timeline.ts'
import { wasJoined } from './joined-room.ts'
import { prevBatchOf } from './prev-batch.ts'
import { stateTexts } from './room-state-part.ts'
import type { AccountDataPiece, SyncPorts } from './sync-ports.ts'
import { accountDataEvents, eventList, type SyncWish } from './sync-wish.ts'
import type { RoomMembership } from './user-rooms.ts'

/**
 * A left room's member of the answer (Client-Server API, "Left Room"): what happened up to the leaving, as far as the user
 * may read it. Somebody who never was in it sees the end of their invite and nothing else.
 */
export async function leftRoom(
  ports: SyncPorts,
  wish: SyncWish,
  membership: RoomMembership,
  accountData: readonly AccountDataPiece[],
): Promise<string> {
  const view = await ports.engine.view(membership.roomId)
  const [left] = view === undefined || membership.event === 0 ? [] : await loadEvents(ports.db, view, [membership.event])
  const { roomAccountData } = wish.filter
  const data = wantsRoom(roomAccountData, membership.roomId)
    ? accountData.filter((piece) => wantsKind(roomAccountData, piece.type, undefined))
    : []
  const dataText = `,"account_data":${eventList(accountDataEvents(data))}`
  const room = JSON.stringify(membership.roomId)
  const stateName = wish.stateAfter ?? 'state'
  // An invite from outside that has ended left at most an event that stands by itself.
  const own = left !== undefined && membershipOfEvent(left.pdu) === membership.membership ? left : undefined
  if (view === undefined || own?.pos === undefined) {
    const events = own === undefined ? '' : bareEvent(own, wish.reading)
    return `${room}:{"timeline":{"events":[${events}],"limited":false},"${stateName}":{"events":[]}${dataText}}`
  }
  const joined = await lastJoined(ports.db, view, wish.caller.userId)
  const sight = new RoomSight(ports.engine.ports, view, wish.caller.userId, joinedUntil(joined))
  const wasMember = joined.when === 'before' && joined.left.event === own.event
  const text = wasMember ? await memberText(ports, wish, view, sight, own) : await strangerText(wish, sight, own)
  return `${room}:{${text}${dataText}}`
}

async function strangerText(wish: SyncWish, sight: RoomSight, left: StoredEvent): Promise<string> {
  await sight.load([left])
  const prevBatch = JSON.stringify(wish.tokens.place(placeBefore(left)))
  const event = clientEvent(left, sight, wish.reading)
  return `"timeline":{"events":[${event}],"prev_batch":${prevBatch},"limited":false},"${wish.stateAfter ?? 'state'}":{"events":[]}`
}

async function memberText(ports: SyncPorts, wish: SyncWish, view: RoomView, sight: RoomSight, left: StoredEvent): Promise<string> {
  const { filter, since, ignored } = wish
  const upTo = left.pos ?? 0
  const sincePos = since === undefined ? 0 : Math.min(upTo, await livePosAt(ports.db, view, since.positions))
  // Who left before the client's last answer is only told again as a whole.
  const goesOn = since !== undefined && sincePos < upTo && (await wasJoined(ports, view, wish.caller.userId, sincePos, upTo))
  const whole = !goesOn || wish.fullState
  const wanted = wantsRoom(filter.timeline, view.roomId)
  const choice = choiceOf(ports.db, view, filter.timeline)
  const wants = (event: StoredEvent): boolean => wanted && (event.isState || !ignored.has(event.pdu.sender)) && choice.wants(event)
  const timeline = await timelineOf(ports.db, sight, {
    after: goesOn ? sincePos : 0,
    upTo,
    limit: filter.timelineLimit,
    wants,
    prepare: choice.prepare,
  })
  const changes = await ports.stateHistory.between(view, whole ? timeline.start - 1 : sincePos, upTo)
  const end = (await loadNode(ports.db, view, left.stateAfter)).state
  const state = await stateTexts(ports, wish, { view, timeline, whole, end, changes, members: [left.key], claimed: new Map() })
  await bundleRelations(ports.db, sight, timeline.events, wish.reading, ignored)
  const shown = timeline.events.map((event) => clientEvent(event, sight, wish.reading))
  const prevBatch = JSON.stringify(wish.tokens.place(await prevBatchOf(ports, view, timeline, upTo)))
  const timelineText = `"timeline":{"events":[${shown.join(',')}],"prev_batch":${prevBatch},"limited":${timeline.limited}}`
  return `${timelineText},"${wish.stateAfter ?? 'state'}":${eventList(state)}`
}
