// Goal: a server on PostgreSQL that was killed writes as soon as it is started again, whatever is left of the lease of the one before.
// Method: kill -9; the dead process' lease is made an hour longer by hand; a message into a room of it is sent once, and must get through.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startOwnPostgres } from '../../packages/testkit/src/processes/postgres.ts'
import { startCauseway } from '../../packages/testkit/src/processes/start-causeway.ts'
import { createTestCa } from '../../packages/testkit/src/tls/test-ca.ts'
import { Connection } from '../../packages/server/src/storage/postgresql/connection.ts'

const hourMs = 3_600_000

test('the only process is killed and started again: its rooms are writable when it answers', async (t) => {
  const postgres = await startOwnPostgres({ fsync: true })
  const database = await postgres.createDatabase()
  const server = await startCauseway({ name: 'restart', ca: createTestCa(), database })
  t.after(async () => {
    await server.dispose()
    await postgres.stop()
  })
  const alice = await server.registerUser('alice')
  const roomId = await alice.createRoom({})
  for (let round = 1; round <= 2; round += 1) {
    await server.kill()
    const sql = await Connection.open({ url: database, name: 'mischief' })
    const { count } = await sql.send('UPDATE slots SET expires_at = expires_at + $1 WHERE expires_at > 0', [hourMs])
    await sql.close()
    assert.equal(count, 1)
    await server.start()
    await alice.sendText(roomId, `round ${round}`)
  }
})
