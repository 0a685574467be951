// Goal: a database belongs to one server name for ever, and its secrets are made once.
// Method: claim a new database twice on each database, then under another name.
import assert from 'node:assert/strict'
import { parseServerName, type ServerName } from '@causeway/events'
import { realRandom } from '../platform/random.ts'
import { DatabaseUnusable } from './database-unusable.ts'
import { onEachOpenDatabase } from './databases.fixture.ts'
import { claimFacts } from './facts.ts'

const random = realRandom()

function name(text: string): ServerName {
  const parsed = parseServerName(text)
  assert(parsed !== undefined)
  return parsed
}

onEachOpenDatabase('facts are claimed once, whoever comes first', async (db) => {
  const own = { serverName: name('here.example'), random }
  const [one, two] = await Promise.all([claimFacts(db, own), claimFacts(db, own)])
  assert.deepEqual(one, two)
  assert.equal(one.storeEpoch, 1)
  assert.match(one.clusterSecret, /^[A-Za-z0-9]{43}$/)
  await assert.rejects(
    claimFacts(db, { serverName: name('there.example'), random }),
    (error) => error instanceof DatabaseUnusable && /belongs to the server here\.example/.test(error.message),
  )
})
