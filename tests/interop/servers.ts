import { after } from 'node:test'
import type { MatrixClient } from '../../packages/testkit/src/client/matrix-client.ts'
import type { Homeserver, HomeserverOptions } from '../../packages/testkit/src/processes/homeserver.ts'
import { startPostgres } from '../../packages/testkit/src/processes/postgres.ts'
import { startCauseway } from '../../packages/testkit/src/processes/start-causeway.ts'
import { openTcpLink, type TcpLink } from '../../packages/testkit/src/processes/tcp-link.ts'
import { startSynapse } from '../../packages/testkit/src/synapse/start-synapse.ts'
import { createTestCa } from '../../packages/testkit/src/tls/test-ca.ts'

/** Two real servers that federate, and the wires between them. */
export interface Servers {
  readonly left: Homeserver
  readonly right: Homeserver
  /** The certificate (PEM) of the authority that both trust. */
  readonly ca: string
  /** Cut both directions of federation; clients still reach both servers. */
  partition(): void
  /** Let federation through again. */
  mend(): void
}

let started: Promise<{ servers: Servers; close: () => Promise<void> }> | undefined
let users = 0

/**
 * The two servers that all tests of this process share: ours on the left and Synapse on the right. INTEROP_LEFT=synapse
 * puts a second Synapse on the left, which tells whether a failure is the script's.
 */
export async function sharedServers(): Promise<Servers> {
  started ??= start()
  return (await started).servers
}

/** A new account; its localpart begins with `name`. */
export function newUser(server: Homeserver, name: string): Promise<MatrixClient> {
  users += 1
  return server.registerUser(`${name}-${users}`)
}

after(async () => {
  if (started !== undefined) await (await started).close()
})

async function start(): Promise<{ servers: Servers; close: () => Promise<void> }> {
  const ca = createTestCa()
  const startLeft = process.env['INTEROP_LEFT'] === 'synapse' ? startSynapse : startOurs
  const links = await Promise.all([openTcpLink(), openTcpLink()])
  const [left, right] = await Promise.all([
    behind(links[0], (publicPort) => startLeft({ name: 'left', ca, publicPort })),
    behind(links[1], (publicPort) => startSynapse({ name: 'right', ca, publicPort })),
  ])
  return {
    servers: {
      left,
      right,
      ca: ca.certificate,
      partition: () => links.forEach((link) => link.cut()),
      mend: () => links.forEach((link) => link.mend()),
    },
    close: async () => {
      await Promise.all([left.dispose(), right.dispose()])
      await Promise.all(links.map((link) => link.close()))
    },
  }
}

/** Our server, with SQLite unless INTEROP_DATABASE=postgres. */
async function startOurs(options: HomeserverOptions): Promise<Homeserver> {
  if (process.env['INTEROP_DATABASE'] !== 'postgres') return startCauseway(options)
  const cluster = await startPostgres()
  return startCauseway({ ...options, database: await cluster.createDatabase() })
}

async function behind(
  link: TcpLink,
  startServer: (publicPort: NonNullable<HomeserverOptions['publicPort']>) => Promise<Homeserver>,
): Promise<Homeserver> {
  const server = await startServer(link.port)
  link.forwardTo(server.federationPort)
  return server
}
