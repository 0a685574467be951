// Goal: /sync tells each reader what is new, once and completely, from memory and from storage alike.
// Method: rooms on a real SQLite file; answers are read as a client reads them, token by token.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { roomRules } from '@causeway/events'
import { RoomUnit } from '../rooms/engine/room-unit.ts'
import { ensureRoom } from '../rooms/membership/room-stub.ts'
import { upsertMembership } from '../storage/tables/memberships.ts'
import { alice, bob, names, roomIdOf, World } from './sync.fixture.ts'

test('a first sync has the room, its state before the timeline, and counts', async (t) => {
  const world = await World.open(t)
  const room = await world.room(alice, { name: 'Hall' })
  for (const body of ['a', 'b', 'c']) await world.say(room, alice, body)
  const first = (await world.sync(alice, { filter: { room: { timeline: { limit: 2 } } } })).joined(room)
  assert.deepEqual(names(first.timeline.events), ['b', 'c'])
  assert.equal(first.timeline.limited, true)
  const state = first.state?.events.map(({ type }) => type).sort()
  assert.deepEqual(state, [
    'm.room.create',
    'm.room.history_visibility',
    'm.room.join_rules',
    'm.room.member',
    'm.room.name',
    'm.room.power_levels',
  ])
  assert.deepEqual(first.summary, { 'm.joined_member_count': 1, 'm.invited_member_count': 0 })
  // All of the room fits: the state before it is empty.
  const whole = (await world.sync(alice, { filter: { room: { timeline: { limit: 50 } } } })).joined(room)
  assert.equal(whole.timeline.limited, false)
  assert.deepEqual(whole.state?.events, [])
  assert.equal(whole.timeline.events[0]?.type, 'm.room.create')
})

test('an incremental sync has what came since, and nothing twice', async (t) => {
  const world = await World.open(t)
  const [room, other] = [await world.room(alice), await world.room(alice)]
  const start = await world.sync(alice)
  assert.equal((await world.sync(alice, { since: start.next })).json.rooms, undefined)
  await world.say(room, alice, 'one')
  const second = await world.sync(alice, { since: start.next })
  assert.deepEqual(names(second.joined(room).timeline.events), ['one'])
  assert.deepEqual(second.joined(room).state?.events, [])
  assert.equal(second.room('join', other), undefined)
  assert.equal((await world.sync(alice, { since: second.next })).json.rooms, undefined)
})

test('a gap: the state is that before the timeline, the token pages back into the gap', async (t) => {
  const world = await World.open(t)
  const room = await world.room(alice)
  const start = await world.sync(alice)
  await world.send(room, alice, 'm.room.topic', { topic: 'first' }, '')
  await world.send(room, alice, 'm.room.name', { name: 'x' }, '')
  for (let n = 0; n < 12; n += 1) await world.say(room, alice, `m${n}`)
  await world.send(room, alice, 'm.room.topic', { topic: 'second' }, '')
  const filter = { room: { timeline: { limit: 3 } } }
  const joined = (await world.sync(alice, { since: start.next, filter })).joined(room)
  assert.equal(joined.timeline.limited, true)
  assert.deepEqual(names(joined.timeline.events), ['m10', 'm11', 'topic'])
  assert.deepEqual(
    joined.state?.events.map(({ content }) => content),
    [{ topic: 'first' }, { name: 'x' }],
  )
  const after = (await world.sync(alice, { since: start.next, filter, stateAfter: true })).joined(room)
  assert.deepEqual(
    after.state_after?.events.map(({ content }) => content),
    [{ topic: 'second' }, { name: 'x' }],
  )
  assert.equal(after.state, undefined)
})

test('full state: every joined room with all of its state, though nothing happened, and at once', async (t) => {
  const world = await World.open(t)
  const [room, quiet, left] = [
    await world.room(alice, { name: 'Hall' }),
    await world.room(alice, { name: 'Attic' }),
    await world.room(alice),
  ]
  await world.member(room, bob, 'join')
  await world.member(left, alice, 'leave')
  const start = await world.sync(alice)
  const all = ['create', 'history_visibility', 'join_rules', 'name', 'power_levels', `member ${alice} join`]
  const whole = await world.sync(alice, { since: start.next, fullState: true, timeoutMs: 30_000 })
  assert.deepEqual(Object.keys(whole.json.rooms?.join ?? {}).sort(), [room, quiet].sort())
  assert.deepEqual(names(whole.joined(quiet).state?.events).sort(), [...all].sort())
  assert.deepEqual(whole.joined(quiet).timeline.events, [])
  assert.deepEqual(names(whole.joined(room).state?.events).sort(), [...all, `member ${bob} join`].sort())
  // What is in the timeline is left out of the state before it, but is in the state after it.
  await world.send(quiet, alice, 'm.room.topic', { topic: 'dust' }, '')
  const changed = (await world.sync(alice, { since: whole.next, fullState: true })).joined(quiet)
  assert.deepEqual(names(changed.timeline.events), ['topic'])
  assert.deepEqual(names(changed.state?.events).sort(), [...all].sort())
  const after = (await world.sync(alice, { since: whole.next, fullState: true, stateAfter: true })).joined(quiet)
  assert.deepEqual(names(after.state_after?.events).sort(), [...all, 'topic'].sort())
  // The answer went as far as any other one.
  assert.equal((await world.sync(alice, { since: whole.next })).room('join', room), undefined)
})

test('a filtered timeline keeps looking, and state that it hides is in the state', async (t) => {
  const world = await World.open(t)
  const room = await world.room(alice)
  const start = await world.sync(alice)
  await world.say(room, alice, 'old')
  for (let n = 0; n < 70; n += 1) await world.send(room, alice, 'noise', { n })
  await world.send(room, alice, 'm.room.topic', { topic: 'hidden' }, '')
  const filter = { room: { timeline: { types: ['m.room.mess*'], limit: 5 } } }
  const joined = (await world.sync(alice, { since: start.next, filter })).joined(room)
  assert.deepEqual(names(joined.timeline.events), ['old'])
  assert.equal(joined.timeline.limited, false)
  assert.deepEqual(names(joined.state?.events), ['topic'])
})

test('who joins gets the whole room, as far as its visibility allows', async (t) => {
  const world = await World.open(t)
  const room = await world.room(alice, {
    initialState: [{ type: 'm.room.history_visibility', stateKey: '', content: { history_visibility: 'joined' } }],
  })
  await world.say(room, alice, 'secret')
  const start = await world.sync(bob)
  await world.member(room, bob, 'join')
  await world.say(room, alice, 'welcome')
  const joined = (await world.sync(bob, { since: start.next })).joined(room)
  // What came before the visibility was narrowed is everybody's who joins.
  assert.deepEqual(names(joined.timeline.events).slice(-3), ['history_visibility', 'member @bob:here join', 'welcome'])
  assert.equal(joined.timeline.limited, true)
  const short = (await world.sync(bob, { since: start.next, filter: { room: { timeline: { limit: 2 } } } })).joined(room)
  assert.ok(short.state?.events.some(({ type }) => type === 'm.room.create'))
  assert.deepEqual(
    joined.timeline.events.slice(-3).map(({ unsigned }) => unsigned['membership']),
    ['leave', 'join', 'join'],
  )
  // A profile change is no new join.
  const next = await world.sync(bob, { since: start.next })
  await world.send(room, bob, 'm.room.member', { membership: 'join', displayname: 'Bob' }, bob)
  const changed = (await world.sync(bob, { since: next.next })).joined(room)
  assert.equal(changed.timeline.limited, false)
  assert.deepEqual(changed.state?.events, [])
  assert.equal(changed.timeline.events[0]?.unsigned['replaces_state'], joined.timeline.events.at(-2)?.event_id)
})

test('invites come with stripped state, not from ignored users; a declined one is left', async (t) => {
  const world = await World.open(t)
  const room = await world.room(alice, { name: 'Hall', preset: 'private_chat' })
  const start = await world.sync(bob)
  await world.member(room, bob, 'invite', alice)
  const invited = await world.sync(bob, { since: start.next })
  const stripped = invited.room('invite', room)?.invite_state?.events
  assert.deepEqual(names(stripped?.slice(-1)), ['member @bob:here invite'])
  assert.ok(stripped?.some(({ type }) => type === 'm.room.create') && stripped.some(({ type }) => type === 'm.room.name'))
  assert.ok(stripped?.every((event) => !('event_id' in event)))
  assert.equal((await world.sync(bob, { since: invited.next })).room('invite', room), undefined)
  const ignored = JSON.stringify({ ignored_users: { [alice]: {} } })
  await world.layer.sync.userRooms.of(bob)
  const { accountData } = world.ports
  await accountData.change({ userId: bob, roomId: '', type: 'm.ignored_user_list' }, () => ignored)
  assert.equal((await world.sync(bob)).room('invite', room), undefined)
  await world.member(room, bob, 'leave')
  const left = (await world.sync(bob, { since: invited.next })).room('leave', room)
  assert.deepEqual(names(left?.timeline.events), ['member @bob:here leave'])
  assert.deepEqual(left?.state?.events, [])
})

test('a room that was left ends with the leaving, for those who ask', async (t) => {
  const world = await World.open(t)
  const room = await world.room(alice)
  await world.member(room, bob, 'join')
  const start = await world.sync(bob)
  await world.say(room, alice, 'before')
  await world.member(room, bob, 'leave')
  await world.say(room, alice, 'after')
  await world.send(room, alice, 'm.room.topic', { topic: 'after' }, '')
  const left = await world.sync(bob, { since: start.next })
  assert.deepEqual(names(left.room('leave', room)?.timeline.events), ['before', 'member @bob:here leave'])
  assert.deepEqual(left.room('leave', room)?.state?.events, [])
  assert.equal((await world.sync(bob, { since: left.next })).room('leave', room), undefined)
  assert.equal((await world.sync(bob)).room('leave', room), undefined)
  const filter = { room: { include_leave: true, timeline: { limit: 0 } } }
  const archived = (await world.sync(bob, { filter })).room('leave', room)
  assert.deepEqual(archived?.timeline.events, [])
  assert.ok(archived?.state?.events.some(({ state_key: key, content }) => key === bob && content['membership'] === 'leave'))
  assert.ok(!archived?.state?.events.some(({ type }) => type === 'm.room.topic'))
  // Joined, left and joined again since: it is a joined room.
  await world.member(room, bob, 'join')
  const back = await world.sync(bob, { since: start.next })
  assert.equal(back.room('leave', room), undefined)
  assert.ok(back.room('join', room))
})

test('a waiting sync is woken by what concerns it and by nothing else', async (t) => {
  const world = await World.open(t)
  const [room, other] = [await world.room(alice), await world.room(bob)]
  const { next } = await world.sync(alice)
  const waiting = world.sync(alice, { since: next, timeoutMs: 30_000 })
  await world.say(other, bob, 'elsewhere')
  assert.equal(world.waiting.size, 1)
  await world.say(room, alice, 'here')
  assert.deepEqual(names((await waiting).joined(room).timeline.events), ['here'])
  assert.equal(world.waiting.size, 0)

  const idle = world.sync(alice, { since: (await waiting).next, timeoutMs: 30_000 })
  await world.say(other, bob, 'elsewhere again')
  world.clock.advance(30_000)
  assert.equal((await idle).json.rooms, undefined)
  assert.notEqual((await idle).next, (await waiting).next)

  const gone = new AbortController()
  const aborted = world.sync(alice, { since: next, timeoutMs: 30_000, signal: gone.signal })
  gone.abort()
  await aborted
  assert.equal(world.waiting.size, 0)
})

test('an invite and account data wake as well', async (t) => {
  const world = await World.open(t)
  const room = await world.room(alice)
  const { next } = await world.sync(bob)
  const invited = world.sync(bob, { since: next, timeoutMs: 30_000 })
  await new Promise(setImmediate)
  await world.member(room, bob, 'invite', alice)
  assert.ok((await invited).room('invite', room))
  const told = world.sync(bob, { since: (await invited).next, timeoutMs: 30_000 })
  await new Promise(setImmediate)
  await world.ports.accountData.change({ userId: bob, roomId: '', type: 'a.b' }, () => '{"c":1}')
  assert.deepEqual((await told).json.account_data?.events, [{ type: 'a.b', content: { c: 1 } }])
})

test('after a restart an old token continues where it was, from storage', async (t) => {
  const first = await World.open(t)
  const [room, quiet] = [await first.room(alice), await first.room(alice)]
  const { next } = await first.sync(alice)
  for (let n = 0; n < 60; n += 1) await first.say(room, alice, `m${n}`)
  const late = await first.sync(alice)
  const folder = await first.close()
  const second = await World.open(t, {}, folder)
  const behind = await second.sync(alice, { since: next })
  assert.deepEqual(names(behind.joined(room).timeline.events).at(-1), 'm59')
  assert.equal(behind.joined(room).timeline.limited, true)
  assert.equal(behind.room('join', quiet), undefined)
  assert.equal((await second.sync(alice, { since: late.next })).json.rooms, undefined)
  await second.close()
  // A restore raises the epoch: the client starts afresh.
  const restored = await World.open(t, { epoch: 2 }, folder)
  assert.ok((await restored.sync(alice, { since: late.next })).room('join', quiet))
})

test('an invite to a room elsewhere is shown as it came, and ends when it is declined', async (t) => {
  const world = await World.open(t)
  const roomId = roomIdOf('!far:there')
  const rules = roomRules('11')
  assert.ok(rules)
  await ensureRoom(world.engine, async () => 3200, roomId, rules)
  const { next } = await world.sync(bob)
  const write = (membership: 'invite' | 'leave', inviteState: string | null) =>
    world.engine.run(roomId, async (view) => {
      const unit = new RoomUnit(world.engine.ports, view)
      unit.addMemberships([{ userId: bob, membership }])
      unit.takePosition()
      unit.whenPlaced((position) =>
        unit.draft.add(upsertMembership, view.room, bob, membership, 0, 0, 0, position, 1, 0, '@x:there', inviteState),
      )
      await unit.commit()
    })
  const waiting = world.sync(bob, { since: next, timeoutMs: 30_000 })
  await write(
    'invite',
    JSON.stringify([{ type: 'm.room.name', state_key: '', sender: '@x:there', content: { name: 'Far' }, event_id: '$no' }]),
  )
  const invited = await waiting
  const expected = [{ type: 'm.room.name', state_key: '', sender: '@x:there', content: { name: 'Far' } }]
  assert.deepEqual(invited.room('invite', roomId)?.invite_state?.events, expected)
  await write('leave', null)
  const left = await world.sync(bob, { since: invited.next })
  assert.deepEqual(left.room('leave', roomId)?.timeline, { events: [], limited: false })
  assert.equal((await world.sync(bob, { since: left.next })).json.rooms, undefined)
})

test('a token that is none is refused', async (t) => {
  const world = await World.open(t)
  await assert.rejects(world.sync(alice, { since: 'nonsense' }), { code: 'M_INVALID_PARAM' })
})
