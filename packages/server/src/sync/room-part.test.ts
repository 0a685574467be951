// Goal: what a room's part says beside its events: counts, members, heroes, receipts, typing, and each reader's own.
// Method: rooms on a real SQLite file; answers are read as a client reads them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
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
