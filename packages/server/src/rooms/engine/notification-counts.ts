import { packNumbers, unpackNumbers } from './packed-numbers.ts'

/** What is counted of a class: its notifications and highlights in the main timeline, and in all threads together. */
const kinds = ['main', 'threads', 'mainHighlights', 'threadHighlights'] as const
export type CountKind = (typeof kinds)[number]

/**
 * How often one class of users with equal push rules was notified in a room, up to and including an event. Totals only
 * grow while anybody is in the class, so the count between two events is a difference; what belongs to which thread is seen
 * from what the events in threads add (decision record "Push counts").
 */
export interface ClassTotal {
  readonly classId: number
  readonly kind: CountKind
  readonly total: number
}

/** What an event means for the totals. */
export interface CountedEvent {
  /** The classes that it notifies, and those for which it is a highlight. */
  readonly notified: readonly number[]
  readonly highlighted?: readonly number[]
  /** Rows of `push_actions` that it writes. */
  readonly rows: number
  readonly inThread: boolean
  /** Users who are counted in another class from this event on. */
  readonly moves?: number
  /** The classes that our users in the room are in: totals of others are of no use any more. All, when absent. */
  readonly classes?: ReadonlySet<number>
}

/** The class of those who never changed their rules, and of those of whom nothing else is known. */
export const commonClass = 1
/** The class number under which the rows of `push_actions` are counted, so that readers see whether there are new ones. */
export const rowsClass = 0
/** Under which kind of that number the rows of `push_classes` are counted, likewise. */
const movesKind = 'mainHighlights'

/** Below 2^53, as class numbers are of 48 bits. */
function keyOf(classId: number, kind: CountKind): number {
  return classId * kinds.length + kinds.indexOf(kind)
}

/** Totals as an event's header keeps them. */
export function packCounts(totals: readonly ClassTotal[]): Uint8Array {
  return packNumbers(totals.flatMap(({ classId, kind, total }) => [keyOf(classId, kind), total]))
}

/** The totals of an event's header. */
export function unpackCounts(counts: Uint8Array | undefined): ClassTotal[] {
  return pairsOf(counts).map(([key, total]) => ({
    classId: Math.floor(key / kinds.length),
    kind: kinds[key % kinds.length] ?? 'main',
    total,
  }))
}

/** The total of one class; 0 if it was never notified. */
export function totalOf(counts: Uint8Array | undefined, classId: number, kind: CountKind = 'main'): number {
  const wanted = keyOf(classId, kind)
  return pairsOf(counts).find(([key]) => key === wanted)?.[1] ?? 0
}

/** How often users of the room came to be counted in another class. */
export function movesIn(counts: Uint8Array | undefined): number {
  return totalOf(counts, rowsClass, movesKind)
}

/** The totals after an event. Gives `before` itself when nothing changes. */
export function addCounts(before: Uint8Array | undefined, event: CountedEvent): Uint8Array | undefined {
  const { notified, highlighted = [], rows, inThread, moves = 0, classes } = event
  if (notified.length === 0 && highlighted.length === 0 && rows === 0 && moves === 0) return before
  const isKept = ([key]: readonly [number, number]): boolean => key < kinds.length || classes?.has(Math.floor(key / kinds.length)) !== false
  const totals = new Map(pairsOf(before).filter(isKept))
  const add = (classId: number, kind: CountKind, count: number): void => {
    const key = keyOf(classId, kind)
    totals.set(key, (totals.get(key) ?? 0) + count)
  }
  for (const classId of notified) add(classId, inThread ? 'threads' : 'main', 1)
  for (const classId of highlighted) add(classId, inThread ? 'threadHighlights' : 'mainHighlights', 1)
  if (rows > 0) add(rowsClass, inThread ? 'threads' : 'main', rows)
  if (moves > 0) add(rowsClass, movesKind, moves)
  return packNumbers([...totals].flat())
}

function pairsOf(counts: Uint8Array | undefined): (readonly [key: number, total: number])[] {
  const numbers = counts === undefined ? [] : unpackNumbers(counts)
  const pairs: (readonly [key: number, total: number])[] = []
  for (let index = 0; index + 1 < numbers.length; index += 2) pairs.push([numbers[index] ?? 0, numbers[index + 1] ?? 0])
  return pairs
}
