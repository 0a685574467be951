import { parseUserId, serverOf, type RoomId } from '@causeway/events'
import { limits } from '../../limits.ts'
import { upsertMembership } from '../../storage/tables/memberships.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import { RoomUnit } from '../engine/room-unit.ts'
import type { EventNumber, KeyNumber } from '../engine/state-vector.ts'
import type { FullState } from './full-state.ts'

/**
 * Write the memberships of other servers' users who have left a room or are banned, in slices, before the room is complete: they are most
 * of the members of a large room, and nobody is told of them. What completes the room is one unit, for which everybody waits; it is so
 * much the smaller. Notes in `ahead` which
 * member event was written for which key. Must not be called under the room's queue.
 */
export async function writeAbsent(engine: RoomEngine, roomId: RoomId, full: FullState, ahead: Map<KeyNumber, EventNumber>): Promise<void> {
  const absent: [KeyNumber, EventNumber][] = []
  for (const [key, event] of full.state.entries()) {
    const membership = full.members.get(event)?.membership
    if ((membership === 'leave' || membership === 'ban') && ahead.get(key) !== event) absent.push([key, event])
  }
  for (let at = 0; at < absent.length; at += limits.absentSliceStored) {
    const page = absent.slice(at, at + limits.absentSliceStored)
    const { written, committed } = await engine.run(roomId, async (view) => {
      const unit = new RoomUnit(engine.ports, view)
      const written: (readonly [KeyNumber, EventNumber])[] = []
      if (view.partial === undefined) return { written, committed: Promise.resolve() }
      for (const [key, event] of page) {
        const fact = full.members.get(event)
        const userId = parseUserId(view.keys.at(key)?.stateKey ?? '')
        // What the room knows of a user already is newer.
        if (fact === undefined || userId === undefined || view.current.state.get(key) !== 0) continue
        if (serverOf(userId) === engine.ports.serverName) continue
        const place = [event, view.livePos, engine.ports.db.slot, 0] as const
        unit.draft.add(upsertMembership, view.room, userId, fact.membership, ...place, 0, 0, fact.sender, null)
        written.push([key, event])
      }
      const committed = unit.commit()
      engine.holdUntil(view, committed)
      return { written, committed }
    })
    await committed
    for (const [key, event] of written) ahead.set(key, event)
    await engine.ports.clock.sleep(0)
  }
}
