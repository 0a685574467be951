import { powerLevels, type RoomId, type UserId } from '@causeway/events'
import type { RoomEngine } from '../engine/room-engine.ts'
import { stateFor } from '../engine/view-state.ts'

/** Who of our users has most to say in a room and may put another in its place, if anybody. Runs where the room is owned. */
export async function upgraderOf(engine: RoomEngine, roomId: RoomId): Promise<UserId | undefined> {
  const view = await engine.view(roomId)
  if (view === undefined) return undefined
  const keys = [
    ['m.room.create', ''],
    ['m.room.power_levels', ''],
  ] as const
  const levels = powerLevels(await stateFor(engine.ports.db, view, view.current, keys), view.rules)
  let chosen: UserId | undefined
  for (const userId of view.localJoined) {
    if (levels.of(userId) < levels.required('m.room.tombstone', true)) continue
    if (chosen === undefined || levels.of(userId) > levels.of(chosen)) chosen = userId
  }
  return chosen
}
