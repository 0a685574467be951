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
import { isVoidRedaction } from '../engine/apply-redaction.ts'
import { findEvent, loadEvents, loadNode, loadNumbers } from '../engine/load-room.ts'
import { writeNode } from '../engine/place-event.ts'
import { resolveNodes } from '../engine/resolve-tips.ts'
import type { RoomUnit } from '../engine/room-unit.ts'
import type { RoomView, StateNode } from '../engine/room-view.ts'
import type { StateVector } from '../engine/state-vector.ts'
import { inGraph, standing, type Standing, type StoredEvent } from '../engine/stored-event.ts'
import { LoadedState, stateFor } from '../engine/view-state.ts'
import { isRecommended, needsPolicy, policyServerOf, type PolicyServer } from '../policy/policy-server.ts'
import { serverAllowed } from './server-acl.ts'

/** What checks 4 to 7 say of an event, or what has to be fetched first: something of its past, or the policy server's signature. */
export type Judgement =
  | { readonly standing: Standing; readonly stateBefore: StateNode; readonly refusal?: Verdict }
  | { readonly missingAuth: readonly EventId[] }
  | { readonly missingPrev: readonly EventId[] }
  | { readonly needsPolicy: PolicyServer }

type Keys = readonly (readonly [type: string, stateKey: string])[]

/** A state to judge by, where our own graph cannot give it. */
export interface JudgeOptions {
  /** The state before the event, as fetched and resolved with ours. */
  readonly stateBefore?: StateNode
  /** An event of the past is not measured against the current state (check 6). */
  readonly historical?: boolean
  /** The room's policy server was asked already, and did not sign. */
  readonly policyAsked?: boolean
  /** It was rejected before, by all that its auth events say: what has come since does not change that. */
  readonly rejected?: boolean
}

/** Checks 4 to 7 of the specification, and whether the room's ACL lets the sender's server be heard, for an event that passed 1 to 3. Runs under the room's queue. */
export async function judge(ports: EnginePorts, view: RoomView, unit: RoomUnit, pdu: Pdu, options: JudgeOptions = {}): Promise<Judgement> {
  // What is before an event brings its auth events along, as a rule: that gap is filled first.
  const prev = options.stateBefore === undefined ? await prevOf(ports, view, pdu) : { known: [] }
  if ('missingPrev' in prev) return prev
  const verdict = await judgeByAuthEvents(ports, view, pdu)
  if ('missingAuth' in verdict) return verdict
  const before = { node: options.stateBefore ?? (await stateAfter(ports, view, unit, prev.known)) }
  if (!verdict.allowed) return { standing: standing.rejected, stateBefore: before.node, refusal: verdict }
  if (options.rejected === true) return { standing: standing.rejected, stateBefore: before.node }

  const keys = keysFor(pdu, view)
  const byState = authorize(pdu, await knownState(ports, view, before.node, keys, pdu), view.rules)
  if (!byState.allowed) return { standing: standing.rejected, stateBefore: before.node, refusal: byState }
  if (await isVoidRedaction(ports, view, pdu)) {
    return { standing: standing.softFailed, stateBefore: before.node, refusal: reject('redaction.void', 'the redaction has no effect') }
  }
  if (options.historical === true) return { standing: standing.accepted, stateBefore: before.node }
  // Whoever brings it: a server that the room shuts out is not heard through another one either.
  if (!(await serverAllowed(ports.db, view, serverOf(pdu.sender)))) {
    return {
      standing: standing.softFailed,
      stateBefore: before.node,
      refusal: reject('server_acl', "the room's ACL shuts the sender's server out"),
    }
  }
  const policy = needsPolicy(pdu) ? await policyServerOf(ports.db, view) : undefined
  if (policy !== undefined && !isRecommended(pdu, view.rules, policy)) {
    if (options.policyAsked !== true) return { needsPolicy: policy }
    const refusal = reject('policy_server', "the room's policy server does not recommend the event")
    return { standing: standing.softFailed, stateBefore: before.node, refusal }
  }
  if (before.node.node === view.current.node) return { standing: standing.accepted, stateBefore: before.node }
  const byCurrent = authorize(pdu, await knownState(ports, view, view.current, keys, pdu), view.rules)
  if (!byCurrent.allowed) return { standing: standing.softFailed, stateBefore: before.node, refusal: byCurrent }
  return { standing: standing.accepted, stateBefore: before.node }
}

/**
 * The state that authorization of an event reads. While only a part of the room's state is here, members are also who the
 * event's own auth events say: where the state has none of them, and, resolved with it, where it has another. That is judged
 * again when all is here (MSC3706).
 */
export async function knownState(ports: EnginePorts, view: RoomView, node: StateNode, keys: Keys, pdu: Pdu): Promise<LoadedState> {
  if (view.partial === undefined) return stateFor(ports.db, view, node, keys)
  const numbers = await loadNumbers(ports.db, view, pdu.authEvents)
  const wanted = new Set(keys.flatMap(([type, stateKey]) => (type === 'm.room.member' ? [view.keys.find(type, stateKey)] : [])))
  const claimed = (await loadEvents(ports.db, view, [...numbers.values()])).filter(
    (event) => wanted.has(event.key) && event.standing !== standing.rejected && event.standing !== standing.undecided,
  )
  let { state } = node
  for (const event of claimed) if (state.get(event.key) === 0) state = state.with(event.key, event.event)
  const others = claimed.filter((event) => state.get(event.key) !== event.event)
  if (others.length === 0) return stateFor(ports.db, view, { ...node, state }, keys)
  // What comes of it is of no other use: the states get numbers of their own, and none is stored.
  const passing = (passed: StateVector): StateNode => ({ node: view.nextNumber(), links: 0, state: passed })
  const claims = others.reduce((made, event) => made.with(event.key, event.event), state)
  return stateFor(ports.db, view, await resolveNodes(ports, view, [passing(state), passing(claims)], (made) => made), keys)
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
export function keysFor(pdu: Pdu, view: RoomView): Keys {
  const keys = authEventKeys(pdu, view.rules)
  return keys.some(([type]) => type === 'm.room.create') ? keys : [...keys, ['m.room.create', '']]
}

async function prevOf(
  ports: EnginePorts,
  view: RoomView,
  pdu: Pdu,
): Promise<{ readonly known: readonly StoredEvent[] } | { readonly missingPrev: readonly EventId[] }> {
  const numbers = await loadNumbers(ports.db, view, pdu.prevEvents)
  const known = (await loadEvents(ports.db, view, [...numbers.values()])).filter(inGraph)
  if (known.length === pdu.prevEvents.length) return { known }
  const ids = new Set(known.map((event) => event.pdu.eventId))
  return { missingPrev: pdu.prevEvents.filter((id) => !ids.has(id)) }
}

/** The state after some events of our graph together. */
async function stateAfter(ports: EnginePorts, view: RoomView, unit: RoomUnit, events: readonly StoredEvent[]): Promise<StateNode> {
  // Nothing goes before a create event, and before what only claims to have no past: no state allows it.
  if (events.length === 0) return loadNode(ports.db, view, 0)
  // The usual case: the event follows all of our tips, whose resolution is the current state.
  const numbers = new Set(events.map((event) => event.event))
  if (view.tips.length > 0 && view.tips.length === numbers.size && view.tips.every((tip) => numbers.has(tip.event))) return view.current
  const nodes = new Map<number, StateNode>()
  for (const event of events) nodes.set(event.stateAfter, await loadNode(ports.db, view, event.stateAfter))
  return resolveNodes(ports, view, [...nodes.values()], (node, from) => writeNode(unit, node, from))
}
