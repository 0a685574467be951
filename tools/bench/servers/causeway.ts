import { join } from 'node:path'
import { startOwnPostgres } from '../../../packages/testkit/src/processes/postgres.ts'
import { startCauseway } from '../../../packages/testkit/src/processes/start-causeway.ts'
import { createTestCa } from '../../../packages/testkit/src/tls/test-ca.ts'
import type { Target } from '../target.ts'

/** How our server is measured. */
export interface CausewayBenchOptions {
  /** Node writes CPU profiles there when the server ends. */
  readonly profileFolder: string | undefined
  /** With PostgreSQL, whose processes are measured as well, instead of SQLite. */
  readonly postgres: boolean
}

/** Start our own server with a fresh data folder. */
export async function benchCauseway({ profileFolder, postgres }: CausewayBenchOptions): Promise<Target> {
  const ca = createTestCa()
  const nodeArguments =
    profileFolder === undefined
      ? (process.env['BENCH_NODE_ARGS'] ?? '').split(' ').filter(Boolean)
      : ['--cpu-prof', `--cpu-prof-dir=${join(process.cwd(), profileFolder)}`]
  const cluster = postgres ? await startOwnPostgres({ fsync: true }) : undefined
  const database = cluster === undefined ? {} : { database: await cluster.createDatabase() }
  // As quiet as the others: a line for each request would be measured, too.
  const configuration = { 'log.level': 'warn' }
  const server = await startCauseway({ name: 'bench', ca, nodeArguments, configuration, ...database })
  return {
    title: `Causeway, ${postgres ? 'PostgreSQL' : 'SQLite'}`,
    origin: server.origin,
    serverName: server.serverName,
    sharedSecret: server.sharedSecret,
    pids: () => (cluster === undefined ? [server.pid()] : [server.pid(), cluster.pid()]),
    federation: {
      url: `https://127.0.0.1:${server.federationPort}`,
      ca: ca.certificate,
      identity: ca.issue(['127.0.0.1']),
      address: '127.0.0.1',
    },
    close: async () => {
      await server.dispose()
      await cluster?.stop()
    },
  }
}
