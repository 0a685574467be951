import { powerLevels } from '../auth/power-levels.ts'
import type { EventId } from '../ids/ids.ts'
import { compareCodePoints } from '../json/canonical-json.ts'
import type { Pdu } from '../pdu/pdu.ts'
import { RankHeap } from './rank-heap.ts'
import type { ResolutionInput } from './resolution.ts'
import { authEventIds, loadedAuthEvents, stateOf } from './resolving-state.ts'
import { isStep, type Steps } from './steps.ts'

/**
 * Sorts events by the *reverse topological power ordering*: Kahn's algorithm over their auth edges among each other, taking at each step
 * the smallest event whose auth events have all been taken. Events on a cycle, which only hostile servers make, are left out.
 * https://spec.matrix.org/v1.19/rooms/v2/#definitions
 */
export function* powerOrdering(events: readonly Pdu[], input: ResolutionInput): Steps<readonly Pdu[]> {
  const ranked = yield* rank(events, input)
  const rankOf = new Map<EventId, number>(ranked.map((event, at) => [event.eventId, at]))
  const dependents: number[][] = ranked.map(() => [])
  const waitsFor = new Int32Array(ranked.length)
  const heap = new RankHeap(ranked.length)
  for (const [at, event] of ranked.entries()) {
    if (isStep(at)) yield
    for (const eventId of new Set(authEventIds(event, input))) {
      const target = rankOf.get(eventId)
      if (target === undefined) continue
      dependents[target]?.push(at)
      waitsFor[at] = (waitsFor[at] ?? 0) + 1
    }
    if (waitsFor[at] === 0) heap.push(at)
  }

  const sorted: Pdu[] = []
  for (let next = heap.pop(); next !== undefined; next = heap.pop()) {
    const event = ranked[next]
    if (event !== undefined) sorted.push(event)
    for (const dependent of dependents[next] ?? []) {
      const left = (waitsFor[dependent] ?? 0) - 1
      waitsFor[dependent] = left
      if (left === 0) heap.push(dependent)
    }
  }
  return sorted
}

/**
 * "x < y if 1. x's sender has greater power level than y's sender, when looking at their respective `auth_event`s; or 2. the senders have
 * the same power level, but x's `origin_server_ts` is less than y's …; or 3. … x's `event_id` is less than y's `event_id`."
 */
function* rank(events: readonly Pdu[], input: ResolutionInput): Steps<readonly Pdu[]> {
  const levels = new Map<EventId, number>()
  for (const [at, event] of events.entries()) {
    if (isStep(at)) yield
    levels.set(event.eventId, senderLevel(event, input))
  }
  const levelOf = (event: Pdu): number => levels.get(event.eventId) ?? 0
  return events.toSorted((x, y) => {
    const xLevel = levelOf(x)
    const yLevel = levelOf(y)
    // Compared, not subtracted: levels of creators are infinite.
    if (xLevel !== yLevel) return xLevel > yLevel ? -1 : 1
    return x.originServerTs - y.originServerTs || compareCodePoints(x.eventId, y.eventId)
  })
}

function senderLevel(event: Pdu, input: ResolutionInput): number {
  return powerLevels(stateOf(loadedAuthEvents(event, input)), input.rules).of(event.sender)
}
