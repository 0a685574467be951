// Goal: whoever asks for a user's rooms while they are being read gets all of them.
// Method: a real database whose reads take a turn of the event loop, as those of another process do; several readers at once,
// and a join beside a reader.
import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { test } from 'node:test'
import type { Database } from '../storage/database.ts'
import { alice, bob, World } from './sync.fixture.ts'
import { AllUserRooms } from './user-rooms.ts'

function slow(db: Database): Database {
  return {
    dialect: db.dialect,
    slot: db.slot,
    all: async (query) => {
      const rows = await db.all(query)
      await turn()
      return rows
    },
    first: (query) => db.first(query),
    nextPosition: () => db.nextPosition(),
    commit: (unit) => db.commit(unit),
    positions: () => db.positions(),
    onCommitted: (listener) => db.onCommitted(listener),
    close: () => db.close(),
  }
}

test('readers at once all get all rooms', async (t) => {
  const world = await World.open(t)
  const room = await world.room(alice)
  const userRooms = new AllUserRooms(slow(world.ports.db))
  const sizes = [1, 2, 3].map(async () => [...(await userRooms.of(alice)).rooms.keys()])
  assert.deepEqual(await Promise.all(sizes), [[room], [room], [room]])
})

test('a join while the rooms are read is not forgotten', async (t) => {
  const world = await World.open(t)
  const room = await world.room(alice)
  const userRooms = new AllUserRooms(slow(world.ports.db))
  world.ports.db.onCommitted((announcements) => userRooms.note(announcements))
  const [first, second] = [userRooms.of(bob), world.member(room, bob, 'join')]
  await Promise.all([first, second])
  assert.equal((await userRooms.of(bob)).rooms.get(room)?.membership, 'join')
})
