import { assert } from '../../assert.ts'
import type { Database } from '../../storage/database.ts'
import { liveEventsBackwards } from '../../storage/tables/events.ts'
import { stateChanges } from '../../storage/tables/rooms.ts'
import { loadNode } from '../engine/load-room.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import type { RoomView } from '../engine/room-view.ts'
import type { StateVector } from '../engine/state-vector.ts'
import { standing } from '../engine/stored-event.ts'
import { stateChangesInMemoryMax, stateChangesRangeMax } from './limits.ts'
import { includes } from './positions.ts'

/** A key of the current state came to be held by another event; 0 is none. */
export interface StateChange {
  readonly pos: number
  readonly key: number
  readonly old: number
  readonly new: number
}

/** The changes of a room's current state after `from` up to `to`, as far as they were asked for. */
interface Known {
  from: number
  to: number
  changes: StateChange[]
}

/**
 * How the current state of rooms moved. What was read is kept with the room's view, and a stretch of messages is known to
 * change nothing, so that the readers of a warm room ask the database nothing.
 */
export class StateHistory {
  readonly #db: Database
  readonly #engine: RoomEngine
  readonly #known = new WeakMap<RoomView, Known>()

  constructor(db: Database, engine: RoomEngine) {
    this.#db = db
    this.#engine = engine
  }

  /** Changes after a live position up to another, oldest first. Both must be durable. */
  async between(view: RoomView, after: number, upTo: number): Promise<readonly StateChange[]> {
    if (after >= upTo) return []
    const known = this.#known.get(view)
    if (known !== undefined && known.from <= after && after <= known.to) {
      if (known.to < upTo) await this.#extend(view, known, upTo)
      if (known.from <= after) return pick(known.changes, after, upTo)
    }
    if (isPlain(view, after, upTo)) {
      this.#learn(view, { from: after, to: upTo, changes: [] })
      return []
    }
    if (upTo - after > stateChangesRangeMax) return this.#differences(view, after, upTo)
    const changes = await stateChanges(this.#db, view.room, after, upTo)
    this.#learn(view, { from: after, to: upTo, changes })
    return changes
  }

  /** The current state as it was right after a live position. */
  async stateAt(view: RoomView, pos: number): Promise<StateVector> {
    const { current, livePos } = view
    if (pos >= livePos || isPlain(view, pos, livePos)) return current.state
    const settled = await this.#settled(view)
    if (settled.livePos - pos > stateChangesRangeMax) return this.#nodeAt(view, pos)
    return before(settled.state, await this.between(view, pos, settled.livePos), pos)
  }

  /** The newest state whose changes are durable, with its position. */
  async #settled(view: RoomView): Promise<{ readonly state: StateVector; readonly livePos: number }> {
    const last = view.recent.at(-1)
    const snapshot = { state: view.current.state, livePos: view.livePos }
    if (last === undefined || (last.pos === view.livePos && includes(this.#db.positions(), last))) return snapshot
    // The room's queue has handed over all that the view holds by the time that a job of ours runs.
    const held = await this.#engine.run(view.roomId, async (now) => ({
      view: now,
      snapshot: { state: now.current.state, livePos: now.livePos },
      committed: this.#engine.settled(view.roomId),
    }))
    await held.committed
    return held.snapshot
  }

  async #nodeAt(view: RoomView, pos: number): Promise<StateVector> {
    const [row] = await liveEventsBackwards(this.#db, view.room, pos - 1, pos, 1)
    return (await loadNode(this.#db, view, row?.state_after ?? 0)).state
  }

  async #differences(view: RoomView, after: number, upTo: number): Promise<StateChange[]> {
    const [old, now] = [await this.#nodeAt(view, after), await this.#nodeAt(view, upTo)]
    return old.differences(now).map(([key, was, is]) => ({ pos: after + 1, key, old: was, new: is }))
  }

  async #extend(view: RoomView, known: Known, upTo: number): Promise<void> {
    const from = known.to
    const changes = isPlain(view, from, upTo) ? [] : await stateChanges(this.#db, view.room, from, upTo)
    // Somebody else may have done the same meanwhile.
    if (known.to !== from) return known.to < upTo ? this.#extend(view, known, upTo) : undefined
    known.changes.push(...changes)
    known.to = upTo
    const surplus = known.changes.length - stateChangesInMemoryMax
    if (surplus > 0) {
      known.from = known.changes[surplus - 1]?.pos ?? known.from
      known.changes = known.changes.filter((change) => change.pos > known.from)
    }
  }

  #learn(view: RoomView, known: Known): void {
    const earlier = this.#known.get(view)
    if (known.changes.length > stateChangesInMemoryMax) return
    const wider = earlier === undefined || known.to > earlier.to || (known.to === earlier.to && known.from < earlier.from)
    if (wider) this.#known.set(view, known)
  }
}

/** The changes after a position up to another: a list of its own, since the remembered one grows. */
function pick(changes: readonly StateChange[], after: number, upTo: number): readonly StateChange[] {
  let end = changes.length
  while (end > 0 && (changes[end - 1]?.pos ?? 0) > upTo) end -= 1
  let start = end
  while (start > 0 && (changes[start - 1]?.pos ?? 0) > after) start -= 1
  return changes.slice(start, end)
}

/** `state` without the changes after `pos`, of which `changes` has all. */
export function before(state: StateVector, changes: readonly StateChange[], pos: number): StateVector {
  let earlier = state
  for (let index = changes.length - 1; index >= 0; index -= 1) {
    const change = changes[index]
    assert(change !== undefined, 'a change is there')
    if (change.pos > pos) earlier = earlier.with(change.key, change.old)
  }
  return earlier
}

/**
 * Is it certain that nothing after a live position up to another changed the current state? It is for message events in
 * memory that each follow the event before them and no other: that one is a tip, and the states that are resolved stay the same.
 */
function isPlain(view: RoomView, after: number, upTo: number): boolean {
  const { recent } = view
  const newest = recent.at(-1)
  if (newest?.pos === undefined || newest.pos < upTo) return false
  for (let pos = upTo; pos > after; pos -= 1) {
    const index = recent.length - 1 - (newest.pos - pos)
    const event = recent[index]
    const earlier = recent[index - 1]
    if (event?.pos !== pos || earlier === undefined || event.isState || event.standing !== standing.accepted) return false
    if (event.edges.prev.length !== 1 || event.edges.prev[0] !== earlier.event) return false
  }
  return true
}
