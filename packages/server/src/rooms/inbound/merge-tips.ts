import { emptyObject, type UserId } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { limits } from '../../limits.ts'
import { buildLocalEvent } from '../engine/local-event.ts'
import { placeEvent } from '../engine/place-event.ts'
import { emptyEventType } from '../engine/empty-event.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import { RoomUnit } from '../engine/room-unit.ts'
import type { RoomView, Tip } from '../engine/room-view.ts'
import { standing } from '../engine/stored-event.ts'
import { judge } from './judge.ts'

/**
 * Take up forward extremities in an event of one of our users that says nothing, when there are more than `atMost`: the oldest
 * ones, as many as an event may name. It is not passed on; others fetch it with the next event that follows it. False if
 * there was nothing to do, or none of our users may send. Runs under the room's queue.
 */
export async function mergeTips(engine: RoomEngine, view: RoomView, atMost: number): Promise<boolean> {
  if (view.tips.length <= Math.max(atMost, view.unmergeable)) return false
  const tips = view.tips.slice(0, limits.mergedTipsMax)
  let tried = 0
  for (const sender of view.localJoined) {
    tried += 1
    if (tried > limits.mergeSendersMax) break
    if (await mergeAs(engine, view, sender, tips)) {
      view.unmergeable = 0
      return true
    }
  }
  // Nobody may: it is tried again when there are far more.
  view.unmergeable = view.tips.length * 2
  return false
}

async function mergeAs(engine: RoomEngine, view: RoomView, sender: UserId, tips: readonly Tip[]): Promise<boolean> {
  const pdu = await buildLocalEvent(engine.ports, view, { type: emptyEventType, sender, content: emptyObject() }, tips).catch(
    (error: unknown) => {
      if (error instanceof MatrixError) return undefined
      throw error
    },
  )
  if (pdu === undefined) return false
  const unit = new RoomUnit(engine.ports, view)
  // By the state of the tips that it follows, too: others judge it by that.
  const judgement = await judge(engine.ports, view, unit, pdu)
  if (!('standing' in judgement) || judgement.standing !== standing.accepted) return false
  await placeEvent(engine.ports, view, unit, { pdu, standing: standing.accepted, stateBefore: judgement.stateBefore })
  engine.holdUntil(view, unit.commit())
  return true
}
