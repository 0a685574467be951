import {
  authEventKeys,
  authorize,
  buildEvent,
  eventReference,
  parseEventId,
  type EventId,
  type JsonObject,
  type Pdu,
  type Refusal,
  type UserId,
} from '@causeway/events'
import { assert } from '../../assert.ts'
import { MatrixError } from '../../errors.ts'
import { limits } from '../../limits.ts'
import { requireRedactable } from './apply-redaction.ts'
import type { EnginePorts } from './engine-ports.ts'
import { loadEvents } from './load-room.ts'
import type { RoomView, Tip } from './room-view.ts'
import { stateFor } from './view-state.ts'

/** What one of our users wants to happen in a room. */
export interface EventWish {
  readonly type: string
  readonly stateKey?: string | undefined
  readonly sender: UserId
  readonly content: JsonObject
  readonly redacts?: EventId | undefined
  /** An application service's own time; now otherwise. */
  readonly originServerTs?: number | undefined
}

/**
 * Build one of our own events on the room's tips (the newest ones, if they are many), field by field, and judge it against the current state. Throws
 * M_FORBIDDEN with the rule's reason, M_TOO_LARGE or M_BAD_JSON.
 */
export async function buildLocalEvent(
  ports: EnginePorts,
  view: RoomView,
  wish: EventWish,
  tips: readonly Tip[] = view.tips.slice(-limits.prevEventsMax),
): Promise<Pdu> {
  const keys = authEventKeys({ type: wish.type, sender: wish.sender, stateKey: wish.stateKey, content: wish.content }, view.rules)
  const createKey = ['m.room.create', ''] as const
  const state = await stateFor(ports.db, view, view.current, keys.some(([type]) => type === 'm.room.create') ? keys : [...keys, createKey])
  const authEvents = keys.map(([type, stateKey]) => state.get(type, stateKey)).filter((pdu) => pdu !== undefined)
  const claimed = tips.reduce((depth, tip) => Math.max(depth, tip.claimedDepth), 0)
  // Versions 1 and 2 name the hash of each event beside its id; later ones the id alone.
  const prevEvents = view.rules.referencePairs
    ? (
        await loadEvents(
          ports.db,
          view,
          tips.map((tip) => tip.event),
        )
      ).map((event) => eventReference(event.pdu, view.rules))
    : tips.map((tip) => ({ eventId: tip.eventId }))
  const built = buildEvent(
    {
      roomId: view.roomId,
      type: wish.type,
      stateKey: wish.stateKey,
      sender: wish.sender,
      content: wish.content,
      originServerTs: wish.originServerTs ?? ports.clock.now(),
      depth: Math.min(claimed + 1, Number.MAX_SAFE_INTEGER),
      prevEvents,
      authEvents: authEvents.map((pdu) => eventReference(pdu, view.rules)),
      redacts: wish.redacts,
      eventId: view.rules.eventIds === 'given' ? newEventId(ports) : undefined,
    },
    view.rules,
    ports.signer,
  )
  if (!built.ok) throw refusedDraft(built.refusal)
  const verdict = authorize(built.pdu, state, view.rules)
  if (!verdict.allowed) throw notAllowed(verdict)
  if (built.pdu.redacts !== undefined) await requireRedactable(ports, view, built.pdu)
  return built.pdu
}

/** A random id for an event of room versions 1 and 2. */
export function newEventId(ports: EnginePorts): EventId {
  const id = parseEventId(`$${ports.random.token(24)}:${ports.serverName}`)
  assert(id !== undefined, 'our own event ids are valid')
  return id
}

/** No power level would help a client that makes a second create event, or lists creators in power levels (version 12). */
function notAllowed(refusal: Refusal): MatrixError {
  const isMalformed = refusal.rule.startsWith('create.') || refusal.rule === 'power_levels.creator'
  return isMalformed ? new MatrixError('M_INVALID_PARAM', refusal.why) : new MatrixError('M_FORBIDDEN', refusal.why)
}

/** How a client reads that its event breaks a rule of form. */
export function refusedDraft(refusal: Refusal): MatrixError {
  if (refusal.rule === 'pdu.size' || refusal.rule.endsWith('.bytes') || refusal.rule.endsWith('.length')) {
    return new MatrixError('M_TOO_LARGE', refusal.why)
  }
  return new MatrixError('M_BAD_JSON', refusal.why)
}
