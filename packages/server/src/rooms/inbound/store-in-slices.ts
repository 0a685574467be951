import type { EventId, Pdu, RoomId } from '@causeway/events'
import { limits } from '../../limits.ts'
import { TimeSlice } from '../../platform/time-slice.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import { RoomUnit } from '../engine/room-unit.ts'
import { inAuthOrder, storeOutliers } from './store-outliers.ts'

/**
 * Keep events that are not part of our graph, as many as a room's whole state: in slices that are durable each, between
 * which the room and all others go on. What is there is left as it is, so that it can be begun again. Must not be called
 * under the room's queue.
 */
export async function storeInSlices(engine: RoomEngine, roomId: RoomId, pdus: readonly Pdu[]): Promise<void> {
  // What an event rests on is read from its text: of a whole state, in slices as well.
  const slice = new TimeSlice(engine.ports.clock)
  const parents = new Map<EventId, readonly EventId[]>()
  for (const pdu of pdus) {
    parents.set(pdu.eventId, pdu.authEvents)
    if (slice.over) await slice.rest()
  }
  const ordered = inAuthOrder(pdus, (pdu) => parents.get(pdu.eventId) ?? [])
  // One slice is judged while the one before is being written.
  let written: Promise<unknown> = Promise.resolve()
  for (let at = 0; at < ordered.length; at += limits.stateSliceStored) {
    const page = ordered.slice(at, at + limits.stateSliceStored)
    const { committed } = await engine.run(roomId, async (view) => {
      const unit = new RoomUnit(engine.ports, view)
      await storeOutliers(engine.ports, view, unit, page)
      const commit = unit.commit()
      engine.holdUntil(view, commit)
      return { committed: commit }
    })
    await written
    written = committed
    await engine.ports.clock.sleep(0)
  }
  await written
}
