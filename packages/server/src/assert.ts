/**
 * State what must hold. A broken assertion is our own mistake, never a peer's: peers are answered by verdicts.
 * Whoever catches it stops the piece of work (a room is quarantined) rather than write something wrong.
 */
export function assert(condition: boolean, why: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${why}`)
}
