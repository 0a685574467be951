// Goal: who knocks on a room, on its own server or another, is seen by its members, and gets in, or not, as they decide.
// Method: plays in a simulated world.
import assert from 'node:assert/strict'
import { objectAt, objectsAt } from '../../packages/testkit/src/client/json.ts'
import { scenario, type World } from '../../packages/testkit/src/scenario/scenario.ts'
import type { SimServer } from '../../packages/testkit/src/scenario/sim-server.ts'
import { SimRefused, type SimUser } from '../../packages/testkit/src/scenario/sim-user.ts'

type Json = Readonly<Record<string, unknown>>

function knock(user: SimUser, room: string, reason: string, via?: SimServer): Promise<Json> {
  const query = via === undefined ? '' : `?via=${encodeURIComponent(via.name)}`
  return user.request('POST', `/knock/${encodeURIComponent(room)}${query}`, { reason })
}

/** A section of a first /sync for the room; left rooms as well. */
async function synced(world: World, user: SimUser, section: string, room: string): Promise<Json> {
  const filter = encodeURIComponent(JSON.stringify({ room: { include_leave: true } }))
  const answer = await world.act(user.request('GET', `/sync?filter=${filter}`))
  return objectAt(objectAt(objectAt(answer['rooms'])[section])[room])
}

/** What the knock shows its sender: types of events, and the reason of the knock. */
async function knocked(world: World, user: SimUser, room: string): Promise<{ readonly types: string[]; readonly reason: unknown }> {
  const events = objectsAt(await synced(world, user, 'knock', room), 'knock_state', 'events')
  const own = events.find((event) => event['type'] === 'm.room.member' && event['state_key'] === user.userId)
  return { types: events.map((event) => String(event['type'])).sort(), reason: objectAt(own?.['content'])['reason'] }
}

function refusedWith(status: number): (error: unknown) => boolean {
  return (error) => error instanceof SimRefused && error.status === status
}

async function membership(world: World, user: SimUser, room: string, target: SimUser): Promise<unknown> {
  const path = `/rooms/${encodeURIComponent(room)}/state/m.room.member/${encodeURIComponent(target.userId)}`
  return (await world.act(user.request('GET', path)))['membership']
}

for (const place of ['the same server', 'another server'] as const) {
  scenario(`a knock from ${place}: seen, refused, taken back, accepted`, async (world) => {
    const [a, b] = [await world.server('a'), await world.server('b')]
    const alice = await world.act(a.user('alice'))
    const bob = await world.act((place === 'another server' ? b : a).user('bob'))
    const room = await world.act(alice.createRoom({ preset: 'private_chat', version: '11' }))
    await world.act(alice.setState(room, 'm.room.name', { name: 'Club' }))
    await assert.rejects(world.act(knock(bob, room, 'hello?', a)), refusedWith(403))
    await world.act(alice.setState(room, 'm.room.join_rules', { join_rule: 'knock' }))
    await assert.rejects(world.act(bob.join(room, a)), refusedWith(403))

    await world.act(knock(bob, room, 'may I?', a))
    const shown = await knocked(world, bob, room)
    assert.equal(shown.reason, 'may I?')
    for (const type of ['m.room.create', 'm.room.join_rules', 'm.room.name', 'm.room.member']) assert.ok(shown.types.includes(type), type)
    assert.equal(await membership(world, alice, room, bob), 'knock')

    await world.act(knock(bob, room, 'please', a))
    assert.equal((await knocked(world, bob, room)).reason, 'please')

    await world.act(alice.kick(room, bob))
    await world.settle()
    assert.deepEqual(await synced(world, bob, 'knock', room), {})

    // Word of the refusal is still on its way when the next knock is there.
    await world.act(knock(bob, room, 'again', a))
    await world.act(alice.kick(room, bob))
    await world.act(knock(bob, room, 'and again', a))
    await world.settle()
    assert.equal((await knocked(world, bob, room)).reason, 'and again')

    await world.act(knock(bob, room, 'sorry', a))
    await world.act(bob.leave(room))
    await world.settle()
    assert.deepEqual(await synced(world, bob, 'knock', room), {})
    assert.equal(await membership(world, alice, room, bob), 'leave')

    await world.act(knock(bob, room, 'once more', a))
    await world.act(alice.invite(room, bob))
    await world.settle()
    assert.notDeepEqual(await synced(world, bob, 'invite', room), {})
    await assert.rejects(world.act(knock(bob, room, 'already invited', a)), refusedWith(403))
    await world.act(bob.join(room, a))
    await assert.rejects(world.act(knock(bob, room, 'already in', a)), refusedWith(403))
    await world.act(alice.ban(room, bob))
    await world.settle()
    await assert.rejects(world.act(knock(bob, room, 'banned', a)), refusedWith(403))
  })
}

scenario('rooms without knocking, rooms that nobody has, and names that are none', async (world) => {
  const a = await world.server('a')
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(a.user('bob'))]
  const room = await world.act(alice.createRoom({ version: '6', alias: 'old' }))
  await assert.rejects(world.act(knock(bob, room, '')), refusedWith(403))
  await assert.rejects(world.act(knock(bob, '#old:a', '')), refusedWith(403))
  await assert.rejects(world.act(knock(bob, '#none:a', '')), refusedWith(404))
  await assert.rejects(world.act(knock(bob, '!none:a', '')), refusedWith(404))
  await assert.rejects(world.act(knock(bob, 'club', '')), refusedWith(400))
})
