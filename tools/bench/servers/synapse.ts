import { execFileSync } from 'node:child_process'
import { findSynapsePython, startSynapse } from '../../../packages/testkit/src/synapse/start-synapse.ts'
import { createTestCa } from '../../../packages/testkit/src/tls/test-ca.ts'
import type { Target } from '../target.ts'

/** Start Synapse from PyPI with SQLite; `SYNAPSE_PYTHON` or `.cache/synapse` has it. */
export async function benchSynapse(): Promise<Target> {
  const ca = createTestCa()
  const python = findSynapsePython()
  const version = execFileSync(python, ['-c', 'import synapse; print(synapse.__version__)'], { encoding: 'utf8' }).trim()
  const server = await startSynapse({ name: 'bench', ca, python, logLevel: 'WARNING' })
  return {
    title: `Synapse ${version}, SQLite`,
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
