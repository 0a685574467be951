// Goal: a user enters another server's room, speaks and reads, before the room's state is given; others are served meanwhile, and
// then everybody sees all of its members.
// Method: a resident that keeps a log and withholds the state until the user has spoken; what came when is read from that log. On
// both databases. The same with a large room, and with kill -9: tests/faults/fast-join.faults.ts.

import { test } from 'node:test'
import { startPostgres } from '../../packages/testkit/src/processes/postgres.ts'
import { startCauseway } from '../../packages/testkit/src/processes/start-causeway.ts'
import { Resident } from '../../packages/testkit/src/resident/resident.ts'
import { createTestCa } from '../../packages/testkit/src/tls/test-ca.ts'
import { complete, joinAndSpeak } from '../faults/fast-join.ts'

const databases = {
  SQLite: async () => ({}),
  PostgreSQL: async () => ({ database: await (await startPostgres()).createDatabase() }),
}

for (const [title, prepare] of Object.entries(databases)) {
  test(`a room is entered before its state is here, on ${title}`, async (t) => {
    const ca = createTestCa()
    const resident = await Resident.start(ca, { joined: 60, banned: 60, other: 20 })
    t.after(() => resident.close())
    const server = await startCauseway({ name: 'fast-join', ca, ...(await prepare()) })
    t.after(() => server.dispose())
    const users = [await server.registerUser('alice'), await server.registerUser('bob')] as const
    await complete(server, resident, users, await joinAndSpeak(server, resident, users[0]))
  })
}
