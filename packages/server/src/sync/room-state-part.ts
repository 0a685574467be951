import type { RoomView } from '../rooms/engine/room-view.ts'
import type { EventNumber, KeyNumber, StateVector } from '../rooms/engine/state-vector.ts'
import { bareEvent } from '../rooms/history/client-event.ts'
import { wantsEvent, wantsRoom } from '../rooms/history/event-filter.ts'
import { mapEvents } from '../rooms/history/state-events.ts'
import { before, type StateChange } from '../rooms/history/state-history.ts'
import type { Timeline } from '../rooms/history/timeline.ts'
import type { SyncPorts } from './sync-ports.ts'
import type { SyncWish } from './sync-wish.ts'

/** What the state part of a room is made from. */
export interface StateWish {
  readonly view: RoomView
  readonly timeline: Timeline
  /** Is the whole state wanted, or what changed? */
  readonly whole: boolean
  /** The state at the end of the timeline. */
  readonly end: StateVector
  /** All changes from the start of the timeline on, and those since the client's last answer. */
  readonly changes: readonly StateChange[]
  /** Members that are sent even when members are loaded lazily. */
  readonly members: readonly KeyNumber[]
  /** Members that are missing in the state, by what events of the timeline rest on. */
  readonly claimed: ReadonlyMap<KeyNumber, EventNumber>
}

/** The state events of a room's part of the answer as JSON texts. */
export async function stateTexts(ports: SyncPorts, wish: SyncWish, state: StateWish): Promise<readonly string[]> {
  const { view } = state
  const { filter } = wish
  if (!wantsRoom(filter.state, view.roomId)) return []
  const chosen = chooseState(wish, state)
  if (chosen.size === 0) return []
  const texts = await mapEvents(ports, view, [...chosen.values()], (event) =>
    wantsEvent(filter.state, event) ? bareEvent(event, wish.reading) : undefined,
  )
  return texts.filter((text) => text !== undefined)
}

/** Which event of which key to send. */
function chooseState(wish: SyncWish, state: StateWish): Map<KeyNumber, EventNumber> {
  const { timeline, whole, end, changes } = state
  const atEnd = wish.stateAfter !== undefined
  const shown = new Set<EventNumber>(atEnd ? [] : timeline.events.map((event) => event.event))
  const start = atEnd ? end : before(end, changes, timeline.start - 1)
  const lazy = wish.filter.state.lazyLoadMembers
  const chosen = new Map<KeyNumber, EventNumber>()
  if (whole) {
    for (const [key, event] of start.entries()) if (!lazy || !isMember(state.view, key)) chosen.set(key, event)
  }
  const late = new Map<KeyNumber, EventNumber>()
  for (const change of changes) {
    if (!atEnd && change.pos >= timeline.start) late.set(change.key, change.new)
    else if (!whole) chosen.set(change.key, change.new)
  }
  // What changed during the timeline without being shown in it: by a filter, or by a fork that was resolved.
  for (const [key, event] of late) if (!shown.has(event)) chosen.set(key, event)
  if (lazy) addMembers(wish, state, start, chosen)
  for (const [key, event] of chosen) if (event === 0 || shown.has(event)) chosen.delete(key)
  return chosen
}

/** With lazy loading: the members that the client needs to show the timeline, unless it has them. */
function addMembers(wish: SyncWish, state: StateWish, start: StateVector, chosen: Map<KeyNumber, EventNumber>): void {
  const { room } = state.view
  const all = state.whole || wish.filter.state.includeRedundantMembers
  for (const key of new Set([...state.timeline.events.map((event) => event.sender), ...state.members])) {
    if (chosen.has(key)) continue
    const event = start.get(key) || (state.claimed.get(key) ?? 0)
    if (event !== 0 && (all || !wish.lazy.has(room, key, event))) chosen.set(key, event)
  }
  for (const [key, event] of chosen) if (isMember(state.view, key)) wish.lazy.add(room, key, event)
  for (const { key, event, isState } of state.timeline.events) if (isState && isMember(state.view, key)) wish.lazy.add(room, key, event)
}

function isMember(view: RoomView, key: KeyNumber): boolean {
  return view.keys.at(key)?.type === 'm.room.member'
}
