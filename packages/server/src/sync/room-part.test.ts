// Goal: what a room's part says beside its events: counts, members, heroes, receipts, typing, and each reader's own.
// Method: rooms on a real SQLite file; answers are read as a client reads them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSyncFilter } from './sync-filter.ts'
import { alice, bob, user, World } from './sync.fixture.ts'

const carol = user('carol')

test('counts: what others said since what was read; receipts and own messages clear them', async (t) => {
  const world = await World.open(t)
  const room = await world.room(alice)
  await world.member(room, bob, 'join')
  await world.say(room, alice, 'one')
  const second = await world.say(room, alice, 'two for bob')
  await world.say(room, alice, 'three')
  const counts = async () => (await world.sync(bob)).joined(room).unread_notifications
  assert.deepEqual(await counts(), { notification_count: 3, highlight_count: 1 })
  const { next } = await world.sync(bob)
  await world.layer.readMarkers.set({ roomId: room, userId: bob, type: 'm.read', eventId: second, thread: '' })
  const read = (await world.sync(bob, { since: next })).joined(room)
  assert.deepEqual(read.unread_notifications, { notification_count: 1, highlight_count: 0 })
  assert.deepEqual(
    read.ephemeral?.events.map(({ content }) => Object.keys(content)),
    [[second]],
  )
  await world.say(room, bob, 'an answer')
  assert.deepEqual(await counts(), { notification_count: 0, highlight_count: 0 })
  await world.say(room, alice, 'bob!')
  assert.deepEqual(await counts(), { notification_count: 1, highlight_count: 1 })
})

test('lazily loaded members come with their first event, and again when the answer was lost', async (t) => {
  const world = await World.open(t)
  const room = await world.room(alice, { name: 'Hall' })
  for (const member of [bob, carol]) await world.member(room, member, 'join')
  for (let n = 0; n < 5; n += 1) await world.say(room, alice, `m${n}`)
  const filter = { room: { state: { lazy_load_members: true }, timeline: { limit: 3 } } }
  const first = await world.sync(alice, { filter })
  const members = (events: readonly { readonly type: string; readonly state_key?: string }[] | undefined) =>
    (events ?? []).filter(({ type }) => type === 'm.room.member').map(({ state_key: key }) => key)
  assert.deepEqual(members(first.joined(room).state?.events), [alice])
  await world.say(room, bob, 'hi')
  for (let tries = 0; tries < 2; tries += 1) {
    const answer = await world.sync(alice, { filter, since: first.next })
    assert.deepEqual(members(answer.joined(room).state?.events), [bob])
  }
  const second = await world.sync(alice, { filter, since: first.next })
  await world.say(room, bob, 'hi again')
  const third = await world.sync(alice, { filter, since: second.next })
  assert.deepEqual(members(third.joined(room).state?.events), [])
})

test('a room without a name has heroes', async (t) => {
  const world = await World.open(t)
  const room = await world.room(alice)
  await world.member(room, bob, 'join')
  await world.member(room, carol, 'invite', alice)
  const { summary } = (await world.sync(alice)).joined(room)
  assert.deepEqual(summary, { 'm.heroes': [bob, carol], 'm.joined_member_count': 2, 'm.invited_member_count': 1 })
})

test('only the session that sent an event is told its transaction id; a redacted one says why', async (t) => {
  const world = await World.open(t)
  const room = await world.room(alice)
  await world.member(room, bob, 'join')
  const id = await world.say(room, alice, 'mine')
  const of = async (reader: typeof alice) => (await world.sync(reader)).joined(room).timeline.events.find((event) => event.event_id === id)
  assert.equal((await of(alice))?.unsigned['transaction_id'], 't1')
  assert.equal((await of(bob))?.unsigned['transaction_id'], undefined)
  const redaction = await world.redact(room, alice, id)
  const redacted = await of(bob)
  assert.deepEqual(redacted?.content, {})
  const because = redacted?.unsigned['redacted_because']
  assert.ok(typeof because === 'object' && because !== null && 'event_id' in because && because.event_id === redaction)
})

test('typing is told when it begins and when it ends, receipts in private only to oneself', async (t) => {
  const world = await World.open(t)
  const room = await world.room(alice)
  await world.member(room, bob, 'join')
  const id = await world.say(room, alice, 'x')
  let { next } = await world.sync(bob)
  const typists = async () => {
    const answer = await world.sync(bob, { since: next })
    next = answer.next
    return answer.room('join', room)?.ephemeral?.events.find(({ type }) => type === 'm.typing')?.content['user_ids']
  }
  world.layer.typing.set({ roomId: room, userId: alice, typing: true, timeoutMs: 10_000 })
  assert.deepEqual(await typists(), [alice])
  assert.equal(await typists(), undefined)
  world.clock.advance(10_001)
  assert.deepEqual(await typists(), [])
  await world.layer.readMarkers.set({ roomId: room, userId: alice, type: 'm.read.private', eventId: id, thread: '' })
  const receipts = async (reader: typeof alice) => (await world.sync(reader)).joined(room).ephemeral?.events.length
  assert.equal(await receipts(alice), 1)
  assert.equal(await receipts(bob), 0)
})

test('a filter names the fields of events that are wanted', async (t) => {
  const world = await World.open(t)
  const room = await world.room(alice, { name: 'Hall' })
  const root = await world.say(room, alice, 'hello', { 'dotted.name': 1, deep: { a: [1], b: 2 } })
  await world.say(room, alice, 'more', { 'm.relates_to': { rel_type: 'm.thread', event_id: root } })
  const ask = async (fields: readonly string[]) => {
    const { timeline, state } = (await world.sync(alice, { filter: { event_fields: fields, room: { timeline: { limit: 2 } } } })).joined(
      room,
    )
    return { shown: timeline.events[0], last: timeline.events[1], state: state?.events ?? [] }
  }
  const { shown, last, state } = await ask([
    'content.body',
    'content.deep.a',
    'content.dotted\\.name',
    'type',
    'none.such',
    'content.body.x',
  ])
  assert.deepEqual(shown, { content: { body: 'hello', deep: { a: [1] }, 'dotted.name': 1 }, type: 'm.room.message' })
  assert.deepEqual(last, { content: { body: 'more' }, type: 'm.room.message' })
  assert.deepEqual(
    state.find(({ type }) => type === 'm.room.name'),
    { content: {}, type: 'm.room.name' },
  )
  assert.deepEqual((await ask(['event_id', 'unsigned.m\\.relations'])).shown, {
    event_id: root,
    unsigned: {
      'm.relations': {
        'm.thread': {
          count: 1,
          current_user_participated: true,
          latest_event: { event_id: last === undefined ? '' : (await ask(['event_id'])).last?.event_id, unsigned: {} },
        },
      },
    },
  })
  assert.deepEqual((await ask([])).shown, {})
  for (const bad of ['type', [1], Array.from({ length: 1_001 }, () => 'type'), ['a.'.repeat(30)]]) {
    assert.throws(() => parseSyncFilter(JSON.stringify({ event_fields: bad })), { code: 'M_BAD_JSON' })
  }
})

test('when a room loses its name, its heroes are told, with their members', async (t) => {
  const world = await World.open(t)
  const room = await world.room(alice, { name: 'Hall' })
  await world.member(room, bob, 'join')
  await world.say(room, alice, 'x')
  const filter = { room: { state: { lazy_load_members: true }, timeline: { limit: 1 } } }
  const first = await world.sync(alice, { filter })
  assert.equal(first.joined(room).summary?.['m.heroes'], undefined)
  await world.send(room, alice, 'm.room.name', { name: '' }, '')
  await world.say(room, alice, 'y')
  const { summary, state } = (await world.sync(alice, { filter, since: first.next })).joined(room)
  assert.deepEqual(summary?.['m.heroes'], [bob])
  assert.deepEqual(state?.events.map(({ type, state_key: key }) => `${type} ${key ?? ''}`).sort(), [`m.room.member ${bob}`, 'm.room.name '])
})
