import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseCommandLine, usage, type CommandLine } from './command-line.ts'
import { WORKLOAD_TOTAL_MS_MAX } from './limits.ts'
import type { Measurement } from './measurement.ts'
import { benchmarksDocument, machine, resultLine, type Result, type ServerResults } from './report.ts'
import { benchCauseway } from './servers/causeway.ts'
import { benchExternal } from './servers/external.ts'
import { benchSynapse } from './servers/synapse.ts'
import { Population, type Target } from './target.ts'
import { allWorkloads } from './workloads/all.ts'
import { Bench, type Workload } from './workloads/workload.ts'

const document = join(import.meta.dirname, '../../docs/benchmarks.md')

async function main(): Promise<number> {
  if (process.argv.includes('--help')) {
    process.stdout.write(usage)
    return 0
  }
  const commandLine = parseCommandLine(process.argv.slice(2))
  const workloads = chosenWorkloads(commandLine.workloads)
  const servers: ServerResults[] = []
  for (const start of targets(commandLine)) servers.push(await runAll(await start(), workloads))
  say(machine())
  if (commandLine.compare) {
    mkdirSync(join(document, '..'), { recursive: true })
    writeFileSync(document, benchmarksDocument(servers, new Date()))
    say(`written: ${document}`)
  }
  return servers.some((server) => server.results.some(({ outcome }) => outcome instanceof Error)) ? 1 : 0
}

/** The servers to measure, one after the other. */
function targets(commandLine: CommandLine): (() => Promise<Target>)[] {
  const { external, profileFolder } = commandLine
  if (external !== undefined) return [() => Promise.resolve(benchExternal(external))]
  if (commandLine.synapse) return [benchSynapse]
  const causeway = (postgres: boolean) => (): Promise<Target> => benchCauseway({ profileFolder, postgres })
  if (!commandLine.compare) return [causeway(commandLine.postgres)]
  return [benchSynapse, causeway(false), ...(commandLine.postgres ? [causeway(true)] : [])]
}

function chosenWorkloads(names: readonly string[]): readonly Workload[] {
  const unknown = names.find((name) => !allWorkloads.some((workload) => workload.name === name))
  if (unknown !== undefined) throw new Error(`no workload ${unknown}; there are: ${allWorkloads.map(({ name }) => name).join(', ')}`)
  return names.length === 0 ? allWorkloads : allWorkloads.filter(({ name }) => names.includes(name))
}

async function runAll(target: Target, workloads: readonly Workload[]): Promise<ServerResults> {
  say(target.title)
  const results: Result[] = []
  const bench = new Bench(target, new Population(target))
  try {
    for (const workload of workloads) {
      if (workload.federation === true && target.federation === undefined) continue
      const result = { workload, outcome: await outcomeOf(workload, bench) }
      results.push(result)
      say(resultLine(result))
    }
  } finally {
    await bench.close()
    await target.close()
  }
  return { title: target.title, results }
}

/** A workload that fails is a result, too: the others still say something. */
async function outcomeOf(workload: Workload, bench: Bench): Promise<Measurement | Error> {
  let timer: NodeJS.Timeout | undefined
  const overdue = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${WORKLOAD_TOTAL_MS_MAX} ms`)), WORKLOAD_TOTAL_MS_MAX)
  })
  try {
    return await Promise.race([workload.run(bench), overdue])
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  } finally {
    clearTimeout(timer)
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

process.exitCode = await main()
