// Goal: membership means the same on all servers: who is out hears nothing more, and a dead server keeps nobody in or out.
// Method: plays in a simulated world.
import assert from 'node:assert/strict'
import { objectAt, objectsAt } from '../../packages/testkit/src/client/json.ts'
import { scenario } from '../../packages/testkit/src/scenario/scenario.ts'
import { SimRefused } from '../../packages/testkit/src/scenario/sim-user.ts'

scenario('an invited person on another server joins a private room', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(b.user('bob'))]
  const room = await world.act(alice.createRoom({ preset: 'private_chat' }))
  await assert.rejects(world.act(bob.join(room, a)), SimRefused)
  await world.act(alice.invite(room, bob))
  await world.act(bob.join(room))
  const hello = await world.act(bob.say(room, 'thank you'))
  await world.settle()
  assert.ok(await world.act(alice.sees(room, hello)))
})

scenario('an invite from a server that is gone can be declined', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(b.user('bob'))]
  const room = await world.act(alice.createRoom({ preset: 'private_chat' }))
  await world.act(alice.invite(room, bob))
  a.kill()
  await world.act(bob.leave(room))
  await assert.rejects(world.act(bob.join(room)), SimRefused)
})

scenario('who was kicked hears no more', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(b.user('bob'))]
  const room = await world.act(alice.createRoom())
  await world.act(bob.join(room, a))
  await world.settle()
  await world.act(alice.kick(room, bob))
  await world.settle()
  const secret = await world.act(alice.say(room, 'now that we are alone'))
  await world.settle()
  assert.ok(!(await world.act(bob.sees(room, secret))))
  await assert.rejects(world.act(bob.say(room, 'let me in')), SimRefused)
})

scenario('both sides of a netsplit change the room, and agree afterwards', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(b.user('bob'))]
  const room = await world.act(alice.createRoom({ version: '11' }))
  await world.act(bob.join(room, a))
  await world.act(alice.setState(room, 'm.room.power_levels', { users: { [alice.userId]: 100, [bob.userId]: 50 } }))
  await world.settle()

  world.cut(a, b)
  await world.act(alice.setState(room, 'm.room.topic', { topic: 'tea' }))
  await world.act(alice.setState(room, 'm.room.name', { name: 'Kitchen' }))
  await world.settle(5_000)
  await world.act(bob.setState(room, 'm.room.topic', { topic: 'coffee' }))
  await world.act(bob.say(room, 'coffee it is'))
  await world.settle(5_000)
  world.heal()
  await world.settle()

  assert.deepEqual(await alice.state(room), await bob.state(room))
  // What follows is built on both branches, by either side.
  const peace = await world.act(bob.say(room, 'whatever'))
  await world.settle()
  assert.ok(await world.act(alice.sees(room, peace)))
  assert.deepEqual(await alice.state(room), await bob.state(room))
})

scenario('a ban holds against what the banned person said meanwhile on the other side of a netsplit', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, mallory] = [await world.act(a.user('alice')), await world.act(b.user('mallory'))]
  const room = await world.act(alice.createRoom())
  await world.act(mallory.join(room, a))
  await world.settle()

  world.cut(a, b)
  await world.act(alice.ban(room, mallory))
  const rant = await world.act(mallory.say(room, 'you will hear this'))
  world.heal()
  await world.settle()

  assert.ok(!(await world.act(alice.sees(room, rant))))
  await assert.rejects(world.act(mallory.say(room, 'and this')), SimRefused)
})

scenario('three servers see one room, though two of them never meet', async (world) => {
  const [a, b, c] = [await world.server('a'), await world.server('b'), await world.server('c')]
  const [alice, bob, carol] = [await world.act(a.user('alice')), await world.act(b.user('bob')), await world.act(c.user('carol'))]
  const room = await world.act(alice.createRoom())
  await world.act(bob.join(room, a))
  await world.act(carol.join(room, a))
  await world.settle()
  world.cut(b, c)
  const fromBob = await world.act(bob.say(room, 'carol cannot hear me'))
  await world.settle(2_000)
  // What alice says next names bob's message; carol asks alice for it.
  await world.act(alice.say(room, 'bob says something'))
  await world.settle()
  assert.ok(await world.act(carol.sees(room, fromBob)))
  assert.deepEqual(await alice.state(room), await carol.state(room))
})

scenario('an invite to a room that everybody left is declined by an event that the invited see', async (world) => {
  const a = await world.server('a')
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(a.user('bob'))]
  const room = await world.act(alice.createRoom({ preset: 'private_chat' }))
  await world.act(alice.invite(room, bob))
  const before = String((await world.act(bob.request('GET', '/sync')))['next_batch'])
  await world.act(alice.leave(room))
  await world.act(bob.leave(room))
  const { rooms } = await world.act(bob.request('GET', `/sync?since=${before}`))
  const left = objectAt(objectAt(objectAt(rooms)['leave'])[room])
  const last = objectsAt(objectAt(left['timeline']), 'events').at(-1)
  assert.deepEqual([last?.['type'], last?.['state_key']], ['m.room.member', bob.userId])
  await assert.rejects(world.act(bob.join(room)), SimRefused)
})

scenario('a room is forgotten, and the devices that did not know of its leaving yet are told that once', async (world) => {
  const a = await world.server('a')
  const alice = await world.act(a.user('alice'))
  const room = await world.act(alice.createRoom())
  const before = String((await world.act(alice.request('GET', '/sync')))['next_batch'])
  await world.act(alice.leave(room))
  await world.act(alice.request('POST', `/rooms/${room}/forget`, {}))
  const filter = encodeURIComponent(JSON.stringify({ room: { include_leave: true } }))
  const told = await world.act(alice.request('GET', `/sync?since=${before}&filter=${filter}`))
  assert.deepEqual(Object.keys(objectAt(objectAt(told['rooms'])['leave'])), [room])
  for (const since of ['', `&since=${String(told['next_batch'])}`]) {
    assert.equal((await world.act(alice.request('GET', `/sync?filter=${filter}${since}`)))['rooms'], undefined)
  }
})

scenario('a join says what the client gives beside what the server decides, here and through another server', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(b.user('bob'))]
  const carol = await world.act(a.user('carol'))
  const room = await world.act(alice.createRoom())
  const body = { 'org.x': 1, membership: 'ban', displayname: 'somebody else', reason: 'tea' }
  await world.act(carol.request('POST', `/rooms/${room}/join`, body))
  await world.act(bob.request('POST', `/join/${room}?via=a`, body))
  await world.settle()
  for (const { userId } of [bob, carol]) {
    const content = await world.act(alice.request('GET', `/rooms/${room}/state/m.room.member/${userId}`))
    assert.deepEqual(content, { 'org.x': 1, membership: 'join', displayname: userId.slice(1, -2), reason: 'tea' })
  }
})

scenario('members of one room may join another on a server that lets them, and on no other', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(b.user('bob'))]
  const [club, room] = [await world.act(alice.createRoom({ version: '11' })), await world.act(alice.createRoom({ version: '11' }))]
  const allow = [{ type: 'm.room_membership', room_id: club }]
  await world.act(alice.setState(room, 'm.room.join_rules', { join_rule: 'restricted', allow }))
  await assert.rejects(world.act(bob.join(room, a)), SimRefused)
  await world.act(bob.join(club, a))
  await world.act(bob.join(room, a))
  await world.settle()
  const content = await world.act(alice.request('GET', `/rooms/${room}/state/m.room.member/${bob.userId}`))
  assert.deepEqual([content['membership'], content['join_authorised_via_users_server']], ['join', alice.userId])
  const said = await world.act(bob.say(room, 'here I am'))
  assert.ok(await world.act(bob.sees(room, said)))
})

scenario('who declines an invite from afar, or loses it, is shown the end of it', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(b.user('bob'))]
  const shown = async (room: string, since: string): Promise<unknown> => {
    const left = objectAt(await world.act(bob.request('GET', `/sync?since=${since}`)), 'rooms', 'leave', room, 'timeline')
    return objectsAt(left, 'events').map((event) => [event['type'], event['sender'], objectAt(event['content'])['membership']])
  }
  for (const ender of [bob, alice]) {
    const room = await world.act(alice.createRoom({ preset: 'private_chat' }))
    await world.act(alice.invite(room, bob))
    const before = String((await world.act(bob.request('GET', '/sync')))['next_batch'])
    await world.act(ender === bob ? bob.leave(room) : alice.kick(room, bob))
    await world.settle()
    assert.deepEqual(await shown(room, before), [['m.room.member', ender.userId, 'leave']])
    // What is over can begin anew.
    await world.act(alice.invite(room, bob))
    await world.act(bob.join(room))
  }
})

scenario('who vouches for a join is not for the client to say', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(b.user('bob'))]
  const room = await world.act(alice.createRoom({ version: '11' }))
  await world.act(bob.join(room, a))
  const content = { membership: 'join', displayname: 'Bobby', join_authorised_via_users_server: 'unused' }
  const renamed = await world.act(bob.setState(room, 'm.room.member', content, bob.userId))
  await world.settle()
  assert.ok(await world.act(alice.sees(room, renamed)))
})

scenario(
  'an invite is declined through the server that it came from, and if that is gone through another one in the room',
  async (world) => {
    const [a, b, c] = [await world.server('a'), await world.server('b'), await world.server('c')]
    const [alice, bob, carol] = [await world.act(a.user('alice')), await world.act(b.user('bob')), await world.act(c.user('carol'))]
    const asked: string[] = []
    world.network.onDelivery = (from, to, { path }, answer) => {
      if (answer === undefined && from === b.name && path.includes('/make_leave/')) asked.push(to)
    }
    for (const isGone of [false, true]) {
      const room = await world.act(alice.createRoom({ version: '11' }))
      await world.act(alice.setState(room, 'm.room.power_levels', { users: { [alice.userId]: 100, [carol.userId]: 50 } }))
      await world.act(carol.join(room, a))
      // What carol says of the room tells bob's server that hers is in it.
      await world.act(carol.setState(room, 'm.room.topic', { topic: 'tea' }))
      await world.settle()
      await world.act(alice.invite(room, bob))
      await world.settle()
      if (isGone) world.cut(a, b)
      asked.length = 0
      await world.act(bob.leave(room))
      await world.settle()
      assert.deepEqual(asked, [isGone ? c.name : a.name])
      for (const user of [alice, carol]) {
        const member = await world.act(user.request('GET', `/rooms/${room}/state/m.room.member/${bob.userId}`))
        assert.equal(member['membership'], 'leave')
      }
    }
  },
)

scenario('a server that was gone when its invite was declined is told when it is back, unless there is a new invite', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(b.user('bob'))]
  const rooms = [
    await world.act(alice.createRoom({ preset: 'private_chat' })),
    await world.act(alice.createRoom({ preset: 'private_chat' })),
  ]
  for (const room of rooms) await world.act(alice.invite(room, bob))
  world.cut(a, b)
  for (const room of rooms) await world.act(bob.leave(room))
  await world.settle(30_000)
  world.heal()
  const [over = '', again = ''] = rooms
  await world.act(alice.kick(again, bob))
  await world.act(alice.invite(again, bob))
  await world.settle(15 * 60_000)
  const membership = async (room: string): Promise<unknown> =>
    (await world.act(alice.request('GET', `/rooms/${room}/state/m.room.member/${bob.userId}`)))['membership']
  assert.deepEqual([await membership(over), await membership(again)], ['leave', 'invite'])
  await world.act(bob.join(again))
})

scenario('a declined invite is told after a crash too, and given up after a day or so', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(b.user('bob'))]
  const membership = async (room: string): Promise<unknown> =>
    (await world.act(alice.request('GET', `/rooms/${room}/state/m.room.member/${bob.userId}`)))['membership']
  const declined = async (): Promise<string> => {
    const room = await world.act(alice.createRoom({ preset: 'private_chat' }))
    await world.act(alice.invite(room, bob))
    world.cut(a, b)
    await world.act(bob.leave(room))
    b.kill()
    await world.act(b.start())
    return room
  }
  const told = await declined()
  world.heal()
  await world.settle(15 * 60_000)
  assert.equal(await membership(told), 'leave')

  const givenUp = await declined()
  // In the middle of the attempts: they go on where they were, so the last one is before 22 hours have passed.
  await world.settle(3_600_000)
  b.kill()
  await world.act(b.start())
  await world.settle(20.5 * 3_600_000)
  world.heal()
  await world.settle(1.5 * 3_600_000)
  assert.equal(await membership(givenUp), 'invite')
})
