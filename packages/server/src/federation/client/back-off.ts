import type { Random } from '../../platform/random.ts'
import { backOffEarlyMs, backOffEarlyMsMax, backOffMsMax, backOffMsMin } from '../limits.ts'

/**
 * Milliseconds until a server that failed `failures` times in a row, since `failingMs` ago, is tried again. It doubles from
 * a second; within the first minutes it stays below one minute, so that a restart goes unnoticed; later it ends below an hour.
 * A fifth of it is chance, so that many servers do not come back at the same moment.
 */
export function backOffMs(failures: number, failingMs: number, random: Random): number {
  const early = failingMs < backOffEarlyMs
  const ms = Math.min(early ? backOffEarlyMsMax : backOffMsMax, backOffMsMin * 2 ** Math.min(failures - 1, 30))
  return Math.round(ms * (0.9 + (random.uint32() / 2 ** 32) * 0.2))
}
