import {
  authEventKeys,
  authorize,
  checkAuthEvents,
  createEventId,
  reject,
  serverOf,
  type EventId,
  type Pdu,
  type Verdict,
} from '@causeway/events'
import type { EnginePorts } from '../engine/engine-ports.ts'
import { findEvent, loadEvents, loadNode, loadNumbers } from '../engine/load-room.ts'
import { writeNode } from '../engine/place-event.ts'
import { resolveNodes } from '../engine/resolve-tips.ts'
import type { RoomUnit } from '../engine/room-unit.ts'
import type { RoomView, StateNode } from '../engine/room-view.ts'
import { standing, type Standing, type StoredEvent } from '../engine/stored-event.ts'
import { LoadedState, stateFor } from '../engine/view-state.ts'
import { serverAllowed } from './server-acl.ts'

/** What checks 4 to 6 say of an event, or what of its past has to be fetched first. */
export type Judgement =
  | { readonly standing: Standing; readonly stateBefore: StateNode; readonly refusal?: Verdict }
  | { readonly missingAuth: readonly EventId[] }
  | { readonly missingPrev: readonly EventId[] }

/** A state to judge by, where our own graph cannot give it. */
export interface JudgeOptions {
  /** The state before the event, as fetched and resolved with ours. */
  readonly stateBefore?: StateNode
  /** An event of the past is not measured against the current state (check 6). */
  readonly historical?: boolean
}

/** Does an event stand in our graph, so that the state after it is known? */
export function inGraph(event: StoredEvent): boolean {
  return event.standing !== standing.outlier && event.standing !== standing.undecided
}

/** Checks 4 to 6 of the specification, and whether the room's ACL lets the sender's server be heard, for an event that passed 1 to 3. Runs under the room's queue. */
export async function judge(ports: EnginePorts, view: RoomView, unit: RoomUnit, pdu: Pdu, options: JudgeOptions = {}): Promise<Judgement> {
  const verdict = await judgeByAuthEvents(ports, view, pdu)
  if ('missingAuth' in verdict) return verdict
  const before = options.stateBefore === undefined ? await stateBefore(ports, view, unit, pdu) : { node: options.stateBefore }
  if ('missingPrev' in before) return before
  if (!verdict.allowed) return { standing: standing.rejected, stateBefore: before.node, refusal: verdict }

  const keys = keysFor(pdu, view)
  const byState = authorize(pdu, await stateFor(ports.db, view, before.node, keys), view.rules)
  if (!byState.allowed) return { standing: standing.rejected, stateBefore: before.node, refusal: byState }
  if (options.historical === true) return { standing: standing.accepted, stateBefore: before.node }
  // Whoever brings it: a server that the room shuts out is not heard through another one either.
  if (!(await serverAllowed(ports.db, view, serverOf(pdu.sender)))) {
    return {
      standing: standing.softFailed,
      stateBefore: before.node,
      refusal: reject('server_acl', "the room's ACL shuts the sender's server out"),
    }
  }
  if (before.node.node === view.current.node) return { standing: standing.accepted, stateBefore: before.node }
  const byCurrent = authorize(pdu, await stateFor(ports.db, view, view.current, keys), view.rules)
  if (!byCurrent.allowed) return { standing: standing.softFailed, stateBefore: before.node, refusal: byCurrent }
  return { standing: standing.accepted, stateBefore: before.node }
}

/** Check 4: the event against its own auth events, which must all be at hand. */
export async function judgeByAuthEvents(
  ports: EnginePorts,
  view: RoomView,
  pdu: Pdu,
): Promise<Verdict | { readonly missingAuth: readonly EventId[] }> {
  const numbers = await loadNumbers(ports.db, view, pdu.authEvents)
  const missingAuth = pdu.authEvents.filter((id) => !numbers.has(id))
  if (missingAuth.length > 0) return { missingAuth }
  const events = await loadEvents(ports.db, view, [...numbers.values()])
  const undecided = events.filter((event) => event.standing === standing.undecided)
  if (undecided.length > 0) return { missingAuth: undecided.map((event) => event.pdu.eventId) }
  const rejected = new Set(events.filter((event) => event.standing === standing.rejected).map((event) => event.pdu.eventId))
  const pdus = events.map((event) => event.pdu)
  const create = view.rules.roomIdIsCreateHash ? await createOf(ports, view) : undefined
  const selection = checkAuthEvents(pdu, pdus, view.rules, { isRejected: (id) => rejected.has(id), create })
  if (!selection.allowed) return selection
  const state = view.rules.roomIdIsCreateHash && create !== undefined ? [...pdus, create] : pdus
  return authorize(pdu, new LoadedState(state), view.rules)
}

/** The create event that the room id names (room version 12 and later), unless it was rejected. */
async function createOf(ports: EnginePorts, view: RoomView): Promise<Pdu | undefined> {
  const id = createEventId(view.roomId, view.rules)
  const event = id === undefined ? undefined : await findEvent(ports.db, view, id)
  return event === undefined || event.standing === standing.rejected ? undefined : event.pdu
}

/** The state keys that authorization of an event looks at. */
function keysFor(pdu: Pdu, view: RoomView): readonly (readonly [string, string])[] {
  const keys = authEventKeys(pdu, view.rules)
  return keys.some(([type]) => type === 'm.room.create') ? keys : [...keys, ['m.room.create', '']]
}

async function stateBefore(
  ports: EnginePorts,
  view: RoomView,
  unit: RoomUnit,
  pdu: Pdu,
): Promise<{ readonly node: StateNode } | { readonly missingPrev: readonly EventId[] }> {
  const numbers = await loadNumbers(ports.db, view, pdu.prevEvents)
  const events = await loadEvents(ports.db, view, [...numbers.values()])
  const known = new Map(events.filter(inGraph).map((event) => [event.pdu.eventId, event]))
  const missingPrev = pdu.prevEvents.filter((id) => !known.has(id))
  if (missingPrev.length > 0) return { missingPrev }
  // The usual case: the event follows all of our tips, whose resolution is the current state.
  if (view.tips.length > 0 && view.tips.length === known.size && view.tips.every((tip) => known.has(tip.eventId))) {
    return { node: view.current }
  }
  const nodes = new Map<number, StateNode>()
  for (const event of known.values()) nodes.set(event.stateAfter, await loadNode(ports.db, view, event.stateAfter))
  return { node: await resolveNodes(ports, view, [...nodes.values()], (node, from) => writeNode(unit, node, from)) }
}
