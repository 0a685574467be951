// Goal: a connection is told of the rooms that it looks at, once, from where it has them, and may repeat any request.
// Method: rooms and /sync on a real SQLite file; requests as a client sends them, answers as it reads them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '../../storage/sql.ts'
import { realRandom } from '../../platform/random.ts'
import { noDeviceEffects } from '../../users/sessions/device-effects.ts'
import { alice, bob, names, user, World } from '../sync.fixture.ts'
import { entryOf, list, Sliding } from './sliding.fixture.ts'
import { forgettingConnections } from './forgetting-connections.ts'
import { SlidingSync } from './sliding-sync.ts'

const carol = user('carol')

test('the first answer has the newest rooms of a list, whole, and the next one only what is new', async (t) => {
  const world = await World.open(t)
  const sliding = new Sliding(world)
  const rooms = [await world.room(alice, { name: 'one' }), await world.room(alice, { name: 'two' }), await world.room(alice)]
  const [one, two, three] = rooms
  assert.ok(one && two && three)
  await world.say(one, alice, 'hello')
  const body = {
    lists: {
      all: list({
        ranges: [[0, 1]],
        timeline_limit: 2,
        required_state: [
          ['m.room.create', ''],
          ['m.room.member', '$ME'],
        ],
      }),
    },
  }
  const first = await sliding.ask(alice, body)
  assert.deepEqual(first.lists, { all: { count: 3 } })
  assert.deepEqual(Object.keys(first.rooms), [one, three])
  const entry = entryOf(first, one)
  assert.equal(entry.initial, true)
  assert.equal(entry.name, 'one')
  assert.equal(entry.membership, 'join')
  assert.equal(entry.limited, true)
  assert.equal(entry.num_live, 0)
  assert.equal(entry.joined_count, 1)
  assert.deepEqual(names(entry.timeline), ['name', 'hello'])
  assert.deepEqual(names(entry.required_state), ['create', `member ${alice} join`])
  assert.ok(entry.bump_stamp > entryOf(first, three).bump_stamp)

  const second = await sliding.ask(alice, body, { pos: first.pos })
  assert.deepEqual(second.rooms, {})

  await world.say(two, alice, 'up')
  const third = await sliding.ask(alice, body, { pos: second.pos })
  assert.deepEqual(Object.keys(third.rooms), [two])
  assert.equal(entryOf(third, two).initial, true)
  assert.equal(entryOf(third, two).num_live, 1)

  await world.say(three, alice, 'out of sight')
  await world.say(one, alice, 'a')
  await world.say(two, alice, 'b')
  const fourth = await sliding.ask(alice, body, { pos: third.pos })
  assert.deepEqual(Object.keys(fourth.rooms), [two, one])
  assert.deepEqual(names(entryOf(fourth, one).timeline), ['a'])
  assert.equal(entryOf(fourth, one).initial, undefined)

  // What came while it was out of sight is told when the room comes back, from where the client has it.
  const fifth = await sliding.ask(alice, { lists: { all: list() } }, { pos: fourth.pos })
  assert.deepEqual(names(entryOf(fifth, three).timeline).slice(-1), ['out of sight'])
  assert.equal(entryOf(fifth, three).initial, undefined)
})

test('D17: a pos may be repeated: two generations are kept, and the answer stays equivalent', async (t) => {
  const world = await World.open(t)
  const sliding = new Sliding(world)
  const room = await world.room(alice)
  const body = { lists: { all: list() } }
  const first = await sliding.ask(alice, body)
  const other = await world.room(alice)
  await world.say(room, alice, 'news')
  const expected = await sliding.ask(alice, body, { pos: first.pos })
  for (let again = 0; again < 10_000; again += 1) {
    const answer = await sliding.ask(alice, body, { pos: first.pos })
    if (again % 1_000 !== 0) continue
    assert.equal(answer.pos, expected.pos)
    assert.deepEqual(names(entryOf(answer, room).timeline), names(entryOf(expected, room).timeline))
    assert.equal(entryOf(answer, other).initial, true)
  }
  const third = await world.room(alice)
  const last = await sliding.ask(alice, body, { pos: first.pos })
  assert.equal(entryOf(last, third).initial, true)
  const rows = await world.ports.db.all(sql<{ acknowledged: string; offered: string }>('test.connections')`
    SELECT acknowledged, offered FROM sliding_connections`)
  assert.equal(rows.length, 1)
  assert.equal(rows[0]?.acknowledged, first.pos.split('~')[0])
  assert.equal(rows[0]?.offered, last.pos.split('~')[0])
  // The one that was offered before the last is forgotten.
  await assert.rejects(sliding.ask(alice, body, { pos: expected.pos }), { code: 'M_UNKNOWN_POS' })
})

test('an unknown pos is refused', async (t) => {
  const world = await World.open(t)
  const sliding = new Sliding(world)
  await world.room(alice)
  const first = await sliding.ask(alice, { lists: { all: list() } })
  const [generation] = first.pos.split('~')
  for (const pos of ['x', '', '~', 's1_1_0', `${generation}~`, `nonsense~${first.pos.split('~')[1]}`, `${generation}~s1_2_0_0.1`]) {
    await assert.rejects(sliding.ask(alice, { lists: {} }, { pos }), { code: 'M_UNKNOWN_POS' }, pos)
  }
  await assert.rejects(sliding.ask(alice, { lists: {}, conn_id: 'other' }, { pos: first.pos }), { code: 'M_UNKNOWN_POS' })
  await assert.rejects(sliding.ask(alice, { lists: {} }, { pos: first.pos, deviceId: 'E' }), { code: 'M_UNKNOWN_POS' })
  await assert.rejects(sliding.ask(bob, { lists: {} }, { pos: first.pos }), { code: 'M_UNKNOWN_POS' })
})

test('D17: a device keeps its sixteen newest connections', async (t) => {
  const world = await World.open(t)
  const sliding = new Sliding(world)
  await world.room(alice)
  for (let index = 0; index < 20; index += 1) {
    await sliding.ask(alice, { conn_id: `c${index}`, lists: { all: list() } })
    world.clock.advance(1)
  }
  const rows = await world.ports.db.all(sql<{ conn_id: string }>('test.connectionIds')`SELECT conn_id FROM sliding_connections`)
  assert.deepEqual(new Set(rows.map((row) => row.conn_id)), new Set(Array.from({ length: 16 }, (_, index) => `c${index + 4}`)))
})

test('D17: what one request may ask for is bounded', async (t) => {
  const world = await World.open(t)
  const sliding = new Sliding(world)
  const many = (count: number, value: object): object => Object.fromEntries(Array.from({ length: count }, (_, n) => [`!r${n}:here`, value]))
  const room = { timeline_limit: 1, required_state: [] }
  for (const body of [
    { room_subscriptions: many(100_000, room) },
    { lists: many(1_000, room) },
    { lists: { all: { ...room, ranges: [[5, 1]] } } },
    { conn_id: 'a\0b' },
  ]) {
    await assert.rejects(sliding.ask(alice, body), { code: 'M_INVALID_PARAM' })
  }
  const { rooms } = await sliding.ask(alice, { room_subscriptions: many(1_000, { ...room, timeline_limit: 1e9 }) })
  assert.deepEqual(rooms, {})
})

test('a device takes its connections with it', async (t) => {
  const world = await World.open(t)
  const sliding = new Sliding(world)
  for (const deviceId of ['D', 'E']) await sliding.ask(alice, { lists: {} }, { deviceId })
  const { steps = [] } = forgettingConnections(noDeviceEffects).removed(alice, ['D'])
  await world.ports.db.commit({ steps: steps.map(({ query }) => ({ query })) })
  const rows = await world.ports.db.all(sql<{ device_id: string }>('test.devices')`SELECT device_id FROM sliding_connections`)
  assert.deepEqual(
    rows.map((row) => row.device_id),
    ['E'],
  )
})

test('a connection goes on after a restart', async (t) => {
  const world = await World.open(t)
  const room = await world.room(alice)
  const body = { lists: { all: list() } }
  const first = await new Sliding(world).ask(alice, body)
  await world.say(room, alice, 'before')
  const again = await World.open(t, {}, await world.close())
  const sliding = new Sliding(again)
  await again.send(room, alice, 'm.room.topic', { topic: 'after' }, '')
  const second = await sliding.ask(alice, body, { pos: first.pos })
  assert.deepEqual(names(entryOf(second, room).timeline), ['before', 'topic'])
  assert.equal(entryOf(second, room).initial, undefined)
})

test('a connection may be written a little later: it goes on meanwhile, and a crash costs no more than to begin anew', async (t) => {
  const world = await World.open(t)
  const room = await world.room(alice)
  const body = { lists: { all: list() } }
  const late = (of: World): Sliding => new Sliding(of, new SlidingSync(of.layer.sync.stream, realRandom(), 1_000))
  const sliding = late(world)
  const stored = () => world.ports.db.all(sql<{ offered: string }>('test.offered')`SELECT offered FROM sliding_connections`)
  const first = await sliding.ask(alice, body)
  await world.send(room, alice, 'm.room.topic', { topic: 'one' }, '')
  const second = await sliding.ask(alice, body, { pos: first.pos })
  assert.deepEqual(names(entryOf(second, room).timeline), ['topic'])
  assert.deepEqual(await stored(), [])
  await assert.rejects(late(world).ask(alice, body, { pos: second.pos }), { code: 'M_UNKNOWN_POS' })
  await sliding.sync.flush()
  assert.deepEqual(
    (await stored()).map(({ offered }) => offered),
    [first.pos.split('~')[0]],
  )
  assert.deepEqual((await late(world).ask(alice, body, { pos: second.pos })).rooms, {})
})

test('a request waits for news, and gives up when a newer one of its connection comes', async (t) => {
  const world = await World.open(t)
  const sliding = new Sliding(world)
  const room = await world.room(alice)
  const body = { lists: { all: list() } }
  const { pos } = await sliding.ask(alice, body)
  const woken = sliding.ask(alice, body, { pos, timeoutMs: 30_000 })
  await world.say(room, alice, 'news')
  const answer = await woken
  assert.deepEqual(names(entryOf(answer, room).timeline), ['news'])

  const idle = sliding.ask(alice, body, { pos: answer.pos, timeoutMs: 30_000 })
  await new Promise((resolve) => setImmediate(resolve))
  const newer = sliding.ask(alice, body, { pos: answer.pos, timeoutMs: 30_000 })
  assert.deepEqual((await idle).rooms, {})
  assert.equal((await idle).pos, answer.pos)
  await world.say(room, alice, 'more')
  assert.deepEqual(names(entryOf(await newer, room).timeline), ['more'])
})

test('a wider timeline or more state is sent at once', async (t) => {
  const world = await World.open(t)
  const sliding = new Sliding(world)
  const room = await world.room(alice, { name: 'n', topic: 't' })
  for (const body of ['a', 'b', 'c']) await world.say(room, alice, body)
  const lists = { all: list({ timeline_limit: 1, required_state: [['m.room.name', '']] }) }
  const first = await sliding.ask(alice, { lists })
  assert.deepEqual(names(entryOf(first, room).timeline), ['c'])
  const subscription = {
    timeline_limit: 3,
    required_state: [
      ['m.room.topic', ''],
      ['m.room.name', ''],
    ],
  }
  const body = { lists, room_subscriptions: { [room]: subscription } }
  const second = await sliding.ask(alice, body, { pos: first.pos })
  const entry = entryOf(second, room)
  assert.equal(entry.unstable_expanded_timeline, true)
  assert.equal(entry.initial, undefined)
  assert.deepEqual(names(entry.timeline), ['a', 'b', 'c'])
  assert.deepEqual(names(entry.required_state), ['topic'])
  assert.deepEqual((await sliding.ask(alice, body, { pos: second.pos })).rooms, {})
  // Back in the list nothing is new; and opened again there still is not.
  const third = await sliding.ask(alice, { lists }, { pos: second.pos })
  assert.deepEqual(third.rooms, {})
  assert.deepEqual((await sliding.ask(alice, body, { pos: third.pos })).rooms, {})
})

test('members whom the timeline needs are sent once', async (t) => {
  const world = await World.open(t)
  const sliding = new Sliding(world)
  const room = await world.room(alice)
  await world.member(room, bob, 'join')
  await world.member(room, carol, 'join')
  await world.say(room, alice, 'a')
  const body = { lists: { all: list({ timeline_limit: 1, required_state: [['m.room.member', '$LAZY']] }) } }
  const first = await sliding.ask(alice, body)
  assert.deepEqual(names(entryOf(first, room).required_state), [`member ${alice} join`])
  await world.say(room, bob, 'b')
  const second = await sliding.ask(alice, body, { pos: first.pos })
  assert.deepEqual(names(entryOf(second, room).required_state), [`member ${bob} join`])
  await world.say(room, bob, 'again')
  const third = await sliding.ask(alice, body, { pos: second.pos })
  assert.equal(entryOf(third, room).required_state, undefined)
  // An answer that never arrived does not count.
  await world.say(room, carol, 'c')
  await sliding.ask(alice, body, { pos: third.pos })
  const repeated = await sliding.ask(alice, body, { pos: third.pos })
  assert.deepEqual(names(entryOf(repeated, room).required_state), [`member ${carol} join`])
})

test('state comes by type, by key and by wildcard', async (t) => {
  const world = await World.open(t)
  const sliding = new Sliding(world)
  const room = await world.room(alice)
  await world.member(room, bob, 'join')
  await world.send(room, alice, 'x.widget', { a: 1 }, 'one')
  await world.send(room, alice, 'x.widget', { a: 2 }, 'two')
  const ask = async (...state: [string, string][]): Promise<string[]> => {
    const answer = await sliding.ask(alice, { lists: { all: list({ required_state: state }) } })
    return (entryOf(answer, room).required_state ?? []).map((event) => `${event.type} ${event.state_key}`).sort()
  }
  assert.deepEqual(await ask(['x.widget', '*']), ['x.widget one', 'x.widget two'])
  assert.deepEqual(await ask(['*', 'two']), ['x.widget two'])
  assert.deepEqual(await ask(['m.room.member', '*']), [`m.room.member ${alice}`, `m.room.member ${bob}`])
  assert.deepEqual(await ask(['x.none', '*'], ['m.room.member', bob]), [`m.room.member ${bob}`])
  const all = await ask(['*', '*'])
  assert.ok(all.includes(`m.room.member ${bob}`) && all.includes('m.room.create '))
  const lazy = await ask(['*', '*'], ['m.room.member', '$LAZY'])
  assert.ok(lazy.includes('m.room.create ') && lazy.includes(`m.room.member ${bob}`), 'bob joined in the timeline')
})
