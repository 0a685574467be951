import type { EventId, RoomId } from '@causeway/events'
import { limits } from '../../limits.ts'
import { markStateReset } from '../../storage/tables/rooms.ts'
import type { EnginePorts } from './engine-ports.ts'
import { loadEvents, loadNode } from './load-room.ts'
import type { RoomUnit } from './room-unit.ts'
import type { RoomView } from './room-view.ts'
import type { EventNumber, KeyNumber } from './state-vector.ts'
import type { StoredEvent } from './stored-event.ts'

/** An entry of a room's state that a resolution of forks took back to an event that it had already replaced, or to nothing. */
export interface ResetEntry {
  readonly type: string
  readonly stateKey: string
  readonly was: EventId
  readonly now: EventId | undefined
}

/** What happened to a room whose version does not rule that out. */
export interface StateReset {
  readonly roomId: RoomId
  readonly version: string
  readonly entries: readonly ResetEntry[]
}

/** What says who may do what: an attack on a room aims at these, and most important first. */
const guarded = ['m.room.power_levels', 'm.room.join_rules', 'm.room.member']

type Change = readonly [key: KeyNumber, old: EventNumber, now: EventNumber]

/**
 * Did the resolution that makes `placed` part of the room bring the past back (MSC4297)? That needs no fault of any server: versions
 * before 12 let whoever replays an old branch have that effect. What was not told apart is left out: the search has bounds.
 */
export async function resetEntries(
  { db }: Pick<EnginePorts, 'db'>,
  view: RoomView,
  placed: EventNumber,
  changes: readonly Change[],
): Promise<ResetEntry[]> {
  if (view.rules.stateResolution === 'v2.1' || view.partial !== undefined) return []
  const rank = ([key]: Change): number => guarded.indexOf(view.keys.at(key)?.type ?? '')
  const suspects = changes
    .filter((change) => change[1] !== 0 && change[2] !== placed && rank(change) >= 0)
    .sort((one, other) => rank(one) - rank(other))
  const entries: ResetEntry[] = []
  for (const [key, old, now] of suspects.slice(0, limits.resetEntriesMax)) {
    const [was] = await loadEvents(db, view, [old])
    const pair = view.keys.at(key)
    if (was === undefined || pair?.stateKey === undefined || !(now === 0 || (await replaced(db, view, was, now)))) continue
    const [back] = now === 0 ? [] : await loadEvents(db, view, [now])
    entries.push({ type: pair.type, stateKey: pair.stateKey, was: was.pdu.eventId, now: back?.pdu.eventId })
  }
  return entries
}

/** Write down and tell what `resetEntries` found. */
export function noteReset(ports: EnginePorts, view: RoomView, unit: RoomUnit, entries: readonly ResetEntry[]): void {
  if (entries.length === 0) return
  const told = entries.map(({ type, stateKey, was, now }) => ({ type, state_key: stateKey, was, now }))
  unit.draft.add(markStateReset, view.room, JSON.stringify({ at: ports.clock.now(), entries: told }))
  ports.onStateReset({ roomId: view.roomId, version: view.rules.version, entries })
}

/** Had `event`, or one that it replaced in turn, taken the place of `earlier` in the state? */
async function replaced(db: EnginePorts['db'], view: RoomView, event: StoredEvent, earlier: EventNumber): Promise<boolean> {
  const seen = new Set<EventNumber>([event.event])
  const todo = [event]
  for (let step = 0; step < limits.resetStepsMax; step += 1) {
    const at = todo.shift()
    if (at === undefined) return false
    // Of an event that stands apart from the graph only its auth events say what came before it.
    const before = (await loadNode(db, view, at.stateBefore)).state.get(at.key)
    const auth = await loadEvents(
      db,
      view,
      at.edges.auth.filter((number) => number !== 0),
    )
    const others = before === 0 ? [] : await loadEvents(db, view, [before])
    for (const candidate of [...others, ...auth]) {
      if (candidate.key !== at.key || seen.has(candidate.event)) continue
      if (candidate.event === earlier) return true
      seen.add(candidate.event)
      todo.push(candidate)
    }
  }
  return false
}
