// Goal: whatever happens to the servers and the wires between them, no message of an encrypted conversation is lost, and every
// device that was there reads each one: no key is lost either.
// Method: SDK clients of two people on two servers write side by side, with a new key every few messages, while servers are
// stopped, killed and cut off, and devices come and go out of reach. FAULTS_SEED repeats the choices; FAULTS_DATABASE=postgres
// gives one of the servers PostgreSQL.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { SeededRandom } from '../../packages/testkit/src/checker/seeded-random.ts'
import type { Homeserver } from '../../packages/testkit/src/processes/homeserver.ts'
import { startOwnPostgres } from '../../packages/testkit/src/processes/postgres.ts'
import { startCauseway } from '../../packages/testkit/src/processes/start-causeway.ts'
import { openTcpLink, type TcpLink } from '../../packages/testkit/src/processes/tcp-link.ts'
import { createTestCa } from '../../packages/testkit/src/tls/test-ca.ts'
import { Devices } from '../clients/devices.ts'
import { quietSdk } from '../clients/quiet-sdk.ts'
import { troubledConversation } from '../clients/troubles.ts'
import { seed } from './world.ts'

const random = new SeededRandom(seed())
const print = console.log.bind(console)
const letTimersGo = quietSdk()

/** Messages in all. */
const MESSAGES = 210

/** Milliseconds in which everything must have arrived after the last trouble: servers wait for some seconds before they try again. */
const SETTLE_MS_MAX = 300_000

const devices = new Devices()
const servers: Homeserver[] = []
const links: TcpLink[] = []
let postgres: Awaited<ReturnType<typeof startOwnPostgres>> | undefined

before(async () => {
  const ca = createTestCa()
  if (process.env['FAULTS_DATABASE'] === 'postgres') postgres = await startOwnPostgres({ fsync: true })
  for (const name of ['one', 'two']) {
    const link = await openTcpLink()
    const own = postgres !== undefined && name === 'one' ? { database: await postgres.createDatabase() } : {}
    const server = await startCauseway({ name, ca, publicPort: link.port, configuration: { 'log.level': 'info' }, ...own })
    link.forwardTo(server.federationPort)
    servers.push(server)
    links.push(link)
  }
})

after(async () => {
  devices.close()
  for (const server of servers) await server.dispose()
  for (const link of links) await link.close()
  await postgres?.stop()
  letTimersGo()
})

test(`${MESSAGES} encrypted messages and more, between two servers in trouble`, async () => {
  const [one, two] = servers
  assert(one !== undefined && two !== undefined)
  await troubledConversation({
    devices,
    random,
    one,
    two,
    partition: () => links.forEach((link) => link.cut()),
    mend: () => links.forEach((link) => link.mend()),
    messages: MESSAGES,
    settleMsMax: SETTLE_MS_MAX,
    name: '',
    print,
  })
})
