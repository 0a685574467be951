import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { startPostgres } from '../../../../testkit/src/processes/postgres.ts'
import { realClock } from '../../platform/clock.ts'
import { silentLogger } from '../../platform/logger.ts'
import { CommitUnknown, type CommitOutcome, type CommitUnit, type Database } from '../database.ts'
import { openProcess, soon } from '../databases.fixture.ts'
import { upsert } from '../table-write.ts'
import { Connection } from './connection.ts'
import type { Fence } from './group-transaction.ts'
import type { ClusterParts } from './open-postgresql.ts'
import { SlotLane } from './slot-lane.ts'

export type ProcessSide = Database & ClusterParts

export const putAccountData = upsert({
  name: 'account_data.put',
  table: 'account_data',
  key: ['user_id', 'room_id', 'type'],
  columns: { user_id: 'text', room_id: 'text', type: 'text', content: 'text', slot: 'int', position: 'int' },
})

/** Wait until `holds`, looking often; fails after `ms`. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, ms = 120_000): Promise<void> {
  const end = realClock.monotonic() + ms
  while (!(await holds())) {
    assert(realClock.monotonic() < end, `waited ${ms} ms until ${what}`)
    await realClock.sleep(20)
  }
}

/** Several processes' sides of one new database, and a session for looking and for mischief. All gone at the end of the test. */
export async function newCluster(t: TestContext): Promise<{
  readonly url: string
  readonly sql: Connection
  process(name: string, home?: string): Promise<ProcessSide>
}> {
  const url = await (await startPostgres()).createDatabase()
  const sql = await Connection.open({
    url,
    name: 'mischief',
    settings: { statement_timeout: '0', idle_in_transaction_session_timeout: '0' },
  })
  const open: ProcessSide[] = []
  t.after(async () => {
    await Promise.all(open.map((side) => side.close()))
    await sql.close()
  })
  return {
    url,
    sql,
    process: async (name, home) => {
      const side = await openProcess(url, name, home)
      open.push(side)
      return side
    },
  }
}

/** How many shards a process owns. */
export function owned(side: ProcessSide): number {
  return shardsOf(side).length
}

export function shardsOf(side: ProcessSide): number[] {
  return Array.from({ length: 1_024 }, (_, shard) => shard).filter((shard) => side.ownership.owns(shard))
}

/** Write account data of `user` in the stream of a process; `shard`: as if it belonged to a room. */
export function put(db: Database, user: string, content: string, shard?: number): Promise<CommitOutcome> {
  return db.commit(putUnit(db.slot, db.nextPosition(), user, content, shard))
}

/** The same after connections were cut: the database ends a session some time after it was told to, so this write may be the one that notices. */
export function putAfterCut(db: Database, user: string, content: string): Promise<CommitOutcome> {
  return put(db, user, content).catch((error: unknown) => {
    assert(error instanceof CommitUnknown, String(error))
    return put(db, user, content)
  })
}

export function putUnit(slot: number, position: number, user: string, content: string, shard?: number): CommitUnit {
  const rows = [{ write: putAccountData, rows: [[user, '', 't', content, slot, position]] }]
  return { rows, ...(shard === undefined ? {} : { shards: [shard] }), announcements: [{ kind: `put ${user} ${content}` }] }
}

/** What account data holds. */
export async function contents(sql: Connection): Promise<string[]> {
  const { rows } = await sql.send('SELECT user_id, content FROM account_data ORDER BY user_id')
  return rows.map((row) => `${row['user_id']} ${row['content']}`)
}

/** A commit lane alone, without leases: what a process is that no longer notices anything. */
export async function bareLane(
  url: string,
  fence: Fence,
  position: number,
): Promise<{ readonly lane: SlotLane; readonly fenced: () => number }> {
  let fenced = 0
  const lane = new SlotLane(fence, position, {
    connect: () => Connection.open({ url, name: 'bare lane' }),
    clock: realClock,
    log: silentLogger,
    soon,
    hasPeers: () => true,
    onFenced: () => {
      fenced += 1
    },
    onFound: async (_after, _upTo, show) => show(),
  })
  await lane.open()
  return { lane, fenced: () => fenced }
}
