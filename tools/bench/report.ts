import { readFileSync } from 'node:fs'
import { arch, cpus, release, totalmem } from 'node:os'
import type { Measurement } from './measurement.ts'
import type { Workload } from './workloads/workload.ts'

/** The outcome of one workload on one server; an error where it failed. */
export interface Result {
  readonly workload: Workload
  readonly outcome: Measurement | Error
}

/** All results of one server. */
export interface ServerResults {
  readonly title: string
  readonly results: readonly Result[]
}

/** One line for the terminal. */
export function resultLine({ workload, outcome }: Result): string {
  const name = workload.name.padEnd(14)
  if (outcome instanceof Error) return `${name} FAILED: ${outcome.message}`
  const cells = measurementCells(outcome)
  return `${name} ${cells.map(([label, value]) => `${label} ${value}`).join('  ')}`
}

/** docs/benchmarks.md. */
export function benchmarksDocument(servers: readonly ServerResults[], date: Date): string {
  const summary = table(
    ['operation', ...servers.map((server) => server.title), 'Causeway must reach'],
    (servers[0]?.results ?? []).map(({ workload }) => [
      workload.operation,
      ...servers.map((server) => cpuCell(server.results.find((result) => result.workload.name === workload.name)?.outcome)),
      significant(workload.goalCpuMs),
    ]),
  )
  const details = servers.map((server) => {
    const rows = server.results.map(({ workload, outcome }) =>
      outcome instanceof Error
        ? [workload.operation, `failed: ${outcome.message}`]
        : [workload.operation, ...measurementCells(outcome).map(([, value]) => value)],
    )
    return `## ${server.title}\n\n${table(['operation', ...detailColumns], rows)}`
  })
  return (
    [
      '# Benchmarks',
      "Written by `npm run bench -- --compare`; not by hand. CPU milliseconds per operation, user and system time of the server's whole\n" +
        'process tree until it came to rest. The servers ran one after the other, each on its own with a fresh database, in one run.',
      `${date.toISOString().slice(0, 10)}, ${machine()}`,
      summary,
      'One run on one machine: compare columns, not digits. `tools/bench` says what each operation does.',
      ...details,
    ].join('\n\n') + '\n'
  )
}

const detailColumns = ['operations', 'a second', 'CPU ms each', 'p50 ms', 'p95 ms', 'p99 ms', 'kB written each', 'RSS MB']

function measurementCells(measured: Measurement): (readonly [label: string, value: string])[] {
  const { latencyMs } = measured
  const values = [
    String(measured.operations),
    significant(measured.operations / measured.seconds),
    significant(measured.cpuMsPerOperation),
    significant(latencyMs.p50),
    significant(latencyMs.p95),
    significant(latencyMs.p99),
    significant(measured.writtenBytesPerOperation / 1_000),
    significant(measured.residentBytes / 1_000_000),
  ]
  return values.map((value, index) => [detailColumns[index] ?? '', value] as const)
}

function cpuCell(outcome: Measurement | Error | undefined): string {
  if (outcome === undefined) return '-'
  return outcome instanceof Error ? 'failed' : significant(outcome.cpuMsPerOperation)
}

/** Three significant digits; more would claim what one run cannot know. */
function significant(value: number): string {
  if (!Number.isFinite(value)) return '-'
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)))
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}

/** The machine in a sentence: what must be equal for figures to be compared. */
export function machine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor'
  const load = readFileSync('/proc/loadavg', 'utf8').split(' ')[0] ?? '?'
  const memory = Math.round(totalmem() / 1e9)
  return `${cpus().length} cores (${model}, ${arch()}), ${memory} GB of memory, Linux ${release()}, load ${load} at the end; the load generator shares the cores.`
}
