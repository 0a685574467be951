import type { PushClassRow } from '../../storage/tables/push-classes.ts'
import { limits } from '../../limits.ts'
import { commonClass, totalOf, type CountKind } from '../engine/notification-counts.ts'

/** Live events after one position up to another, over which a user was in one class of equal push rules. */
interface Stretch {
  readonly classId: number
  readonly after: number
  readonly upTo: number
}

/** Gives the packed totals of a room after the live event at a position. */
export type CountsAt = (pos: number) => Promise<Uint8Array | undefined>

/** By which class of equal push rules each event of a room was judged for one user. */
export class ClassHistory {
  /** Oldest first. */
  readonly #rows: readonly PushClassRow[]

  constructor(rows: readonly PushClassRow[]) {
    this.#rows = rows
  }

  /** The class at the event with a live position. Before all that is known it is the oldest known one. */
  at(pos: number): number {
    const row = this.#rows.findLast((candidate) => candidate.pos <= pos)
    if (row !== undefined) return row.class_id
    return this.#rows.length < limits.pushClassChangesKept ? commonClass : (this.#rows[0]?.class_id ?? commonClass)
  }

  /** The stretches of which the events after one position up to another consist: one at least. */
  stretches(after: number, upTo: number): readonly [...Stretch[], Stretch] {
    const done: Stretch[] = []
    let from = after
    for (const { pos } of this.#rows) {
      if (pos <= from + 1 || pos > upTo) continue
      done.push({ classId: this.at(pos - 1), after: from, upTo: pos - 1 })
      from = pos - 1
    }
    return [...done, { classId: this.at(from + 1), after: from, upTo }]
  }
}

/** By how much totals of the classes that a user was in grew over stretches, each in its own. */
export async function grownOver(stretches: readonly Stretch[], countsAt: CountsAt, kinds: readonly CountKind[]): Promise<number[]> {
  const grown = kinds.map(() => 0)
  for (const { classId, after, upTo } of stretches) {
    const [base, end] = [await countsAt(after), await countsAt(upTo)]
    for (const [index, kind] of kinds.entries()) {
      grown[index] = (grown[index] ?? 0) + totalOf(end, classId, kind) - totalOf(base, classId, kind)
    }
  }
  return grown
}
