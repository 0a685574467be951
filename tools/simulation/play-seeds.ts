import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Order, Report } from './worker.ts'

/** Which seeds are played, and how. */
export interface Run {
  readonly from: number
  /** At most. */
  readonly seeds: number
  /** Processes side by side. */
  readonly jobs: number
  /** No seed is begun after so many milliseconds. */
  readonly ms: number
  /** Failing seeds after which no other is begun. */
  readonly failuresMax: number
  /** Runs for a shorter play of each failing seed. */
  readonly shrinkRuns: number
  /** Every how many seeds one is played twice. */
  readonly twiceEvery: number
  /** Worlds in which people throw each other out of rooms all the time. */
  readonly quarrels: boolean
  /** The repository whose simulation is played; this one unless it is a copy with a mistake planted in it. */
  readonly root?: string
  /** Seeds that are known to fail: no shorter play is looked for. */
  readonly known?: ReadonlyMap<number, string>
  /** Told of each seed. */
  readonly onReport?: (report: Report) => void
}

/** What came of a run. */
export interface Played {
  readonly seeds: number
  readonly failed: readonly Report[]
  readonly ms: number
}

/** Milliseconds that one seed may take, with a shorter play of it, before its process is thought to hang. */
const seedMsMax = 300_000

/** Play seeds one after the other in some processes. */
export async function playSeeds(run: Run): Promise<Played> {
  const began = performance.now()
  const failed: Report[] = []
  let next = run.from
  let seeds = 0
  const take = (): number | undefined => {
    const over = next >= run.from + run.seeds || performance.now() - began > run.ms || failed.length >= run.failuresMax
    return over ? undefined : next++
  }
  const work = async (): Promise<void> => {
    let worker = startWorker(run)
    for (let seed = take(); seed !== undefined; seed = take()) {
      const order: Order = {
        seed,
        twice: seed % run.twiceEvery === 0,
        shrinkRuns: run.known?.has(seed) === true ? 0 : run.shrinkRuns,
        quarrels: run.quarrels,
      }
      const report = await ask(worker, order)
      seeds += 1
      run.onReport?.(report)
      if (report.findings.length > 0) failed.push(report)
      if (!worker.connected) worker = startWorker(run)
    }
    worker.kill()
  }
  await Promise.all(Array.from({ length: run.jobs }, work))
  return { seeds, failed: failed.sort((a, b) => a.seed - b.seed), ms: performance.now() - began }
}

function startWorker(run: Run): ChildProcess {
  const root = new URL('../../', import.meta.url)
  const at = (path: string): string => (run.root === undefined ? fileURLToPath(new URL(path, root)) : `${run.root}/${path}`)
  const hooks = new URL('packages/testkit/src/simulation/small-caches.ts', run.root === undefined ? root : `file://${run.root}/`)
  return fork(at('tools/simulation/worker.ts'), { execArgv: ['--import', hooks.href], serialization: 'advanced' })
}

function ask(worker: ChildProcess, order: Order): Promise<Report> {
  return new Promise((resolve) => {
    const fail = (promise: string, what: string): void =>
      resolve({ seed: order.seed, hash: '', findings: [`${promise}: ${what}`], promises: [promise], lines: [] })
    const timer = setTimeout(() => {
      worker.kill('SIGKILL')
      fail('nothing hangs', `seed ${order.seed} took more than ${seedMsMax} ms`)
    }, seedMsMax)
    const onExit = (code: number | null): void => fail('the server does not end', `its process ended with ${code}`)
    worker.once('exit', onExit)
    worker.once('message', (report: Report) => {
      clearTimeout(timer)
      worker.off('exit', onExit)
      resolve(report)
    })
    worker.send(order)
  })
}
