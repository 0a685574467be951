// Goal: storage says that a server fails for as long as it does, and no longer.
// Method: the real senders over a real database file, made-up peers, a clock that the test moves.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FederationResult } from '../client/federation-result.ts'
import { SenderWorld, server } from './senders.fixture.ts'

test('what storage says of a failing server goes once it is well, though another request failed in between', async (t) => {
  const world = await new SenderWorld(t).open()
  world.room(1, ['a.test'])
  world.peers.dead('a.test')
  await world.post(1, 'first')
  await world.pass(500)
  // The repetition arrives, the next transaction hangs, and something else fails before this is written down.
  let release = (): void => undefined
  const hanging = new Promise<FederationResult>((resolve) => (release = () => resolve({ ok: true, value: {} })))
  const { attempts } = world.peers
  world.peers.answers.set('a.test', () => (world.peers.attempts === attempts + 1 ? { ok: true, value: {} } : hanging))
  await world.post(1, 'second')
  while (world.peers.attempts < attempts + 2) await world.pass(100)
  world.destinations.failed(server('a.test'), 'unreachable')
  await world.pass(10_000)
  release()
  await world.pass(10_000)
  assert.deepEqual(world.peers.got('a.test'), ['first', 'second'])
  assert.equal(await world.count('destinations'), 0)
})
