/** State what must hold. A broken assertion is our own mistake, never a peer's: peers are answered by verdicts. */
export function assert(condition: boolean, why: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${why}`)
}
