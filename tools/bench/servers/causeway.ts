import { join } from 'node:path'
import { startCauseway } from '../../../packages/testkit/src/processes/start-causeway.ts'
import { createTestCa } from '../../../packages/testkit/src/tls/test-ca.ts'
import type { Target } from '../target.ts'

/** Start our own server with a fresh data folder; `profileFolder` makes Node write CPU profiles there at its end. */
export async function benchCauseway(options: { readonly profileFolder: string | undefined }): Promise<Target> {
  const ca = createTestCa()
  const { profileFolder } = options
  const nodeArguments = profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${join(process.cwd(), profileFolder)}`]
  const server = await startCauseway({ name: 'bench', ca, nodeArguments })
  return {
    title: 'Causeway, SQLite',
    origin: server.origin,
    serverName: server.serverName,
    sharedSecret: server.sharedSecret,
    pids: () => [server.pid()],
    federation: {
      url: `https://127.0.0.1:${server.federationPort}`,
      ca: ca.certificate,
      identity: ca.issue(['127.0.0.1']),
      address: '127.0.0.1',
    },
    close: () => server.dispose(),
  }
}
