import { randomInt } from 'node:crypto'

const given = process.env['FUZZ_SEED']

/**
 * How much each property is tried: FUZZ_RUNS times (300), beginning with FUZZ_SEED (a new one, which is printed, so that a run can be
 * repeated).
 */
export const settings = {
  numRuns: Number(process.env['FUZZ_RUNS'] ?? 300),
  seed: given === undefined ? randomInt(2 ** 31) : Number(given),
}

console.log(`FUZZ_SEED=${settings.seed} FUZZ_RUNS=${settings.numRuns}`)
