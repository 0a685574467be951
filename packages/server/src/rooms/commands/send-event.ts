import { canonicalJson, parseEventId, type EventId, type Pdu, type RoomId, type UserId } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { limits } from '../../limits.ts'
import { buildLocalEvent, type EventWish } from '../engine/local-event.ts'
import { placeEvent } from '../engine/place-event.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import { RoomUnit } from '../engine/room-unit.ts'
import type { RoomView, StateNode } from '../engine/room-view.ts'
import { standing, type StoredEvent } from '../engine/stored-event.ts'
import { judge } from '../inbound/judge.ts'
import { ApprovalNeeded } from '../policy/approvals.ts'
import { isRecommended, needsPolicy, policyServerOf } from '../policy/policy-server.ts'
import { requireRelatable } from '../relations/place-relation.ts'
import type { TransactionKey, TransactionMemory } from '../engine/transaction-memory.ts'
import type { Rows } from '../../storage/database.ts'

/** One event that one of our users sends. */
export interface SendCommand extends EventWish {
  readonly roomId: RoomId
  /** The client's transaction, when the operation has one: a repetition gets the first answer. */
  readonly transaction?: { readonly key: TransactionKey; readonly txnId: string } | undefined
  /** Further rows of the same action. */
  readonly rows?: readonly Rows[]
}

/**
 * Send an event to a room that we are in. Resolves with its id once it is durable. A state event that changes nothing is
 * not sent again: its existing id is the answer (as clients know it from other servers).
 */
export async function sendEvent(engine: RoomEngine, transactions: TransactionMemory, command: SendCommand): Promise<EventId> {
  const key = command.transaction?.key
  const sent = await engine.run(command.roomId, async (view): Promise<{ eventId: EventId; committed?: Promise<unknown> }> => {
    const answered = key === undefined ? undefined : await transactions.find(key)
    const earlier = answered === undefined ? undefined : parseEventId(answered)
    // The answer of an earlier attempt may still be on its way to the disk: later commits of the room come after it.
    if (earlier !== undefined) return { eventId: earlier, committed: engine.settled(command.roomId) }
    const same = command.stateKey === undefined ? undefined : unchanged(view, command)
    if (same !== undefined) return { eventId: same, committed: engine.settled(command.roomId) }
    await requireRelatable(engine.ports, view, command)
    const { event, committed } = await sendInto(engine, view, command, (eventId) =>
      key === undefined ? [] : [transactions.rows(key, eventId, engine.ports.clock.now())],
    )
    const { eventId } = event.pdu
    if (key !== undefined) {
      transactions.remember(key, eventId)
      committed.catch(() => transactions.forget(key))
    }
    return { eventId, committed }
  })
  await sent.committed
  return sent.eventId
}

/** An event in its place. It is durable once `committed` has resolved. */
export interface Sent {
  readonly event: StoredEvent
  readonly committed: Promise<unknown>
}

/** Build, judge, place and hand over one event of ours; for commands that already hold the room. */
export async function sendInto(
  engine: RoomEngine,
  view: RoomView,
  command: SendCommand,
  rowsFor: (eventId: EventId) => readonly Rows[] = () => [],
): Promise<Sent> {
  const unit = new RoomUnit(engine.ports, view)
  const event = await placeLocal(engine, view, unit, command)
  unit.addRows([...(command.rows ?? []), ...rowsFor(event.pdu.eventId)])
  const committed = unit.commit()
  engine.holdUntil(view, committed)
  return { event, committed }
}

/** Build, judge and place one event of ours as part of a larger unit. */
export async function placeLocal(
  engine: RoomEngine,
  view: RoomView,
  unit: RoomUnit,
  wish: EventWish & Pick<SendCommand, 'transaction'>,
): Promise<StoredEvent> {
  const { pdu, stateBefore } = await ownEvent(engine, view, unit, wish)
  const origin = wish.transaction === undefined ? undefined : JSON.stringify([wish.transaction.key.session, wish.transaction.txnId])
  const placement = { pdu, standing: standing.accepted, stateBefore, passOn: true }
  return placeEvent(engine.ports, view, unit, origin === undefined ? placement : { ...placement, origin })
}

/** A new event on the room's tips; or, where the room has a policy server, the one that it has signed, which stands where it was built. */
async function ownEvent(
  engine: RoomEngine,
  view: RoomView,
  unit: RoomUnit,
  wish: EventWish,
): Promise<{ readonly pdu: Pdu; readonly stateBefore: StateNode }> {
  const policy = needsPolicy(wish) ? await policyServerOf(engine.ports.db, view) : undefined
  const approved = policy === undefined ? undefined : engine.approvals.take(view.roomId, wish)
  if (policy === undefined || approved === undefined || !isRecommended(approved, view.rules, policy)) {
    const pdu = await buildLocalEvent(engine.ports, view, wish)
    if (policy !== undefined) throw new ApprovalNeeded(wish, pdu, view.rules, policy)
    return view.tips.length <= limits.prevEventsMax ? { pdu, stateBefore: view.current } : judged(engine, view, unit, pdu)
  }
  return judged(engine, view, unit, approved)
}

/** An event of ours that does not follow all of the room's tips, with the state before it: others judge it by that. */
async function judged(
  engine: RoomEngine,
  view: RoomView,
  unit: RoomUnit,
  pdu: Pdu,
): Promise<{ readonly pdu: Pdu; readonly stateBefore: StateNode }> {
  const judgement = await judge(engine.ports, view, unit, pdu)
  if (!('standing' in judgement)) throw new MatrixError('M_UNKNOWN', 'The room has changed: try again', { status: 503 })
  const { refusal } = judgement
  if (refusal !== undefined && !refusal.allowed) throw new MatrixError('M_FORBIDDEN', refusal.why)
  return { pdu, stateBefore: judgement.stateBefore }
}

/** The id of the current state event, if it was sent by the same user with the same content. */
function unchanged(view: RoomView, command: SendCommand): EventId | undefined {
  const current = view.currentPdu(command.type, command.stateKey ?? '')
  if (current === undefined || current.sender !== command.sender) return undefined
  return canonicalJson(current.content) === canonicalJson(command.content) ? current.eventId : undefined
}

/** A room that one of our users must be joined to for an operation. Throws M_FORBIDDEN. */
export function requireJoined(view: RoomView, userId: UserId): void {
  if (!view.localJoined.has(userId)) throw new MatrixError('M_FORBIDDEN', 'You are not joined to this room')
}
