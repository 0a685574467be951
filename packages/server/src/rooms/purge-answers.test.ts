// Goal: answers to transactions are forgotten after a day, not before, and also those of sessions that are gone.
// Method: a real database in memory and a clock that is moved by hand.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '../platform/clock.ts'
import { silentLogger } from '../platform/logger.ts'
import { sql } from '../storage/sql.ts'
import { openMemory, openSqliteInline } from '../storage/sqlite/open-sqlite.ts'
import { insertClientTransaction } from '../storage/tables/client-transactions.ts'
import { insertInboundTransaction } from '../storage/tables/inbox.ts'
import { PurgeAnswers } from './purge-answers.ts'

const hour = 60 * 60_000

test('answers are kept for a day and then forgotten', async () => {
  const db = openSqliteInline(openMemory(), (run) => void setImmediate(run))
  let now = 100 * hour
  const due: (() => void)[] = []
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    schedule: (_ms, work) => {
      due.push(work)
      return () => undefined
    },
    sleep: async () => undefined,
  }
  const step = async (): Promise<void> => {
    due.shift()?.()
    while (due.length === 0) await new Promise<void>((resolve) => setImmediate(resolve))
  }
  const rows = [1, 2, 500].map((session) => [session, 7, 'send', '$answer', (session === 2 ? 90 : 70) * hour])
  await db.commit({
    rows: [
      { write: insertClientTransaction, rows },
      {
        write: insertInboundTransaction,
        rows: [
          ['peer', 'old', '{}', 70 * hour],
          ['peer', 'new', '{}', 90 * hour],
        ],
      },
    ],
  })
  const purge = new PurgeAnswers({ db, clock, log: silentLogger })
  purge.start()
  await step()
  await step()
  const left = await db.all(sql<{ session: number }>('test.sessions')`SELECT session FROM client_transactions ORDER BY session`)
  const peers = await db.all(sql<{ txn_id: string }>('test.peers')`SELECT txn_id FROM inbound_transactions`)
  assert.deepEqual([left.map(({ session }) => session), peers.map(({ txn_id: id }) => id)], [[2], ['new']])
  now += 24 * hour
  await step()
  assert.deepEqual(await db.all(sql<{ session: number }>('test.rest')`SELECT session FROM client_transactions`), [])
  purge.stop()
})
