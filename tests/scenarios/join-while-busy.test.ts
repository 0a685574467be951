// Goal: who joins while things go on, or while a server of the room is away, comes to have the room's state like everybody else.
// Method: plays in a simulated world. The answer to a join is slow, so that events overtake it; or a server whose users are in the room is
// dead when another one joins.
import assert from 'node:assert/strict'
import { scenario } from '../../packages/testkit/src/scenario/scenario.ts'

scenario('events that came before the answer to a join, with a past of which nobody tells the state', async (world) => {
  const [a, b, c] = [await world.server('a'), await world.server('b'), await world.server('c')]
  const [alice, bob, carol] = [await world.act(a.user('alice')), await world.act(b.user('bob')), await world.act(c.user('carol'))]
  const room = await world.act(alice.createRoom({ version: '10' }))
  await world.act(carol.join(room, a))
  await world.act(carol.say(room, 'one'))
  await world.act(alice.say(room, 'two'))
  await world.settle()
  // Only carol's server is left, and its history begins with her join.
  await world.act(alice.leave(room))
  await world.settle()
  world.network.weather = (from, _to, request) => ({ ms: from === b.name && request.path.includes('send_join') ? 2_000 : 5 })
  const joining = bob.join(room, c)
  await world.settle(100)
  await world.act(carol.say(room, 'beside the join'))
  await world.act(joining)
  const after = await world.act(carol.say(room, 'after the join'))
  await world.settle()
  const state = await world.act(bob.state(room))
  assert.deepEqual(state, await world.act(carol.state(room)))
  // Who reads back sees the same: how the state moved, in the order of the timeline, comes to what it is.
  const moves = b.rows('SELECT e.event_id, c.key FROM state_changes c JOIN events e ON e.room = c.room AND e.event = c.new ORDER BY c.pos')
  const last = new Map(moves.map((row) => [row['key'], String(row['event_id'])]))
  const now = new Set(state.values())
  assert.deepEqual(
    [...last.values()].filter((id) => !now.has(id)),
    [],
  )
  assert.equal(await world.act(bob.sees(room, after)), true)
  const answer = await world.act(bob.say(room, 'here'))
  await world.settle()
  assert.equal(await world.act(carol.sees(room, answer)), true)
})

for (const [title, ms, restart] of [
  ['for a moment', 10_000, false],
  ['for ten minutes', 600_000, false],
  ['for ten minutes, and the one that joined was restarted meanwhile', 600_000, true],
] as const) {
  scenario(`a member whose server is away ${title} when somebody else joins`, async (world) => {
    const [a, b, c] = [await world.server('a'), await world.server('b'), await world.server('c')]
    const [alice, bob, carol] = [await world.act(a.user('alice')), await world.act(b.user('bob')), await world.act(c.user('carol'))]
    const room = await world.act(alice.createRoom())
    await world.act(bob.join(room, a))
    await world.settle()
    b.kill()
    await world.act(carol.join(room, a))
    await world.settle(ms / 2)
    // Nobody waits for a server that may never be back.
    if (ms > 60_000) assert.equal((await world.act(carol.state(room))).has(`m.room.member|${bob.userId}`), false)
    if (restart) {
      c.kill()
      await c.start()
    }
    await world.settle(ms / 2)
    const between = await world.act(carol.say(room, 'without bob'))
    await b.start()
    await world.act(bob.say(room, 'back'))
    await world.settle()
    const said = await world.act(bob.say(room, 'here again'))
    await world.settle()
    assert.equal(await world.act(carol.sees(room, said)), true)
    await world.act(carol.say(room, 'with bob'))
    await world.settle()
    assert.equal(await world.act(bob.sees(room, between)), true)
    const state = await world.act(alice.state(room))
    for (const each of [bob, carol]) assert.deepEqual(await world.act(each.state(room)), state)
    assert.deepEqual(c.rows('SELECT * FROM partial_joins'), [])
    assert.deepEqual(c.rows('SELECT event_id FROM events WHERE provisional = 1'), [])
  })
}

scenario('a member whose server does not come back is let go after an hour', async (world) => {
  const [a, b, c] = [await world.server('a'), await world.server('b'), await world.server('c')]
  const [alice, bob, carol] = [await world.act(a.user('alice')), await world.act(b.user('bob')), await world.act(c.user('carol'))]
  const room = await world.act(alice.createRoom())
  await world.act(bob.join(room, a))
  await world.settle()
  b.kill()
  await world.act(carol.join(room, a))
  await world.act(carol.say(room, 'hello'))
  await world.settle()
  assert.equal(c.rows('SELECT * FROM partial_joins').length, 1)
  await world.settle(80 * 60_000)
  assert.deepEqual(c.rows('SELECT * FROM partial_joins'), [])
  assert.deepEqual(c.rows('SELECT event_id FROM events WHERE provisional = 1'), [])
  const said = await world.act(alice.say(room, 'still here'))
  await world.settle()
  assert.equal(await world.act(carol.sees(room, said)), true)
})

scenario('a member whose server is out of reach, and the server that let one in is gone when it can be reached', async (world) => {
  const [a, b, c] = [await world.server('a'), await world.server('b'), await world.server('c')]
  const [alice, bob, carol] = [await world.act(a.user('alice')), await world.act(b.user('bob')), await world.act(c.user('carol'))]
  const room = await world.act(alice.createRoom())
  await world.act(bob.join(room, a))
  // Bob's server has the key of carol's, which has not got the other one.
  await world.act(carol.request('GET', `/profile/${bob.userId}`))
  await world.settle()
  world.cut(b, c)
  await world.act(carol.join(room, a))
  await world.settle(5 * 60_000)
  assert.equal((await world.act(carol.state(room))).has(`m.room.member|${bob.userId}`), false)
  const said = [await world.act(carol.say(room, 'without bob')), await world.act(bob.say(room, 'without carol'))]
  await world.settle()
  // What follows what bob said cannot be judged without that.
  said.push(await world.act(alice.say(room, 'with both')))
  await world.settle(30 * 60_000)
  a.kill()
  const late = await world.act(carol.say(room, 'heard by nobody'))
  world.heal()
  await world.act(bob.request('GET', `/profile/${carol.userId}`))
  await world.settle(3 * 60_000)
  assert.equal((await world.act(carol.state(room))).has(`m.room.member|${bob.userId}`), true)
  assert.deepEqual(c.rows('SELECT * FROM partial_joins'), [])
  world.cut(b, c)
  for (const id of said) assert.equal(await world.act(carol.sees(room, id)), true)
  for (const id of [...said, late]) assert.equal(await world.act(bob.sees(room, id)), true)
})
