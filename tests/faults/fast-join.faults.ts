// Goal: a user enters a room of 30,000 state events as soon as the answer to the join is there; the rest comes in the background,
// holds up nobody, and survives kill -9 in its middle.
// Method: a resident that keeps a log and withholds the state until the user has spoken. What came when is read from that log; times
// and memory are printed, not judged. FAULTS_STATE: state events of the room.

import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { after, before, test } from 'node:test'
import { arrayAt } from '../../packages/testkit/src/client/json.ts'
import { startOwnPostgres, type Postgres } from '../../packages/testkit/src/processes/postgres.ts'
import { startCauseway } from '../../packages/testkit/src/processes/start-causeway.ts'
import { Resident } from '../../packages/testkit/src/resident/resident.ts'
import { createTestCa } from '../../packages/testkit/src/tls/test-ca.ts'
import { complete, figuresText, joinAndSpeak } from './fast-join.ts'

const state = Number(process.env['FAULTS_STATE'] ?? 30_000)
const joined = Math.floor(state * 0.4)
const size = { joined, other: 100, banned: state - joined - 105 }

/** Milliseconds after the state was given at which the server is killed: somewhere in the work on it. */
const KILL_AFTER_MS = 1_500

const ca = createTestCa()
let cluster: Postgres
let resident: Resident

// To make and sign such a room takes as long as to check it: one does for all.
before(async () => {
  cluster = await startOwnPostgres({ fsync: true })
  resident = await Resident.start(ca, size)
})

after(async () => {
  await resident.close()
  await cluster.stop()
})

const databases = {
  SQLite: async () => ({}),
  PostgreSQL: async () => ({ database: await cluster.createDatabase() }),
}

for (const [title, prepare] of Object.entries(databases)) {
  test(`${title}: a room of ${state} state events`, async (t) => {
    const server = await startCauseway({ name: 'fast-join', ca, ...(await prepare()) })
    t.after(() => server.dispose())
    const users = [await server.registerUser('alice'), await server.registerUser('bob')] as const
    const figures = await joinAndSpeak(server, resident, users[0])
    await complete(server, resident, users, figures)
    console.log(`${title}: ${figuresText(figures)}`)
  })

  test(`${title}: killed while the state of such a room comes in`, async (t) => {
    const server = await startCauseway({ name: 'fast-join-kill', ca, ...(await prepare()) })
    t.after(() => server.dispose())
    const users = [await server.registerUser('alice'), await server.registerUser('bob')] as const
    const figures = await joinAndSpeak(server, resident, users[0])
    resident.release()
    await resident.heard('state')
    await pause(KILL_AFTER_MS)
    await server.kill()
    resident.log.length = 0
    await server.start()
    const rooms = arrayAt(await users[0].call('GET', 'v3/joined_rooms'), 'joined_rooms')
    assert.deepEqual(rooms, [resident.room.roomId], 'who was told that they are in stays in')
    await complete(server, resident, users, figures)
    console.log(`${title}, killed in between: complete ${(figures.complete / 1000).toFixed(2)} s after the start`)
  })
}
