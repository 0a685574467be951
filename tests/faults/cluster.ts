import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import postgres from 'postgres'
import { freePort } from '../../packages/testkit/src/processes/free-port.ts'
import type { Homeserver } from '../../packages/testkit/src/processes/homeserver.ts'
import { startOwnPostgres } from '../../packages/testkit/src/processes/postgres.ts'
import { startCauseway } from '../../packages/testkit/src/processes/start-causeway.ts'
import { temporaryFolder } from '../../packages/testkit/src/processes/temporary-folder.ts'
import { createTestCa, type TestCa } from '../../packages/testkit/src/tls/test-ca.ts'

/** Two processes that are one server: one name, one key, one database. */
export interface Cluster {
  readonly one: Homeserver
  readonly other: Homeserver
  /** The URL of their database. */
  readonly database: string
  /** The process that owns a room, as the database has it. */
  ownerOf(roomId: string): Promise<Homeserver>
  end(): Promise<void>
}

/** Shards of rooms: what all processes together hold. */
export const SHARDS = 1024

/** Milliseconds in which two processes must have shared the rooms between them. */
const SHARE_MS_MAX = 180_000

/** Lines of a log that an error shows. */
const LOG_LINES_SHOWN = 40

/** Start both, and wait until each holds half of the rooms. `ca`: whom they trust. */
export async function startCluster(ca: TestCa = createTestCa()): Promise<Cluster> {
  const host = await startOwnPostgres({ fsync: true })
  const folder = temporaryFolder('cluster')
  const servers: Homeserver[] = []
  const addresses = new Map<string, Homeserver>()
  const end = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.dispose()))
    await host.stop()
    folder.remove()
  }
  try {
    const [database, publicPort] = [await host.createDatabase(), await freePort()]
    for (const name of ['one', 'other']) {
      const internal = `http://127.0.0.1:${await freePort()}`
      const configuration = { signing_key_file: join(folder.path, 'signing.key'), 'listeners.internal': internal, 'log.level': 'info' }
      const server = await startCauseway({ name, ca, database, publicPort, configuration })
      servers.push(server)
      addresses.set(internal, server)
    }
    const [one, other] = servers
    if (one === undefined || other === undefined) throw new Error('two processes were started')
    await Promise.all([waitForShards(one, SHARDS / 2), waitForShards(other, SHARDS / 2)])
    const ownerOf = async (roomId: string): Promise<Homeserver> => {
      const owner = addresses.get(await ownerAddress(database, roomId))
      if (owner === undefined) throw new Error(`${roomId} is owned by none of the two`)
      return owner
    }
    return { one, other, database, ownerOf, end }
  } catch (error) {
    await end()
    throw error
  }
}

async function ownerAddress(database: string, roomId: string): Promise<string> {
  const session = postgres(database, { max: 1, onnotice: () => undefined })
  try {
    const [row] = await session`SELECT s.address FROM rooms r JOIN shards h ON h.shard = r.shard JOIN slots s ON s.slot = h.slot
      WHERE r.room_id = ${roomId}`
    return String(row?.['address'])
  } finally {
    await session.end()
  }
}

/** Where the log of a process' present life begins. */
const logBegins = new WeakMap<Homeserver, number>()

/** Start a process that has ended. */
export async function startAgain(server: Homeserver): Promise<void> {
  logBegins.set(server, statSync(server.logFile).size)
  await server.start()
}

/** Wait until a process holds this many shards, as its log tells. */
export async function waitForShards(server: Homeserver, count: number): Promise<void> {
  const deadline = performance.now() + SHARE_MS_MAX
  while (shardsOf(server) !== count) {
    if (performance.now() > deadline) {
      const log = readFileSync(server.logFile, 'utf8').split('\n')
      const told = log.filter((line) => !line.includes('"route"')).slice(-LOG_LINES_SHOWN)
      throw new Error([`${server.name} holds ${shardsOf(server)} shards and not ${count}`, ...told].join('\n'))
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

function shardsOf(server: Homeserver): number {
  const log = readFileSync(server.logFile).subarray(logBegins.get(server) ?? 0)
  let held = 0
  for (const line of log.toString().split('\n')) {
    if (!line.startsWith('{') || !line.endsWith('}')) continue
    const { msg, shards = 0 }: { readonly msg?: string; readonly shards?: number } = JSON.parse(line)
    if (msg === 'took shards') held += shards
    else if (msg === 'handed shards over') held -= shards
    else if (msg?.includes('has lost its slot') === true) held = 0
  }
  return held
}
