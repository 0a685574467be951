// Plays the seeds that its parent process hands it, one at a time.
import { planOf } from '../../packages/testkit/src/simulation/plan.ts'
import { runPlan } from '../../packages/testkit/src/simulation/run-plan.ts'
import { shrink } from '../../packages/testkit/src/simulation/shrink.ts'

/** What the parent asks for. */
export interface Order {
  readonly seed: number
  /** Play it twice, and see that the same happens. */
  readonly twice: boolean
  readonly quarrels: boolean
  /** Runs that may be spent on finding a shorter play that fails in the same way; 0: it is not tried. */
  readonly shrinkRuns: number
}

/** What came of it. */
export interface Report {
  readonly seed: number
  readonly hash: string
  /** Empty when every promise was kept. */
  readonly findings: readonly string[]
  readonly promises: readonly string[]
  /** What happened, in a shorter play where one was found. */
  readonly lines: readonly string[]
}

let lost: string | undefined
process.on('unhandledRejection', (error) => {
  lost = error instanceof Error ? (error.stack ?? error.message) : String(error)
})

async function play({ seed, twice, shrinkRuns, quarrels }: Order): Promise<Report> {
  const plan = planOf(seed, { quarrels })
  const { findings, hash } = await runPlan(plan)
  const all = [...findings]
  if (lost !== undefined) all.push({ promise: 'no promise is lost', what: lost })
  lost = undefined
  const again = twice && all.length === 0 ? (await runPlan(plan)).hash : hash
  if (again !== hash) all.push({ promise: 'the same seed gives the same run', what: `${hash}, then ${again}` })
  const [first] = findings
  const lines = first === undefined || shrinkRuns === 0 ? [] : (await shrink(plan, first.promise, shrinkRuns)).outcome.lines
  return { seed, hash, findings: all.map(({ promise, what }) => `${promise}: ${what}`), promises: all.map(({ promise }) => promise), lines }
}

process.on('message', (order: Order) => {
  void play(order).then(
    (report) => process.send?.(report),
    (error: unknown) => {
      const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
      process.send?.({ seed: order.seed, hash: '', findings: [what], promises: ['the simulation itself'], lines: [] } satisfies Report)
    },
  )
})
