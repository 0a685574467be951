// Goal: whatever the server acknowledged is there after it was killed, exactly once; what it did not acknowledge is there whole
// or not at all; who was told of something keeps it.
// Method: kill -9 under mixed load, at any moment and within 5 ms after an acknowledgement, start again, and compare everything
// that can be read with the ledger of the clients. FAULTS_KILLS: kills for each database. FAULTS_SEED repeats the choices.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../packages/testkit/src/checker/seeded-random.ts'
import type { Homeserver } from '../../packages/testkit/src/processes/homeserver.ts'
import { startOwnPostgres } from '../../packages/testkit/src/processes/postgres.ts'
import { startCauseway } from '../../packages/testkit/src/processes/start-causeway.ts'
import { createTestCa } from '../../packages/testkit/src/tls/test-ca.ts'
import { seed, World } from './world.ts'

const kills = Number(process.env['FAULTS_KILLS'] ?? 25)

/** Milliseconds of load at most before a kill. */
const LOAD_MS_MAX = 700

/** Acknowledgements before a kill that follows one. */
const ACKS_MAX = 150

/** Operations of one client in one round: a bound for what a check has to read. */
const OPERATIONS_MAX = 60

const random = new SeededRandom(seed())

test(`SQLite: ${kills} kills`, async () => {
  const server = await startCauseway({ name: 'kill-sqlite', ca: createTestCa(), configuration: { 'log.level': 'warn' } })
  try {
    await killAgainAndAgain(server)
  } finally {
    await server.dispose()
  }
})

test(`PostgreSQL: ${kills} kills`, async () => {
  const cluster = await startOwnPostgres({ fsync: true })
  try {
    const database = await cluster.createDatabase()
    const server = await startCauseway({ name: 'kill-postgres', ca: createTestCa(), database, configuration: { 'log.level': 'warn' } })
    try {
      await killAgainAndAgain(server)
    } finally {
      await server.dispose()
    }
  } finally {
    await cluster.stop()
  }
})

async function killAgainAndAgain(server: Homeserver): Promise<void> {
  const world = await World.begin([server], { clients: 5, rooms: 3, spareSessions: kills }, random.fork())
  try {
    for (let round = 1; round <= kills; round += 1) await playRound(world, server, round)
    world.checkAllAgain()
    await world.check()
    console.log(`${server.name}: ${kills} kills, ${world.operations} operations`)
  } finally {
    await world.end()
  }
}

async function playRound(world: World, server: Homeserver, round: number): Promise<void> {
  const stop = new AbortController()
  const killed = Promise.withResolvers<void>()
  const kill = (): void => {
    if (stop.signal.aborted) return
    stop.abort()
    server.kill().then(() => killed.resolve(), killed.reject)
  }
  // Odd rounds: at any moment. Even ones: shortly after an acknowledgement.
  const afterAck = round % 2 === 0 ? 1 + world.random.below(ACKS_MAX) : Infinity
  const delay = world.random.below(6)
  let acks = 0
  const onAck = (): void => {
    acks += 1
    if (acks !== afterAck) return
    if (delay === 0) kill()
    else setTimeout(kill, delay)
  }
  const latest = setTimeout(kill, round % 2 === 0 ? LOAD_MS_MAX * 2 : world.random.below(LOAD_MS_MAX))
  const refusals = await world.load(OPERATIONS_MAX, stop, onAck)
  clearTimeout(latest)
  kill()
  await killed.promise
  assert.deepEqual(refusals, [])

  try {
    await server.start()
    await world.check()
    assert.deepEqual(await world.repeat(), [])
  } catch (error) {
    throw new Error(`after kill ${round} of ${kills}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}
