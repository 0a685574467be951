// Goal: into a restricted room leads only the word of a server that can tell that one may, and the next server is asked where one cannot.
// Method: plays in a simulated world.
import assert from 'node:assert/strict'
import { scenario } from '../../packages/testkit/src/scenario/scenario.ts'
import { SimRefused, type SimUser } from '../../packages/testkit/src/scenario/sim-user.ts'

const refusedWith = (code: string) => (error: unknown) => error instanceof SimRefused && error.code === code

function joinVia(user: SimUser, room: string, ...servers: string[]): Promise<unknown> {
  return user.request('POST', `/join/${encodeURIComponent(room)}?${servers.map((server) => `via=${server}`).join('&')}`, {})
}

scenario('a server that has left the room whose members may join no longer says who is in it', async (world) => {
  const [a, b, c] = [await world.server('a'), await world.server('b'), await world.server('c')]
  const [alice, bob, carol] = [await world.act(a.user('alice')), await world.act(b.user('bob')), await world.act(c.user('carol'))]
  const [club, room] = [await world.act(alice.createRoom({ version: '11' })), await world.act(alice.createRoom({ version: '11' }))]
  const allow = [{ type: 'm.room_membership', room_id: club }]
  await world.act(alice.setState(room, 'm.room.join_rules', { join_rule: 'restricted', allow }))
  for (const user of [bob, carol]) await world.act(user.join(club, a))
  await world.act(bob.join(room, a))
  // Nobody on b may let people in; a has somebody.
  await world.act(alice.setState(room, 'm.room.power_levels', { invite: 100, users: { [alice.userId]: 100 } }))
  await world.settle()
  await assert.rejects(world.act(joinVia(carol, room, 'b')), refusedWith('M_UNABLE_TO_GRANT_JOIN'))
  await world.act(joinVia(carol, room, 'b', 'a'))
  await world.act(carol.leave(room))
  await world.act(alice.setState(room, 'm.room.power_levels', { invite: 100, users: { [alice.userId]: 100, [bob.userId]: 100 } }))
  await world.settle()
  // Now b could, but is no longer in the club; that carol was, when b left, says nothing.
  await world.act(bob.leave(club))
  await world.settle()
  await assert.rejects(world.act(joinVia(carol, room, 'b')), refusedWith('M_UNABLE_TO_AUTHORISE_JOIN'))
  await world.act(joinVia(carol, room, 'b', 'a'))
  await world.settle()
  const content = await world.act(bob.request('GET', `/rooms/${room}/state/m.room.member/${carol.userId}`))
  assert.equal(content['join_authorised_via_users_server'], alice.userId)
})

scenario('rooms whose members may join, and that no server knows, let nobody in', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, dave, bob] = [await world.act(a.user('alice')), await world.act(a.user('dave')), await world.act(b.user('bob'))]
  const room = await world.act(alice.createRoom({ version: '11' }))
  for (const [allow, abroad] of [
    [[{ type: 'm.room_membership', room_id: '!nobody:elsewhere.example' }], 'M_UNABLE_TO_AUTHORISE_JOIN'],
    [[], 'M_FORBIDDEN'],
    [[{ type: 'm.room_membership' }, { type: 'org.example.other', room_id: room }, 5], 'M_FORBIDDEN'],
  ] as const) {
    await world.act(alice.setState(room, 'm.room.join_rules', { join_rule: 'restricted', allow }))
    await assert.rejects(world.act(joinVia(bob, room, 'a')), refusedWith(abroad))
    await assert.rejects(world.act(dave.join(room)), refusedWith('M_FORBIDDEN'))
  }
})
