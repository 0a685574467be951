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
  assert.deepEqual(await world.act(bob.state(room)), await world.act(carol.state(room)))
  assert.equal(await world.act(bob.sees(room, after)), true)
  const answer = await world.act(bob.say(room, 'here'))
  await world.settle()
  assert.equal(await world.act(carol.sees(room, answer)), true)
})

scenario('a member whose server is away for a moment when somebody else joins', async (world) => {
  const [a, b, c] = [await world.server('a'), await world.server('b'), await world.server('c')]
  const [alice, bob, carol] = [await world.act(a.user('alice')), await world.act(b.user('bob')), await world.act(c.user('carol'))]
  const room = await world.act(alice.createRoom())
  await world.act(bob.join(room, a))
  await world.settle()
  b.kill()
  await world.act(carol.join(room, a))
  await world.settle(10_000)
  await b.start()
  await world.settle()
  assert.deepEqual(await world.act(carol.state(room)), await world.act(alice.state(room)))
  const said = await world.act(bob.say(room, 'here again'))
  await world.settle()
  assert.equal(await world.act(carol.sees(room, said)), true)
})
