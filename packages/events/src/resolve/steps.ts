/**
 * Work that can be interrupted: it yields now and then, so that whoever drives it may let others have their turn, and returns its result.
 */
export type Steps<T> = Generator<undefined, T>

/** Items of a loop between two interruptions: some hundred microseconds of the dearest kind. */
const itemsPerStep = 32

/** Is it time to yield after item number `count`? */
export function isStep(count: number): boolean {
  return count % itemsPerStep === 0
}

/** All of it at once. */
export function drain<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}
