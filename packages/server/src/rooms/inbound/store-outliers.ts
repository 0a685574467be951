import type { EventId, Pdu } from '@causeway/events'
import { limits } from '../../limits.ts'
import { TimeSlice } from '../../platform/time-slice.ts'
import type { EnginePorts } from '../engine/engine-ports.ts'
import { loadEvents, loadNumbers } from '../engine/load-room.ts'
import { placeEvent } from '../engine/place-event.ts'
import type { RoomUnit } from '../engine/room-unit.ts'
import type { RoomView, StateNode } from '../engine/room-view.ts'
import { StateVector } from '../engine/state-vector.ts'
import { standing, type StoredEvent } from '../engine/stored-event.ts'
import { parentsFirst } from './in-order.ts'
import { judgeByAuthEvents } from './judge.ts'

const noState: StateNode = { node: 0, links: 0, state: StateVector.empty }

/**
 * Keep events that are not part of our graph (auth chains, state at a gap), each judged by its own auth events, in the
 * order of the auth graph. Events that we have decided on are left as they are. Returns all that we have now, by id; an event
 * whose own auth events are missing is undecided and not kept.
 */
export async function storeOutliers(
  ports: EnginePorts,
  view: RoomView,
  unit: RoomUnit,
  pdus: readonly Pdu[],
): Promise<Map<EventId, StoredEvent>> {
  const stored = new Map<EventId, StoredEvent>()
  const numbers = await loadNumbers(
    ports.db,
    view,
    pdus.map((pdu) => pdu.eventId),
  )
  for (const event of await loadEvents(ports.db, view, [...numbers.values()])) stored.set(event.pdu.eventId, event)
  const undecided = (id: EventId): StoredEvent | undefined => {
    const event = stored.get(id)
    return event?.standing === standing.undecided ? event : undefined
  }
  const open = inAuthOrder(pdus.filter(({ eventId }) => !stored.has(eventId) || undecided(eventId) !== undefined))
  const slice = new TimeSlice(ports.clock)
  for (const [index, pdu] of open.entries()) {
    if (index % limits.stateSliceStored === 0) await warm(ports, view, open.slice(index, index + limits.stateSliceStored))
    if (slice.over) await slice.rest()
    const verdict = await judgeByAuthEvents(ports, view, pdu)
    if ('missingAuth' in verdict) continue
    const existing = undecided(pdu.eventId)
    const kept = await placeEvent(ports, view, unit, {
      pdu,
      standing: verdict.allowed ? standing.outlier : standing.rejected,
      stateBefore: noState,
      ...(existing === undefined ? {} : { existing }),
    })
    stored.set(pdu.eventId, kept)
  }
  return stored
}

/** Have at hand what some events rest on, as far as the view may remember it: asked for together, not for each event by itself. */
async function warm({ db }: EnginePorts, view: RoomView, pdus: readonly Pdu[]): Promise<void> {
  const own = new Set(pdus.map((pdu) => pdu.eventId))
  const rests = new Set(pdus.flatMap((pdu) => pdu.authEvents.filter((id) => !own.has(id))))
  await loadEvents(db, view, [...(await loadNumbers(db, view, [...rests].slice(0, limits.eventsPerReadMax))).values()])
}

/** Auth events before what they authorize. From room version 12 on nothing names the create event, and everything rests on it. */
export function inAuthOrder(pdus: readonly Pdu[], parents = (pdu: Pdu): readonly EventId[] => pdu.authEvents): Pdu[] {
  const roots = pdus.toSorted((a, b) => Number(b.type === 'm.room.create') - Number(a.type === 'm.room.create'))
  return parentsFirst(roots, (pdu) => pdu.eventId, parents)
}
