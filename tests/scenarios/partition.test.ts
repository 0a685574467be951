// Goal: after a partition heals, all servers hold the same events and the same state within a minute, without anybody doing anything
// (P10), also when both sides turned the room's rules over and over (S21).
// Method: plays in a simulated world; before anything is read all wires are cut, so that reading can bring nothing.
import assert from 'node:assert/strict'
import { scenario, type World } from '../../packages/testkit/src/scenario/scenario.ts'
import type { SimServer } from '../../packages/testkit/src/scenario/sim-server.ts'
import type { SimUser } from '../../packages/testkit/src/scenario/sim-user.ts'

interface Trio {
  readonly servers: readonly [SimServer, SimServer, SimServer]
  readonly people: readonly [SimUser, SimUser, SimUser]
  readonly room: string
}

/** A room of three people on three servers; the first two have all power. */
async function trio(world: World, version: string): Promise<Trio> {
  const servers = [await world.server('a'), await world.server('b'), await world.server('c')] as const
  const [a, b, c] = servers
  const alice = await world.act(a.user('alice'))
  const bob = await world.act(b.user('bob'))
  const carol = await world.act(c.user('carol'))
  const room = await world.act(alice.createRoom({ version }))
  await world.act(bob.join(room, a))
  await world.act(carol.join(room, a))
  const users = { ...(version === '12' ? {} : { [alice.userId]: 100 }), [bob.userId]: 100 }
  await world.act(alice.setState(room, 'm.room.power_levels', { users }))
  await world.settle()
  return { servers, people: [alice, bob, carol], room }
}

/** Everybody has these events, and the same state; nothing is fetched to show it. */
async function assertOne(world: World, { servers: [a, b, c], people, room }: Trio, sent: readonly string[]): Promise<void> {
  for (const [one, other] of [
    [a, b],
    [a, c],
    [b, c],
  ] as const) {
    world.cut(one, other)
  }
  const [first, ...others] = await Promise.all(people.map((person) => world.act(person.state(room))))
  for (const [index, other] of others.entries()) assert.deepEqual(other, first, `the state of ${people[index + 1]?.userId}`)
  for (const person of people) {
    const seen = new Set((await world.act(person.timeline(room))).map((event) => event['event_id']))
    const lacking = sent.filter((id) => !seen.has(id))
    assert.deepEqual(lacking, [], `${person.userId} lacks ${lacking.length} of ${sent.length}`)
  }
}

for (const version of ['10', '12']) {
  scenario(`ten minutes apart, three servers come to hold the same (room version ${version})`, async (world) => {
    const all = await trio(world, version)
    const { servers, people, room } = all
    const [a, b, c] = servers
    const [alice, bob, carol] = people
    world.cut(a, b)
    world.cut(a, c)
    const sent: string[] = []
    for (let minute = 0; minute < 10; minute += 1) {
      for (const person of people) sent.push(await world.act(person.say(room, `${person.userId} at minute ${minute}`)))
      await world.act(alice.setState(room, 'm.room.topic', { topic: `a ${minute}` }))
      await world.act(bob.setState(room, 'm.room.topic', { topic: `b ${minute}` }))
      await world.act(carol.setState(room, 'm.room.member', { membership: 'join', displayname: `Carol ${minute}` }, carol.userId))
      await world.settle(60_000)
    }
    world.heal()
    await world.settle()
    await assertOne(world, all, sent)
  })
}

scenario(
  'an event whose past cannot be had is kept, and shown once it can be fetched, over a restart and without anybody saying more',
  async (world) => {
    const { servers, people, room } = await trio(world, '11')
    const [a, b, c] = servers
    const [alice, bob, carol] = people
    world.cut(a, b)
    const question = await world.act(alice.say(room, 'only Carol hears this'))
    await world.settle()
    // What Carol answers comes to Bob's server, which cannot ask what she answers to.
    world.network.cut(b.name, c.name)
    const answer = await world.act(carol.say(room, 'yes'))
    await world.settle(3_000)
    assert.equal(await world.act(bob.sees(room, answer)), false)
    b.kill()
    await b.start()
    world.network.mend(b.name, c.name)
    await world.settle()
    for (const event of [question, answer]) assert.ok(await world.act(bob.sees(room, event)))
  },
)

scenario('who is thrown out on one side only, and in again when both meet, gets what was said to nobody meanwhile', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(b.user('bob'))]
  const room = await world.act(alice.createRoom())
  await world.act(bob.join(room, a))
  await world.settle()
  world.cut(a, b)
  const sent = [await world.act(alice.say(room, 'Bob?'))]
  await world.act(bob.setState(room, 'm.room.member', { membership: 'join', displayname: 'Bob' }, bob.userId))
  await world.settle(60_000)
  await world.act(alice.kick(room, bob))
  for (const text of ['is he gone?', 'he is']) sent.push(await world.act(alice.say(room, text)))
  await world.settle(60_000)
  world.heal()
  await world.settle()
  world.cut(a, b)
  for (const person of [alice, bob]) {
    const { chunk } = await world.act(person.request('GET', `/rooms/${encodeURIComponent(room)}/members?membership=join`))
    assert.equal(Array.isArray(chunk) ? chunk.length : 0, 2)
    for (const event of sent) assert.ok(await world.act(person.sees(room, event)), `${person.userId} lacks ${event}`)
  }
})

scenario('S21: a thousand turns of join rules and bans on both sides of a netsplit leave one state', async (world) => {
  const all = await trio(world, '11')
  const { servers, people, room } = all
  const [a, b, c] = servers
  const [alice, bob] = people
  world.cut(a, b)
  world.cut(a, c)
  const sent: string[] = []
  // More on one side than its server sends after an outage: the others have to ask for what is between.
  for (let turn = 0; turn < 300; turn += 1) {
    sent.push(await world.act(alice.setState(room, 'm.room.join_rules', { join_rule: turn % 2 === 0 ? 'invite' : 'public' })))
    sent.push(await world.act(alice.setState(room, 'm.room.member', { membership: turn % 2 === 0 ? 'ban' : 'leave' }, '@dave:d')))
    if (turn >= 200) continue
    sent.push(await world.act(bob.setState(room, 'm.room.join_rules', { join_rule: turn % 2 === 0 ? 'knock' : 'invite' })))
    sent.push(await world.act(bob.setState(room, 'm.room.member', { membership: turn % 2 === 0 ? 'leave' : 'ban' }, '@dave:d')))
  }
  world.heal()
  await world.settle()
  await assertOne(world, all, sent)
})
