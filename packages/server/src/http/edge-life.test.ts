// Goal: what happens to requests that take long, whose client leaves, or that a stop finds running.
// Method: handlers that wait until the test lets them; a hand-moved clock for the deadline.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HandClock, testEdge } from './edge.fixture.ts'
import { endpoint } from './endpoint.ts'
import { handlerMsMax } from './limits.ts'
import { WaitingRoom } from './waiting-room.ts'

const base = { summary: 'For a test.', limit: 'none', method: 'GET', auth: 'none' } as const

/** An endpoint that reports its start, and when it is told to give up. */
function waiter() {
  const started = Promise.withResolvers<void>()
  const aborted = Promise.withResolvers<void>()
  const wait = endpoint({
    ...base,
    path: '/wait',
    handle: async ({ signal }) => {
      signal.addEventListener('abort', () => aborted.resolve())
      started.resolve()
      await aborted.promise
      return {}
    },
  })
  return { wait, started: started.promise, aborted: aborted.promise }
}

test('a client that goes away aborts its request', async (t) => {
  const { wait, started, aborted } = waiter()
  const { send, log } = await testEdge(t, [wait])
  const client = new AbortController()
  const answer = send('GET', '/wait', { signal: client.signal })
  await started
  client.abort()
  await assert.rejects(answer)
  await aborted
  while (log.length === 0) await new Promise(setImmediate)
  assert.equal(log.at(-1)?.level, 'info')
})

test('a request past its deadline is answered 504 and told to stop', async (t) => {
  const { wait, started, aborted } = waiter()
  const clock = new HandClock()
  const { send } = await testEdge(t, [wait], { clock })
  const answer = send('GET', '/wait')
  await started
  clock.advance(handlerMsMax / 2)
  clock.advance(handlerMsMax / 2 + 1000)
  assert.deepEqual([(await answer).status, (await answer).json['errcode']], [504, 'M_UNKNOWN'])
  await aborted
})

test('stop answers long-polls empty and waits for what runs', async (t) => {
  const started = Promise.withResolvers<void>()
  const poll = endpoint({
    ...base,
    path: '/poll',
    handle: async ({ waiting }) => {
      const released = Promise.withResolvers<void>()
      const leave = waiting.enter(released.resolve)
      started.resolve()
      await released.promise
      leave()
      return { empty: true }
    },
  })
  const { send, edge } = await testEdge(t, [poll])
  const answer = send('GET', '/poll')
  await started.promise
  await edge.stop()
  assert.deepEqual((await answer).json, { empty: true })
  assert.equal((await answer).headers.connection, 'close')
})

test('only a bounded number waits: the oldest is released first', () => {
  const room = new WaitingRoom(2)
  const released: string[] = []
  const leaveA = room.enter(() => released.push('a'))
  room.enter(() => released.push('b'))
  room.enter(() => released.push('c'))
  assert.deepEqual(released, ['a'])
  leaveA()
  assert.equal(room.size, 2)
  room.close()
  room.enter(() => released.push('d'))
  assert.deepEqual(released, ['a', 'b', 'c', 'd'])
  assert.equal(room.size, 0)
})
