import { flushCompileCache } from 'node:module'
import type { Config } from '../../config/config.ts'
import { realArgon2 } from '../../platform/argon2.ts'
import { realClock } from '../../platform/clock.ts'
import { createLogger, type OpenLogger } from '../../platform/create-logger.ts'
import { readTextFile } from '../../platform/files.ts'
import { parseHosts } from '../../platform/hosts.ts'
import type { Logger } from '../../platform/logger.ts'
import { Metrics } from '../../platform/metrics.ts'
import { RealNames } from '../../platform/names.ts'
import { addProcessMetrics } from '../../platform/process-metrics.ts'
import { realRandom } from '../../platform/random.ts'
import { onStopSignal, onUnhandled } from '../../platform/signals.ts'
import type { Platform } from '../application.ts'
import { exitCodes, type Command } from '../command-line/command.ts'
import { requireConfig } from '../command-line/read-config.ts'
import { startServer, type RunningServer } from '../start-server.ts'
import { readVersion } from '../version.ts'

/** `causeway start`: run until a signal says stop. */
export const startCommand: Command = {
  name: 'start',
  args: [],
  flags: [],
  summary: 'Start the server.',
  configured: true,
  run: async (call) => {
    const startedAt = realClock.monotonic()
    const { config } = await requireConfig(call)
    const logger = openLog(config)
    const { log } = logger
    const platform = await realPlatform(config, log)
    const server = await startServer(config, platform)
    await introduce(config, server, log)
    log.info({ ms: Math.round(realClock.monotonic() - startedAt) }, 'ready')
    // Now, not only at the end: a process that is killed keeps it too.
    flushCompileCache()

    onUnhandled((error) => log.error({ err: error }, 'an error that nobody awaited'))
    await new Promise<void>((resolve) => {
      onStopSignal((signal) => {
        log.info({ signal }, 'stopping')
        resolve()
      })
    })
    await server.stop()
    log.info({}, 'stopped')
    logger.flush()
    return exitCodes.done
  },
}

/** Open the database for one command, answering on the admin socket alone; problems go to the standard error. */
export async function openOffline(config: Config): Promise<RunningServer> {
  return startServer(config, await commandPlatform(config), 'socket')
}

function openLog({ log }: Config): OpenLogger {
  const format = log.format === 'auto' ? (process.stdout.isTTY ? 'text' : 'json') : log.format
  return createLogger({ level: log.level, format })
}

/** The machine, for a command on a closed database; problems go to the standard error. */
export function commandPlatform(config: Config): Promise<Platform> {
  return realPlatform(config, createLogger({ level: 'warn', format: 'text' }, 2).log)
}

async function realPlatform(config: Config, log: Logger): Promise<Platform> {
  const metrics = new Metrics()
  addProcessMetrics(metrics)
  const { hostsFile } = config.federation
  const hosts = hostsFile === undefined ? undefined : await readTextFile(hostsFile)
  return {
    clock: realClock,
    random: realRandom(),
    log,
    metrics,
    names: new RealNames(realClock, parseHosts(hosts ?? '')),
    argon2: realArgon2,
    version: await readVersion(),
  }
}

/** What an operator wants to know at each start. */
async function introduce({ server, registration }: Config, { urls }: RunningServer, log: Logger): Promise<void> {
  log.info({ version: await readVersion(), node: process.versions.node, server_name: server.name }, 'Causeway, a Matrix homeserver')
  log.info(Object.fromEntries(urls), 'listening')
  const database = server.database.kind === 'sqlite' ? server.database.path : 'PostgreSQL'
  log.info({ data_dir: server.dataDir, database }, 'data')
  log.info({ registration: registration.mode }, 'make an account with: npx causeway user create NAME --admin')
  if (server.name === 'localhost') {
    log.warn({}, 'the server name is localhost, for trying out: it reaches this machine only and can never become a real name')
  }
}
