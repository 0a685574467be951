// Goal: SIGTERM while people write and wait ends the server in order, whoever waits, and nothing that it acknowledged is lost.
// Method: the load of the fault tests and waiting /sync requests, SIGTERM in the middle, a new start, everything compared with
// the ledger. On both databases.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../packages/testkit/src/checker/seeded-random.ts'
import { startPostgres } from '../../packages/testkit/src/processes/postgres.ts'
import { startCauseway } from '../../packages/testkit/src/processes/start-causeway.ts'
import { createTestCa } from '../../packages/testkit/src/tls/test-ca.ts'
import { World } from '../faults/world.ts'

/** Milliseconds that polls ask to wait: longer than the kit gives a server to end in order, so that it cannot have waited for them. */
const POLL_MS = 90_000

const databases = {
  SQLite: async () => ({}),
  PostgreSQL: async () => ({ database: await (await startPostgres()).createDatabase() }),
}

for (const [title, prepare] of Object.entries(databases)) {
  test(`a restart under load on ${title}`, async (t) => {
    const server = await startCauseway({ name: 'restart', ca: createTestCa(), ...(await prepare()) })
    try {
      const world = await World.begin([server], { clients: 3, rooms: 2, spareSessions: 1 }, new SeededRandom(1))
      t.after(() => world.end())
      // Nothing wakes an account without rooms.
      const idle = await Promise.all(['idle-1', 'idle-2'].map((name) => server.registerUser(name)))
      for (const client of idle) await client.sync()
      const polls = idle.map((client) => client.sync(POLL_MS).then(() => 'answered', String))

      const stop = new AbortController()
      let acks = 0
      let stopped: ReturnType<typeof server.stop> | undefined
      const refusals = await world.load(200, stop, () => {
        acks += 1
        if (acks === 60) stopped = server.stop()
      })
      assert.deepEqual(refusals, [])
      assert.deepEqual(await stopped, { code: 0, signal: null })
      assert.deepEqual(await Promise.all(polls), ['answered', 'answered'], 'who waits gets an answer')

      await server.start()
      await world.check()
      assert.deepEqual(await world.repeat(), [])
      await world.check()
    } finally {
      await server.dispose()
    }
  })
}
