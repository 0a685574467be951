import type { RoomId, RoomRules } from '@causeway/events'
import { insertRoom, setRoomVersion } from '../../storage/tables/rooms.ts'
import { packCheckpoint } from '../engine/load-room.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import { RoomUnit } from '../engine/room-unit.ts'
import { RoomView } from '../engine/room-view.ts'
import { shardOf } from '../engine/shard-of.ts'

/**
 * A room's row without any state: a number for its inbox while a join is under way, or for an invite. Does nothing if the
 * room is there. Resolves when it is durable.
 */
export async function ensureRoom(
  engine: RoomEngine,
  newRoomNumber: () => Promise<number>,
  roomId: RoomId,
  rules: RoomRules,
): Promise<void> {
  const known = await engine.view(roomId)
  if (known !== undefined) {
    if (known.rules.version !== rules.version && !known.hasState) await relearn(engine, roomId, rules)
    return
  }
  const view = new RoomView(await newRoomNumber(), roomId, rules, shardOf(roomId))
  let committed: Promise<unknown> = Promise.resolve()
  await engine.create(view, async () => {
    const unit = new RoomUnit(engine.ports, view)
    const checkpoint = packCheckpoint({ livePos: 0, currentNode: 0, tips: [] })
    unit.addRows([{ write: insertRoom, rows: [[view.room, roomId, view.shard, rules.version, 0, checkpoint]] }])
    committed = unit.commit()
    engine.holdUntil(view, committed)
  })
  await committed
}

/** The version of a room that we have never been in is what somebody said of it with an invite: whoever lets us in knows better. */
async function relearn(engine: RoomEngine, roomId: RoomId, { version }: RoomRules): Promise<void> {
  const { committed } = await engine.run(roomId, async (view) => {
    if (view.hasState || view.rules.version === version) return { committed: undefined }
    const unit = new RoomUnit(engine.ports, view)
    unit.addStep({ query: setRoomVersion(view.room, version), expect: 1 })
    const written = unit.commit()
    engine.holdUntil(view, written)
    return { committed: written }
  })
  await committed
  // It is loaded anew, with the rules of the version.
  engine.drop(roomId)
}
