// npm run test:mutants: plants mistakes in a copy of the server, one at a time, and plays simulated worlds until one of them notices.
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { playSeeds } from '../simulation/play-seeds.ts'
import { mutants, type Mutant } from './mutants.ts'
import { copyRepository, plant } from './plant.ts'

const { values } = parseArgs({
  options: {
    from: { type: 'string', default: '1' },
    /** Seeds after which a mutant is said to survive. */
    seeds: { type: 'string', default: '300' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    /** Only mutants whose name has this in it. */
    only: { type: 'string', default: '' },
  },
})

const root = fileURLToPath(new URL('../..', import.meta.url))
const copy = realpathSync(mkdtempSync(join(tmpdir(), 'causeway-mutants-')))
const common = { ms: Number.MAX_SAFE_INTEGER, shrinkRuns: 0, twiceEvery: Number.MAX_SAFE_INTEGER, quarrels: true }

/** Which promises a seed breaks without any mistake planted; asked only for seeds that noticed one. */
async function brokenAnyway(seed: number): Promise<ReadonlySet<string>> {
  const { failed } = await playSeeds({ ...common, from: seed, seeds: 1, jobs: 1, failuresMax: 1 })
  return new Set(failed.flatMap(({ promises }) => promises))
}

/** The promise that a mutant breaks, and after how many seeds; undefined when it survives. */
async function hunt(mutant: Mutant): Promise<{ readonly promise: string; readonly seeds: number; readonly seed: number } | undefined> {
  const takeOut = plant(copy, mutant)
  try {
    const last = Number(values.from) + Number(values.seeds)
    for (let from = Number(values.from); from < last;) {
      const { failed } = await playSeeds({ ...common, root: copy, from, seeds: last - from, jobs: Number(values.jobs), failuresMax: 1 })
      const [first] = failed
      if (first === undefined) return undefined
      const anyway = await brokenAnyway(first.seed)
      // A seed that fails without the mistake too says nothing about it, whichever promise comes first.
      const promise = anyway.size > 0 ? undefined : first.promises[0]
      if (promise !== undefined) return { promise, seed: first.seed, seeds: first.seed - Number(values.from) + 1 }
      from = first.seed + 1
    }
    return undefined
  } finally {
    takeOut()
  }
}

let survivors = 0
try {
  copyRepository(root, copy)
  console.log('| planted mistake | broken promise | seeds |\n|---|---|---|')
  for (const mutant of mutants.filter(({ name }) => name.includes(values.only))) {
    const caught = await hunt(mutant)
    if (caught === undefined) survivors += 1
    const verdict = caught === undefined ? `**survives** | ${values.seeds}` : `${caught.promise} (seed ${caught.seed}) | ${caught.seeds}`
    console.log(`| ${mutant.name} | ${verdict} |`)
  }
} finally {
  rmSync(copy, { recursive: true, force: true })
}
process.exit(survivors === 0 ? 0 : 1)
