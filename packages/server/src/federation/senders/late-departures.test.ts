// Goal: what was said while nobody else was in a room goes to a server that comes in beside it, and to no other.
// Method: the real senders over a real database file, made-up peers, a clock that the test moves.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SenderWorld } from './senders.fixture.ts'

const minute = 60_000

test('what was said to nobody goes to who comes in beside it, and not to who was away and left before', async (t) => {
  const labels = ['one', 'two']
  const world = await new SenderWorld(t).open()
  for (const name of ['back.test', 'gone.test']) world.peers.dead(name)
  world.room(1, ['back.test', 'gone.test'])
  // The first is a transaction that is repeated, the second is read from the log when there is somebody to get it.
  for (const label of labels) {
    await world.post(1, label)
    await world.pass(minute, 10_000)
  }
  world.room(1, [])
  const alone = await world.post(1, 'alone')
  await world.pass(2_000)
  world.room(1, ['back.test'])
  await world.sendLate(1, alone, ['back.test'])
  await world.pass(2_000)
  world.peers.answers.clear()
  await world.pass(3 * minute, 10_000)
  assert.deepEqual(world.peers.got('back.test'), [...labels, 'alone'])
  assert.deepEqual(world.peers.got('gone.test'), labels)
})
