// Goal: what sliding sync stores and asks is the same on both databases.
// Method: its statements on each database, with rows as a room's commit writes them.
import assert from 'node:assert/strict'
import { onEachOpenDatabase } from './databases.fixture.ts'
import { insertEvent } from './tables/events.ts'
import { insertKey, insertRoom } from './tables/rooms.ts'
import {
  deleteSlidingConnections,
  findSlidingConnection,
  forgetOldConnections,
  newestBumps,
  upsertSlidingConnection,
} from './tables/sliding.ts'
import type { Database } from './database.ts'

const types = ['m.a', 'm.b', 'm.c', 'm.d', 'm.e', 'm.f'] as const
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

async function offer(db: Database, deviceId: string, connId: string, at: number, acknowledged: string | null = null): Promise<void> {
  const row = ['@a:here', deviceId, connId, acknowledged, acknowledged === null ? null : '{}', `g${at}`, `{"at":${at}}`, at]
  await db.commit({ rows: [{ write: upsertSlidingConnection, rows: [row] }] })
}

onEachOpenDatabase('a connection is one row, and a device keeps its newest ones', async (db) => {
  for (let at = 0; at < 6; at += 1) await offer(db, 'D', `c${at}`, at)
  await offer(db, 'E', 'c0', 0)
  await offer(db, 'D', 'c1', 9, 'g1')
  assert.deepEqual(
    { ...(await findSlidingConnection(db, '@a:here', 'D', 'c1')) },
    {
      acknowledged: 'g1',
      acknowledged_state: '{}',
      offered: 'g9',
      offered_state: '{"at":9}',
    },
  )
  await db.commit({ steps: [{ query: forgetOldConnections('@a:here', 'D', 'c0', 2) }] })
  const left = async (deviceId: string): Promise<string[]> => {
    const found = await Promise.all([0, 1, 2, 3, 4, 5].map((n) => findSlidingConnection(db, '@a:here', deviceId, `c${n}`)))
    return found.flatMap((row) => (row === undefined ? [] : [row.offered]))
  }
  assert.deepEqual(await left('D'), ['g0', 'g9', 'g5'])
  await db.commit({ steps: [{ query: deleteSlidingConnections('@a:here', ['D', 'X']) }] })
  assert.deepEqual([await left('D'), await left('E')], [[], ['g0']])
})

onEachOpenDatabase('the newest event that moves a room up is found among the newest ones', async (db) => {
  // Keys 1 and 2 count, 3 does not. Each room has the keys of its events, by live position.
  const rooms: readonly (readonly [room: number, keys: readonly number[]])[] = [
    [1, [1, 2, 3, 3]],
    [2, [3, 3]],
    [3, [1, 3, 3, 3, 3]],
    [4, []],
  ]
  for (const [room, keys] of rooms) {
    await db.commit({
      rows: [
        { write: insertRoom, rows: [[room, `!${room}:here`, 0, '11', 0, bytes('')]] },
        { write: insertKey, rows: ['m.a', 'm.f', 'm.other'].map((type, index) => [room, index + 1, bytes(type), null]) },
        { write: insertEvent, rows: keys.map((key, index) => eventRow(room, index + 1, key)) },
      ],
    })
  }
  const found = await newestBumps(db, [1, 2, 3, 4, 5], types, 4)
  assert.deepEqual(
    found.map((row) => ({ ...row })),
    [{ room: 1, slot: 0, position: 102, ts: 1002 }],
  )
})

/** Position and time tell which event it is. */
function eventRow(room: number, pos: number, key: number): (string | number | Uint8Array | null)[] {
  const values: Readonly<Record<string, string | number | Uint8Array | null>> = {
    room,
    event: pos,
    event_id: `$${room}-${pos}`,
    pos,
    key,
    position: 100 + pos,
    ts: 1000 + pos,
    edges: bytes(''),
    counts: null,
    origin: null,
    redacted_by: null,
    thread: null,
  }
  return insertEvent.columns.map((column) => (column in values ? (values[column] ?? null) : 0))
}
