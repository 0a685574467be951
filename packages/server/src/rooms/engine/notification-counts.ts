import { packNumbers, unpackNumbers } from './packed-numbers.ts'

/**
 * How often one class of users with equal push rules was notified in a room, up to and including an event. Totals only
 * grow, so the count between two events is a difference (decision record "Push counts").
 */
export type ClassTotal = readonly [classId: number, total: number]

/** The class number under which the rows of `push_actions` are counted, so that readers see whether there are new ones. */
export const rowsClass = 0

/** Totals as an event's header keeps them. */
export function packCounts(totals: readonly ClassTotal[]): Uint8Array {
  return packNumbers(totals.flat())
}

/** The totals of an event's header. */
export function unpackCounts(counts: Uint8Array | undefined): ClassTotal[] {
  const numbers = counts === undefined ? [] : unpackNumbers(counts)
  const totals: ClassTotal[] = []
  for (let index = 0; index + 1 < numbers.length; index += 2) totals.push([numbers[index] ?? 0, numbers[index + 1] ?? 0])
  return totals
}

/** The total of one class; 0 if it was never notified. */
export function totalOf(counts: Uint8Array | undefined, classId: number): number {
  return unpackCounts(counts).find(([id]) => id === classId)?.[1] ?? 0
}

/**
 * The totals after an event that notifies the classes of `notified` and writes `rows` rows of `push_actions`. Gives
 * `before` itself when nothing changes.
 */
export function addCounts(before: Uint8Array | undefined, notified: readonly number[], rows: number): Uint8Array | undefined {
  if (notified.length === 0 && rows === 0) return before
  const totals = new Map(unpackCounts(before))
  for (const classId of notified) totals.set(classId, (totals.get(classId) ?? 0) + 1)
  if (rows > 0) totals.set(rowsClass, (totals.get(rowsClass) ?? 0) + rows)
  return packCounts([...totals])
}
