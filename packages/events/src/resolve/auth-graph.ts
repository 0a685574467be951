import type { EventId } from '../ids/ids.ts'
import { drain, isStep, type Steps } from './steps.ts'

/** The auth events that an event names, or nothing when the event is not loaded. */
export type AuthEdges = (eventId: EventId) => readonly EventId[] | undefined

/**
 * The part of a room's auth graph that has been walked. Events have dense numbers in the order in which they were met; edges are numbers in
 * one list. All walks are loops over queues: chains are as long as rooms are old, and in room versions 1 and 2 a hostile server could even
 * tie a knot into them.
 */
export class AuthGraph {
  readonly #edges: AuthEdges
  readonly #numbers = new Map<EventId, number>()
  readonly #ids: EventId[] = []
  /** The edges of event n are targets[starts[n]] to targets[ends[n]], exclusive; -1 while it has not been walked. */
  readonly #starts: number[] = []
  readonly #ends: number[] = []
  readonly #targets: number[] = []
  readonly #missing = new Set<EventId>()

  constructor(edges: AuthEdges) {
    this.#edges = edges
  }

  /** Events met so far. */
  get size(): number {
    return this.#ids.length
  }

  /** Events that a walk wanted to pass and could not, because they are not loaded. */
  get missing(): ReadonlySet<EventId> {
    return this.#missing
  }

  /** The id of a number below {@link size}. */
  idOf(number: number): EventId | undefined {
    return this.#ids[number]
  }

  /** The event's number. An event that was not met yet is met. */
  numberOf(eventId: EventId): number {
    const known = this.#numbers.get(eventId)
    if (known !== undefined) return known
    const number = this.#ids.push(eventId) - 1
    this.#numbers.set(eventId, number)
    this.#starts.push(-1)
    this.#ends.push(-1)
    return number
  }

  /** Walks from these events to everything that they rest on, but not past an event that `isEnd` holds for. */
  walk(roots: Iterable<EventId>, isEnd: (eventId: EventId) => boolean = () => false): void {
    drain(this.walking(roots, isEnd))
  }

  /** {@link walk}, step by step. */
  *walking(roots: Iterable<EventId>, isEnd: (eventId: EventId) => boolean = () => false): Steps<void> {
    const queue: number[] = []
    let begun = 0
    for (const root of roots) {
      if (isStep(begun++)) yield
      this.#enqueue(queue, this.numberOf(root), isEnd)
    }
    for (let at = 0; at < queue.length; at++) {
      if (isStep(at)) yield
      const number = queue[at] ?? 0
      const end = this.#ends[number] ?? 0
      for (let edge = this.#starts[number] ?? 0; edge < end; edge++) this.#enqueue(queue, this.#targets[edge] ?? 0, isEnd)
    }
  }

  /** The numbers of the auth events of a walked event. */
  edgesOf(number: number): readonly number[] {
    const start = this.#starts[number] ?? -1
    return start < 0 ? [] : this.#targets.slice(start, this.#ends[number])
  }

  /** Marks (1) these events and all that they rest on, as far as was walked. */
  reach(roots: Iterable<EventId>): Uint8Array {
    const marks = new Uint8Array(this.size)
    const queue: number[] = []
    for (const root of roots) mark(marks, queue, this.numberOf(root))
    for (let at = 0; at < queue.length; at++) {
      const number = queue[at] ?? 0
      const start = this.#starts[number] ?? -1
      if (start < 0) continue
      const end = this.#ends[number] ?? start
      for (let edge = start; edge < end; edge++) mark(marks, queue, this.#targets[edge] ?? 0)
    }
    return marks
  }

  /** Marks (1) these events and all that rest on them, as far as was walked. */
  reachBack(roots: Iterable<EventId>): Uint8Array {
    const { starts, sources } = this.#reversed()
    const marks = new Uint8Array(this.size)
    const queue: number[] = []
    for (const root of roots) mark(marks, queue, this.numberOf(root))
    for (let at = 0; at < queue.length; at++) {
      const number = queue[at] ?? 0
      const end = starts[number + 1] ?? 0
      for (let edge = starts[number] ?? 0; edge < end; edge++) mark(marks, queue, sources[edge] ?? 0)
    }
    return marks
  }

  #enqueue(queue: number[], number: number, isEnd: (eventId: EventId) => boolean): void {
    const eventId = this.#ids[number]
    if (eventId === undefined || (this.#starts[number] ?? -1) >= 0 || isEnd(eventId)) return
    const targets = this.#edges(eventId)
    if (targets === undefined) {
      this.#missing.add(eventId)
      return
    }
    this.#starts[number] = this.#targets.length
    for (const target of targets) this.#targets.push(this.numberOf(target))
    this.#ends[number] = this.#targets.length
    queue.push(number)
  }

  /** Every edge turned round, sorted by its target: counted, then placed. */
  #reversed(): { readonly starts: Int32Array; readonly sources: Int32Array } {
    const starts = new Int32Array(this.size + 1)
    for (const target of this.#targets) starts[target + 1] = (starts[target + 1] ?? 0) + 1
    for (let number = 0; number < this.size; number++) starts[number + 1] = (starts[number + 1] ?? 0) + (starts[number] ?? 0)
    const next = starts.slice()
    const sources = new Int32Array(this.#targets.length)
    for (let number = 0; number < this.size; number++) {
      for (const target of this.edgesOf(number)) {
        const place = next[target] ?? 0
        sources[place] = number
        next[target] = place + 1
      }
    }
    return { starts, sources }
  }
}

function mark(marks: Uint8Array, queue: number[], number: number): void {
  if (marks[number] !== 0) return
  marks[number] = 1
  queue.push(number)
}
