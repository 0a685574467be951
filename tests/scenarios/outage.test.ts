// Goal: a server that was away gets what it missed: within a minute after ten minutes, within 30 seconds of its first sign of life and
// within an hour without one after a day or a week (promises P10 and P12).
// Method: plays in a simulated world; the wires between two servers are cut for that long while people talk.
import assert from 'node:assert/strict'
import { scenario, type World } from '../../packages/testkit/src/scenario/scenario.ts'
import type { SimUser } from '../../packages/testkit/src/scenario/sim-user.ts'

const second = 1_000
const minute = 60 * second
const hour = 60 * minute

interface Outage {
  readonly alice: SimUser
  readonly bob: SimUser
  /** Another room of both, in which nothing happened meanwhile. */
  readonly quiet: string
  /** How many of the messages that alice sent meanwhile bob does not see. */
  readonly missing: () => Promise<number>
}

/** Two servers share three rooms; in two of them alice talks while bob's server is away for `ms`. It is back when this resolves. */
async function outage(world: World, ms: number): Promise<Outage> {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(b.user('bob'))]
  const rooms: string[] = []
  for (let made = 0; made < 3; made += 1) {
    const room = await world.act(alice.createRoom())
    await world.act(bob.join(room, a))
    rooms.push(room)
  }
  const [first = '', second = '', quiet = ''] = rooms
  await world.settle()
  world.cut(a, b)
  const said: [room: string, event: string][] = []
  for (let turn = 0; turn < 12; turn += 1) {
    const room = turn % 3 === 0 ? second : first
    said.push([room, await world.act(alice.say(room, `message ${turn}`))])
    await world.settle(ms / 12)
  }
  const missing = async (): Promise<number> => {
    let count = 0
    for (const room of [first, second]) {
      const seen = new Set((await world.act(bob.timeline(room))).map((event) => event['event_id']))
      count += said.filter(([where, event]) => where === room && !seen.has(event)).length
    }
    return count
  }
  assert.equal(await missing(), said.length)
  world.heal()
  return { alice, bob, quiet, missing }
}

scenario('away for ten minutes: everything is there a minute later, without anybody doing anything', async (world) => {
  const { missing } = await outage(world, 10 * minute)
  await world.settle(minute)
  assert.equal(await missing(), 0)
})

for (const [title, ms] of [
  ['ten minutes', 10 * minute],
  ['25 hours', 25 * hour],
  ['six days', 144 * hour],
] as const) {
  scenario(`away for ${title}: everything is there 30 seconds after the server's first sign of life`, async (world) => {
    const { bob, quiet, missing } = await outage(world, ms)
    await world.act(bob.say(quiet, 'back'))
    await world.settle(30 * second)
    assert.equal(await missing(), 0)
  })

  scenario(`away for ${title}: everything is there within an hour without a sign of life`, async (world) => {
    const { missing } = await outage(world, ms)
    await world.settle(hour)
    assert.equal(await missing(), 0)
  })
}

scenario('away for a day, and the sender restarts meanwhile: nothing is forgotten', async (world) => {
  const { alice, bob, quiet, missing } = await outage(world, 25 * hour)
  world.cut(alice.server, bob.server)
  alice.server.kill()
  await alice.server.start()
  await world.settle(minute)
  assert.ok((await missing()) > 0)
  world.heal()
  await world.act(bob.say(quiet, 'back'))
  await world.settle(30 * second)
  assert.equal(await missing(), 0)
})
