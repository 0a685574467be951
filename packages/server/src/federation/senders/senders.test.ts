// Goal: every event reaches every server that is to get it, in each room's order, through outages and crashes, and nobody
// else; servers that are not there cost next to nothing.
// Method: the real senders over a real database file, made-up peers, a clock that the test moves.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyObject } from '@causeway/events'
import type { FederationResult } from '../client/federation-result.ts'
import { adoptMs, missedPdusMax, probesMax, queuedPdusMax, transactionsMax } from '../limits.ts'
import { SenderWorld, server } from './senders.fixture.ts'

const minute = 60_000
const hour = 60 * minute
const labels = (from: number, to: number, prefix = ''): string[] => Array.from({ length: to - from + 1 }, (_, i) => `${prefix}${from + i}`)

test('servers that are well get events at once, in order, in few transactions, and nothing is written for it', async (t) => {
  const world = await new SenderWorld(t).open()
  world.room(1, ['a.test', 'b.test'])
  for (const label of labels(1, 120)) await world.post(1, label)
  await world.calm()
  assert.deepEqual(world.peers.got('a.test'), labels(1, 120))
  assert.deepEqual(world.peers.got('b.test'), labels(1, 120))
  assert.ok(world.peers.transactions('a.test').every(({ pdus }) => pdus.length <= 50))
  assert.equal(new Set(world.peers.received.map(({ txnId }) => txnId)).size, world.peers.received.length)
  await world.pass(3_000)
  for (const table of ['missed_rooms', 'outbound_transactions', 'destinations'] as const) assert.equal(await world.count(table), 0, table)
  assert.deepEqual(world.senders.status(10), [])
  // All is accounted for: a restart sends nothing again.
  await world.restart()
  await world.pass(20_000)
  assert.equal(world.peers.got('a.test').length, 120)
})

test('one transaction at a time to each server, and one that was not answered is repeated as it was', async (t) => {
  const world = await new SenderWorld(t).open()
  world.room(1, ['a.test'])
  const bodies: string[] = []
  let fail = 3
  world.peers.answers.set('a.test', () => {
    assert.equal(world.peers.running, 1)
    return fail-- > 0 ? { ok: false, fault: 'refused', why: 'HTTP 500', status: 500 } : { ok: true, value: {} }
  })
  const call = world.peers.call.bind(world.peers)
  world.peers.call = (name, contract, options) => {
    const params: Readonly<Record<string, string>> = options.params ?? {}
    bodies.push(`${params['txnId']} ${String(options.body)}`)
    return call(name, contract, options)
  }
  await world.post(1, 'first')
  await world.calm()
  for (const label of labels(1, 10)) await world.post(1, label)
  await world.pass(20_000)
  assert.deepEqual(world.peers.got('a.test'), ['first', ...labels(1, 10)])
  assert.equal(new Set(bodies.slice(0, 4)).size, 1)
  await world.pass(2_000)
  for (const table of ['missed_rooms', 'outbound_transactions', 'destinations'] as const) assert.equal(await world.count(table), 0, table)
})

test('a server that was away gets what it missed, in order, also after a crash in between', async (t) => {
  const world = await new SenderWorld(t).open()
  world.room(1, ['a.test', 'b.test'])
  world.room(2, ['a.test'])
  await world.post(1, 'before')
  await world.calm()
  world.peers.dead('a.test')
  for (const n of labels(1, 30)) {
    await world.post(1, `x${n}`)
    await world.post(2, `y${n}`)
    if (n === '10') await world.pass(3 * minute, 10_000)
  }
  await world.pass(2_000)
  assert.equal(await world.count('missed_rooms'), 2)
  await world.restart()
  for (const n of labels(31, 40)) await world.post(1, `x${n}`)
  await world.pass(minute, 10_000)
  assert.deepEqual(world.peers.got('a.test'), ['before'])
  world.peers.answers.clear()
  await world.pass(3 * minute, 10_000)
  const got = world.peers.got('a.test')
  assert.deepEqual(
    got.filter((label) => label.startsWith('x')),
    labels(1, 40, 'x'),
  )
  assert.deepEqual(
    got.filter((label) => label.startsWith('y')),
    labels(1, 30, 'y'),
  )
  assert.deepEqual([...new Set(world.peers.got('b.test'))], ['before', ...labels(1, 40, 'x')])
  await world.pass(3_000)
  for (const table of ['missed_rooms', 'outbound_transactions', 'destinations'] as const) assert.equal(await world.count(table), 0, table)
})

test('a crash loses nothing, whatever was under way', async (t) => {
  const world = await new SenderWorld(t).open()
  world.room(1, ['a.test', 'slow.test'])
  const hanging = new Promise<FederationResult>(() => undefined)
  world.peers.answers.set('slow.test', () => hanging)
  for (const label of labels(1, 70)) await world.post(1, label)
  await world.calm()
  // Nothing was written yet: the log alone knows.
  await world.restart()
  world.peers.answers.clear()
  await world.pass(15_000)
  assert.deepEqual(world.peers.got('slow.test'), labels(1, 70))
  assert.deepEqual([...new Set(world.peers.got('a.test'))], labels(1, 70))

  // A server that is slow does not hold up what is written: its transaction is kept, the rest is noted.
  world.peers.answers.set('slow.test', () => hanging)
  for (const label of labels(71, 140)) await world.post(1, label)
  await world.pass(8_000)
  assert.equal(await world.count('outbound_transactions'), 1)
  assert.equal(await world.count('missed_rooms'), 1)
  const before = world.peers.got('a.test').length
  await world.restart()
  world.peers.answers.clear()
  await world.pass(15_000)
  assert.deepEqual([...new Set(world.peers.got('slow.test'))], labels(1, 140))
  assert.equal(world.peers.got('a.test').length, before)
})

test('an orderly stop leaves nothing to be sent twice', async (t) => {
  const world = await new SenderWorld(t).open()
  world.room(1, ['a.test', 'slow.test'])
  let release = (): void => undefined
  const gate = new Promise<FederationResult>((resolve) => (release = () => resolve({ ok: true, value: {} })))
  world.peers.answers.set('slow.test', () => gate)
  for (const label of labels(1, 60)) await world.post(1, label)
  await world.calm()
  const stopping = world.senders.stop(1_000)
  await new Promise((resolve) => setImmediate(resolve))
  world.clock.advance(1_000)
  await stopping
  release()
  await world.restart()
  world.peers.answers.clear()
  await world.pass(15_000)
  assert.deepEqual(world.peers.got('a.test'), labels(1, 60))
  assert.deepEqual(world.peers.got('slow.test'), labels(1, 60))
})

test('a server that is no longer in a room does not get what came after, though it was away when it left', async (t) => {
  const world = await new SenderWorld(t).open()
  world.room(1, ['a.test', 'b.test'])
  world.peers.dead('a.test')
  await world.post(1, 'one')
  await world.calm()
  await world.post(1, 'two')
  await world.post(1, 'kick')
  world.room(1, ['b.test'])
  await world.post(1, 'secret')
  await world.pass(2_000)
  await world.restart()
  await world.post(1, 'secret too')
  world.room(1, ['a.test', 'b.test'])
  await world.post(1, 'back')
  world.peers.answers.clear()
  await world.pass(2 * minute, 10_000)
  assert.deepEqual([...new Set(world.peers.got('a.test'))], ['one', 'two', 'kick', 'back'])
})

test('of a room in which very much was missed only the newest event is sent', async (t) => {
  const world = await new SenderWorld(t).open()
  world.room(1, ['a.test'])
  world.room(2, ['a.test'])
  world.peers.dead('a.test')
  await world.post(1, 'first')
  await world.calm()
  await Promise.all(labels(1, missedPdusMax + 1).map((label) => world.post(1, label)))
  await Promise.all(labels(1, 120, 'few').map((label) => world.post(2, label)))
  world.peers.answers.clear()
  await world.pass(minute, 5_000)
  assert.deepEqual(world.peers.got('a.test'), ['first', String(missedPdusMax + 1), ...labels(1, 120, 'few')])
  await world.post(1, 'live again')
  await world.calm()
  assert.equal(world.peers.got('a.test').at(-1), 'live again')
})

test('more than fits into memory is read from the log', async (t) => {
  const world = await new SenderWorld(t).open()
  world.room(1, ['a.test'])
  let release = (): void => undefined
  const gate = new Promise<FederationResult>((resolve) => (release = () => resolve({ ok: true, value: {} })))
  world.peers.answers.set('a.test', () => gate)
  const all = labels(1, queuedPdusMax + 100)
  await Promise.all(all.map((label) => world.post(1, label)))
  await world.calm()
  assert.equal(world.senders.status(1)[0]?.missedRooms, 1)
  world.peers.answers.clear()
  release()
  await world.calm()
  assert.deepEqual(world.peers.got('a.test'), all)
})

test('attempts: soon at first, below a minute for ten minutes, then up to an hour; at once when the server shows itself', async (t) => {
  const world = await new SenderWorld(t).open()
  world.room(1, ['a.test'])
  world.peers.dead('a.test')
  const at: number[] = []
  const began = world.clock.ms
  world.peers.answers.set('a.test', () => {
    at.push(world.clock.ms - began)
    return { ok: false, fault: 'connect', why: 'refused' }
  })
  await world.post(1, 'x')
  await world.pass(10 * minute, 2_000)
  const gaps = at.slice(1).map((time, index) => time - (at[index] ?? 0))
  assert.ok((gaps[0] ?? 0) <= 2_000 && gaps.every((gap) => gap < minute), String(gaps))
  await world.pass(4 * hour, minute)
  const later = at.slice(1).map((time, index) => time - (at[index] ?? 0))
  assert.ok(Math.max(...later) <= hour && (later.at(-1) ?? 0) >= 0.7 * hour, String(later))
  const before = at.length
  world.peers.answers.clear()
  world.destinations.heardFrom(server('a.test'))
  await world.calm()
  assert.equal(at.length, before)
  assert.deepEqual(world.peers.got('a.test'), ['x'])
})

test('a server that asks for a pause gets it', async (t) => {
  const world = await new SenderWorld(t).open()
  world.room(1, ['a.test'])
  const body = Object.assign(emptyObject(), { retry_after_ms: 5 * minute })
  world.peers.answers.set('a.test', () => ({ ok: false, fault: 'refused', why: 'HTTP 429', status: 429, body }))
  await world.post(1, 'x')
  await world.calm()
  await world.pass(5 * minute - 1_000, 5_000)
  assert.equal(world.peers.attempts, 1)
  await world.pass(2_000)
  assert.equal(world.peers.attempts, 2)
})

test('a transaction that is refused as malformed again and again does not hold up the rest for ever', async (t) => {
  const world = await new SenderWorld(t).open()
  world.room(1, ['a.test'])
  let refusals = 0
  world.peers.answers.set('a.test', () =>
    refusals++ < 3 ? { ok: false, fault: 'refused', why: 'HTTP 400', status: 400 } : { ok: true, value: {} },
  )
  await world.post(1, 'poison')
  await world.calm()
  await world.post(1, 'next')
  await world.pass(minute, 1_000)
  assert.deepEqual(world.peers.got('a.test'), ['next'])
  await world.pass(2_000)
  assert.equal(await world.count('outbound_transactions'), 0)
})

test('a thousand dead servers hold up nobody and are tried a few at a time', async (t) => {
  const world = await new SenderWorld(t).open()
  const dead = Array.from({ length: 1_000 }, (_, i) => `dead${i}.test`)
  world.room(1, [...dead, 'well.test'])
  for (const name of dead) world.peers.dead(name)
  await world.post(1, 'first')
  await world.calm()
  assert.ok(world.peers.runningMost <= transactionsMax)
  await world.pass(30_000)
  world.peers.runningMost = 0
  const hanging = new Promise<FederationResult>(() => undefined)
  for (const name of dead) world.peers.answers.set(name, () => hanging)
  await world.pass(minute)
  assert.ok(world.peers.runningMost <= probesMax)
  for (const label of labels(1, 5)) await world.post(1, label)
  await world.calm()
  assert.deepEqual(world.peers.got('well.test'), ['first', ...labels(1, 5)])
  await world.pass(2_000)
  const rows = await world.count('missed_rooms')
  for (const label of labels(6, 30)) await world.post(1, label)
  await world.pass(2_000)
  assert.equal(await world.count('missed_rooms'), rows)
})

test('what a process that is gone left behind is taken over by another', async (t) => {
  const world = await new SenderWorld(t).open()
  world.room(1, ['a.test', 'b.test'])
  world.peers.dead('a.test')
  await world.post(1, 'one')
  await world.calm()
  await world.post(1, 'two')
  await world.store([{ servers: [server('a.test')], edu: { type: 'm.direct_to_device', content: emptyObject() } }])
  await world.pass(2_000)
  await world.post(1, 'three')
  await world.calm()
  // All of it was written by slot 7, whose lease ended long ago.
  world.moveAllToSlot(7)
  await world.restart()
  world.peers.answers.clear()
  await world.pass(adoptMs - 1_000)
  assert.deepEqual(world.peers.got('a.test'), [])
  await world.pass(3 * 60_000, 10_000)
  assert.deepEqual(world.peers.got('a.test'), ['one', 'two', 'three'])
  assert.deepEqual([...new Set(world.peers.got('b.test'))], ['one', 'two', 'three'])
  assert.equal(world.peers.transactions('a.test').flatMap(({ edus }) => edus).length, 1)
  await world.pass(3_000)
  for (const table of ['missed_rooms', 'outbound_transactions', 'outbound_edus', 'destinations'] as const) {
    assert.equal(await world.count(table), 0, table)
  }
})
