import { QUIET_CPU_MS_MAX, QUIET_MS_MAX, QUIET_WINDOW_MS, WORKLOAD_MS_MAX } from './limits.ts'
import { usageOf } from './process-tree.ts'

/** What a workload cost the server. */
export interface Measurement {
  readonly operations: number
  /** From the first request to the last answer. */
  readonly seconds: number
  /** CPU time of the server's process tree, until it came to rest, divided by the operations. */
  readonly cpuMsPerOperation: number
  readonly latencyMs: { readonly p50: number; readonly p95: number; readonly p99: number }
  readonly writtenBytesPerOperation: number
  /** At the end of the workload. */
  readonly residentBytes: number
}

/** How a workload is driven. */
export interface Drive {
  /** Steps at most; fewer if WORKLOAD_MS_MAX passes before. */
  readonly steps: number
  /** Steps in flight at a time; each lane does one after the other. */
  readonly lanes: number
  /** Unmeasured steps before, so that code is compiled and caches are warm. */
  readonly warmUp: number
  /** One step: throws unless the outcome is right. May give latencies (ms) of its own; else its duration counts as one. */
  step(lane: number, index: number): Promise<readonly number[] | void>
  /** Operations that one step makes. */
  readonly operationsPerStep?: number
  /** Runs after the last step, inside the measurement: waits until everything has arrived. */
  arrived?(): Promise<void>
}

/** Drive the server and measure the processes `pids` with all below them. */
export async function measure(pids: () => readonly number[], drive: Drive): Promise<Measurement> {
  await runLanes(drive, 0, drive.warmUp, [])
  await quiet(pids)
  const before = usageOf(pids())
  const started = performance.now()
  const latencies: number[] = []
  const steps = await runLanes(drive, drive.warmUp, drive.warmUp + drive.steps, latencies)
  await drive.arrived?.()
  const seconds = (performance.now() - started) / 1000
  await quiet(pids)
  const after = usageOf(pids())
  const operations = steps * (drive.operationsPerStep ?? 1)
  latencies.sort((a, b) => a - b)
  return {
    operations,
    seconds,
    cpuMsPerOperation: (after.cpuMs - before.cpuMs) / operations,
    latencyMs: { p50: quantile(latencies, 0.5), p95: quantile(latencies, 0.95), p99: quantile(latencies, 0.99) },
    writtenBytesPerOperation: (after.writtenBytes - before.writtenBytes) / operations,
    residentBytes: after.residentBytes,
  }
}

/** Steps `from` (inclusive) to `to` (exclusive); gives how many were done. */
async function runLanes(drive: Drive, from: number, to: number, latencies: number[]): Promise<number> {
  const deadline = performance.now() + WORKLOAD_MS_MAX
  let next = from
  const lane = async (number: number): Promise<void> => {
    while (next < to && performance.now() < deadline) {
      const index = next
      next += 1
      const started = performance.now()
      // The other lanes end too, or they would go on under the next workload.
      const own = await drive.step(number, index).catch((error: unknown) => {
        next = to
        throw error
      })
      if (own === undefined) latencies.push(performance.now() - started)
      else latencies.push(...own)
    }
  }
  await Promise.all(Array.from({ length: drive.lanes }, (_, number) => lane(number)))
  return next - from
}

/** Wait until the processes use no CPU time worth speaking of, at most QUIET_MS_MAX. */
export async function quiet(pids: () => readonly number[]): Promise<void> {
  const deadline = performance.now() + QUIET_MS_MAX
  let before = usageOf(pids()).cpuMs
  while (performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, QUIET_WINDOW_MS))
    const now = usageOf(pids()).cpuMs
    if (now - before <= QUIET_CPU_MS_MAX) return
    before = now
  }
}

/** The value below which the share `q` of the sorted values lies. */
export function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN
}

/** Do something with every item, `lanes` at a time. */
export async function eachOf<T>(items: readonly T[], lanes: number, action: (item: T) => Promise<unknown>): Promise<void> {
  const queue = items.values()
  const lane = async (): Promise<void> => {
    for (const item of queue) await action(item)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}
