// Goal: whoever reads while others write sees each event once, in order, never before it is durable; forks and gaps included.
// Method: many sends under way while a reader continues from token to token; events placed as if another server had sent them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseEventId } from '@causeway/events'
import { historyBackwards } from '../storage/tables/events.ts'
import { dan, fromThere } from './foreign-events.fixture.ts'
import { alice, bob, names, World } from './sync.fixture.ts'

test('a reader among writers', async (t) => {
  const world = await World.open(t)
  const room = await world.room(alice)
  await world.member(room, bob, 'join')
  let { next } = await world.sync(bob)
  const sends = Array.from({ length: 90 }, (_, n) =>
    n % 10 === 9 ? world.send(room, alice, 'm.room.topic', { topic: `t${n}` }, '') : world.say(room, alice, `m${n}`),
  )
  let done = false
  const all = Promise.all(sends).then((ids) => {
    done = true
    return ids
  })
  const seen: string[] = []
  for (let last = false; !last;) {
    last = done
    const answer = await world.sync(bob, { since: next, filter: { room: { timeline: { limit: 100 } } } })
    next = answer.next
    const joined = answer.room('join', room)
    seen.push(...(joined?.timeline.events.map((event) => event.event_id) ?? []))
    if (joined !== undefined) assert.equal(joined.timeline.limited, false)
    // A first sync is never ahead of what it says that it has told.
    const fresh = await world.sync(alice, { stateAfter: true })
    const topic = fresh.joined(room).state_after?.events.find(({ type }) => type === 'm.room.topic')
    const shown = fresh.joined(room).timeline.events.findLast(({ type }) => type === 'm.room.topic')
    if (shown !== undefined) assert.equal(topic?.event_id, shown.event_id)
    await new Promise(setImmediate)
  }
  assert.deepEqual(seen.toSorted(), (await all).toSorted())
  assert.equal(new Set(seen).size, seen.length)
})

test('a gap ends the timeline', async (t) => {
  const world = await World.open(t)
  const room = await world.room(alice)
  const tip = (await world.engine.view(room))?.tips[0]?.eventId
  const missing = parseEventId(`$${'m'.repeat(43)}`)
  assert.ok(tip !== undefined && missing !== undefined)
  await fromThere(world, room, [tip], 'm.room.member', { membership: 'join' }, dan)
  const { next } = await world.sync(alice)
  await world.say(room, alice, 'before the gap')
  await fromThere(world, room, [missing], 'm.room.message', { body: 'after the gap' })
  await world.say(room, alice, 'then')
  const { timeline } = (await world.sync(alice, { since: next })).joined(room)
  assert.deepEqual(names(timeline.events), ['after the gap', 'then'])
  assert.equal(timeline.limited, true)
})

test('a fork that is resolved against an event is told as state', async (t) => {
  const world = await World.open(t)
  const room = await world.room(alice, { powerLevelOverride: { users: { [alice]: 100, [dan]: 50 } } })
  const first = (await world.engine.view(room))?.tips[0]?.eventId
  assert.ok(first !== undefined)
  const joined = await fromThere(world, room, [first], 'm.room.member', { membership: 'join' }, dan)
  const { next } = await world.sync(alice)
  const topic = await world.send(room, alice, 'm.room.topic', { topic: 'ours' }, '')
  const theirs = await fromThere(world, room, [joined], 'm.room.topic', { topic: 'theirs' }, '')
  const view = await world.engine.view(room)
  const winner = view?.event(view.currentEvent('m.room.topic', ''))?.pdu.eventId
  assert.ok(winner === topic || winner === theirs)
  const answer = (await world.sync(alice, { since: next, stateAfter: true })).joined(room)
  assert.equal(answer.state_after?.events.find(({ type }) => type === 'm.room.topic')?.event_id, winner)
  assert.equal(answer.timeline.events.length, 2)
  // From between the two: the change is known by what it is, whichever of them won.
  await world.say(room, alice, 'on both')
  const whole = (await world.sync(alice, { stateAfter: true })).joined(room)
  assert.equal(whole.state_after?.events.find(({ type }) => type === 'm.room.topic')?.event_id, winner)
})

test('a first timeline is in history order, and what a fork changed beside it is in the state', async (t) => {
  const world = await World.open(t, {})
  const room = await world.room(alice, { powerLevelOverride: { users: { [alice]: 100, [dan]: 50 } } })
  const first = (await world.engine.view(room))?.tips[0]?.eventId
  assert.ok(first !== undefined)
  const joined = await fromThere(world, room, [first], 'm.room.member', { membership: 'join' }, dan)
  await world.say(room, alice, 'one')
  await world.say(room, alice, 'two')
  const name = await fromThere(world, room, [joined], 'm.room.name', { name: 'late' }, '')
  await world.send(room, alice, 'hidden', {})
  const ask = (limit: number) => ({ filter: { room: { timeline: { limit, not_types: ['hidden'] } } } })
  const { timeline, state } = (await world.sync(alice, ask(1))).joined(room)
  assert.deepEqual(names(timeline.events), ['two'])
  assert.ok(state?.events.some(({ event_id }) => event_id === name))
  const wide = (await world.sync(alice, ask(3))).joined(room)
  assert.deepEqual(
    wide.timeline.events.map(({ event_id, content }) => (event_id === name ? 'name' : content['body'])),
    ['one', 'name', 'two'],
  )
  const all = (await world.sync(alice, ask(100))).joined(room)
  assert.equal(all.timeline.limited, false)
  assert.equal(all.state?.events.length, 0)
  // Where it began, paging back goes on without a gap or a repetition.
  const place = world.layer.sync.tokens.parse(timeline.prev_batch)
  assert.ok(place?.kind === 'place')
  const view = await world.engine.view(room)
  const earlier = await historyBackwards(world.ports.db, view?.room ?? 0, place.place, 2)
  assert.deepEqual(
    earlier.map(({ event_id }) => event_id === name),
    [true, false],
  )
})
