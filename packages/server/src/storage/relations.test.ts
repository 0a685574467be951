// Goal: the statements about relations, threads and shared rooms give the same on both databases.
// Method: a few rows, read back in every way; on a real SQLite file and a real PostgreSQL.
import assert from 'node:assert/strict'
import type { SqlValue } from './sql.ts'
import { onEachOpenDatabase } from './databases.fixture.ts'
import { upsertMembership } from './tables/memberships.ts'
import { insertPushAction, removeReadThreadActions, sumPushActions, threadActions } from './tables/push-actions.ts'
import { newestPushClasses, pushClassesOf, upsertPushClass } from './tables/push-classes.ts'
import { localSharers, serversOfUsers, whoAreJoined, whoShareRooms } from './tables/presence.ts'
import {
  annotationsOf,
  childrenAfter,
  childrenBefore,
  hasRelations,
  insertRelation,
  latestEdits,
  newestChildren,
  oldestChildren,
  relatedBy,
  relationCounts,
  removeRelation,
  threadsBefore,
} from './tables/relations.ts'
import { upsertRoomServer } from './tables/rooms.ts'

const room = 7
const end = { depth: 1_000, pos: 0 }
const hash = 2 ** 47

/** child, parent, relType, depth, pos, sender, ts, annotation. */
function relation(
  child: number,
  parent: string,
  relType: string,
  sender: number,
  ts = child,
  annotation: number | null = null,
): SqlValue[] {
  return [room, child, parent, relType, child, child, sender, ts, annotation]
}

onEachOpenDatabase('relations are counted, paged and removed', async (db) => {
  assert.equal(await hasRelations(db, room), false)
  const rows = [
    relation(1, '$a', 'm.thread', 1),
    relation(2, '$a', 'm.thread', 2),
    relation(3, '$b', 'm.thread', 1),
    relation(4, '$a', 'm.thread', 1),
    relation(5, '$a', 'm.replace', 1, 99),
    relation(6, '$a', 'm.replace', 1, 50),
    relation(7, '$a', 'm.annotation', 2, 7, hash),
  ]
  await db.commit({ rows: [{ write: insertRelation, rows }] })
  // The same row again changes nothing.
  await db.commit({ rows: [{ write: insertRelation, rows: rows.slice(0, 1) }] })
  assert.equal(await hasRelations(db, room), true)
  assert.equal(await hasRelations(db, room + 1), false)
  const counts = await relationCounts(db, room, ['$a', '$b', '$c'])
  assert.deepEqual(counts.map(({ parent, rel_type: type, sender, count }) => `${parent} ${type} ${sender} ${count}`).sort(), [
    '$a m.replace 1 2',
    '$a m.thread 1 2',
    '$a m.thread 2 1',
    '$b m.thread 1 1',
  ])
  const children = (found: readonly { readonly child: number }[]): number[] => found.map(({ child }) => child)
  assert.deepEqual(children(await newestChildren(db, room, '$a', 'm.thread', 2)), [4, 2])
  assert.deepEqual(children(await oldestChildren(db, room, '$a', 'm.thread', 1)), [1])
  assert.deepEqual(children(await latestEdits(db, room, '$a', 1, 5)), [5, 6])
  assert.deepEqual(children(await annotationsOf(db, room, '$a', 2, hash)), [7])
  assert.deepEqual(children(await annotationsOf(db, room, '$a', 1, hash)), [])
  assert.deepEqual(children(await childrenBefore(db, room, '$a', '', end, 3)), [7, 6, 5])
  assert.deepEqual(children(await childrenBefore(db, room, '$a', 'm.thread', { depth: 4, pos: 4 }, 3)), [2, 1])
  assert.deepEqual(children(await childrenAfter(db, room, '$a', 'm.thread', { depth: 1, pos: 1 }, 3)), [2, 4])
  assert.equal((await relatedBy(db, room, ['$a', '$b'], 10)).length, 5)
  const threads = async (): Promise<string[]> =>
    (await threadsBefore(db, room, end, 10)).filter(({ newest }) => newest === 1).map(({ parent, child }) => `${parent} ${child}`)
  assert.deepEqual(await threads(), ['$a 4', '$b 3'])
  await db.commit({ rows: [{ write: removeRelation, rows: [[room, 4]] }] })
  assert.deepEqual(await threads(), ['$b 3', '$a 2'])
})

onEachOpenDatabase('notifications of threads are apart from those of the main timeline', async (db) => {
  const action = (pos: number, thread: string): SqlValue[] => [room, '@a:h', pos, thread, 1, -1]
  await db.commit({ rows: [{ write: insertPushAction, rows: [action(1, ''), action(2, '$t'), action(3, '$u'), action(4, '$t')] }] })
  assert.deepEqual(await sumPushActions(db, room, '@a:h', 0, 9), { notifications: 1, highlights: -1 })
  const inThreads = async (): Promise<number[]> => (await threadActions(db, room, '@a:h', 1, 9, 10)).map(({ pos }) => pos)
  assert.deepEqual(await inThreads(), [4, 3, 2])
  await db.commit({ steps: [{ query: removeReadThreadActions(room, '@a:h', '$t', 3) }] })
  assert.deepEqual(await inThreads(), [4, 3])
})

onEachOpenDatabase('the newest class of push rules of each user, and how it changed', async (db) => {
  const rows = [
    [room, '@a:h', 1, 4, 70],
    [room, '@a:h', 0, 9, 2 ** 48 + 1],
    [room, '@b:h', 0, 5, 1],
    [room + 1, '@a:h', 0, 30, 80],
  ]
  await db.commit({ rows: [{ write: upsertPushClass, rows }] })
  assert.deepEqual(
    (await pushClassesOf(db, room, '@a:h')).map(({ pos, class_id: classId }) => [pos, classId]),
    [
      [4, 70],
      [9, 2 ** 48 + 1],
    ],
  )
  const newest = (await newestPushClasses(db, room)).map((row) => `${row.user_id} ${row.place} ${row.class_id}`).sort()
  assert.deepEqual(newest, [`@a:h 0 ${2 ** 48 + 1}`, '@b:h 0 1'])
})

onEachOpenDatabase('who shares a room is joined to it', async (db) => {
  const member = (number: number, userId: string, membership: string): SqlValue[] => {
    return [number, userId, membership, 1, 1, 0, 0, userId.endsWith(':h') ? 1 : 0, 0, userId, null]
  }
  const members = [
    member(1, '@a:h', 'join'),
    member(1, '@b:h', 'join'),
    member(1, '@c:h', 'leave'),
    member(1, '@d:x', 'join'),
    member(2, '@c:h', 'join'),
    member(2, '@e:x', 'leave'),
    member(3, '@f:x', 'join'),
  ]
  const servers = [
    [1, 'h', 2, null],
    [1, 'x', 1, null],
    [2, 'h', 1, null],
    [2, 'x', 0, 5],
    [3, 'h', 0, 5],
    [3, 'x', 1, null],
  ] as const
  await db.commit({
    rows: [
      { write: upsertMembership, rows: members },
      { write: upsertRoomServer, rows: servers },
    ],
  })
  assert.deepEqual([...(await whoShareRooms(db, '@a:h', ['@b:h', '@c:h', '@d:x', '@e:x']))].sort(), ['@b:h', '@d:x'])
  assert.deepEqual([...(await whoShareRooms(db, '@c:h', ['@a:h', '@e:x']))], [])
  assert.deepEqual((await localSharers(db, ['@d:x', '@e:x'], 10)).sort(), ['@a:h', '@b:h'])
  assert.deepEqual([...(await whoAreJoined(db, ['@d:x', '@e:x', '@f:x'], 'h'))], ['@d:x'])
  const told = (await serversOfUsers(db, ['@a:h', '@c:h'], 10)).map(({ user_id: id, server }) => `${id} ${server}`).sort()
  assert.deepEqual(told, ['@a:h h', '@a:h x', '@c:h h'])
  // None is left out where many are asked for at once.
  assert.equal((await serversOfUsers(db, ['@a:h', '@b:h', '@c:h'], 3)).length, 5)
})
