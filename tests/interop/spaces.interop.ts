// Goal: spaces that reach over both servers are walked from either, rooms are summed up across them, events are found by time where
// only the other server has them, and a room that one of them upgrades goes on in its successor.
// Method: Synapse on the other side; each play in both directions.

import assert from 'node:assert/strict'
import { at, objectsAt, stringAt } from '../../packages/testkit/src/client/json.ts'
import type { MatrixClient } from '../../packages/testkit/src/client/matrix-client.ts'
import { newUser } from './servers.ts'
import { assertSameState, publicRoom, scenario, sharedRoom } from './scenario.ts'

const enc = encodeURIComponent

async function hierarchy(user: MatrixClient, space: string): Promise<string[]> {
  return objectsAt(await user.call('GET', `v1/rooms/${enc(space)}/hierarchy`), 'rooms').map((room) => stringAt(room, 'room_id'))
}

scenario(
  'a space with rooms of both servers',
  async ({ host, guest, version }) => {
    const [alice, bob] = [await newUser(host, 'alice'), await newUser(guest, 'bob')]
    const space = { creation_content: { type: 'm.space' } }
    const root = await publicRoom(alice, version, [], space)
    const beyond = await publicRoom(bob, version, [], space)
    const [near, far, hidden] = [
      await publicRoom(alice, version, [], { name: 'Near' }),
      await publicRoom(bob, version, [], { name: 'Far' }),
      await bob.createRoom({ preset: 'private_chat', room_version: version }),
    ]
    const link = (user: MatrixClient, from: string, to: string, via: string, order: string): Promise<string> =>
      user.sendState(from, 'm.space.child', { via: [via], order }, to)
    await link(alice, root, beyond, guest.serverName, 'a')
    await link(alice, root, near, host.serverName, 'b')
    await link(bob, beyond, far, guest.serverName, 'a')
    await link(bob, beyond, hidden, guest.serverName, 'b')
    assert.deepEqual(await hierarchy(alice, root), [root, beyond, far, near])
    await bob.join(root, [host.serverName])
    assert.deepEqual(await hierarchy(bob, root), [root, beyond, far, hidden, near])
    const summary = await alice.call('GET', `v1/room_summary/${enc(far)}?via=${enc(guest.serverName)}`)
    assert.deepEqual([at(summary, 'name'), at(summary, 'join_rule'), at(summary, 'membership')], ['Far', 'public', 'leave'])
    assert.equal((await alice.request('GET', `v1/room_summary/${enc(hidden)}?via=${enc(guest.serverName)}`)).status, 404)
  },
  ['11', '12'],
)

scenario(
  'an event from before the join, by its time',
  async ({ host, guest, version }) => {
    const [alice, bob] = [await newUser(host, 'alice'), await newUser(guest, 'bob')]
    const room = await publicRoom(alice, version)
    const early = await alice.sendText(room, 'early')
    // What follows has another time, however fast the machine is.
    await new Promise((resolve) => void setTimeout(resolve, 10))
    for (let n = 0; n < 15; n += 1) await alice.sendText(room, `noise ${n}`)
    await bob.join(room, [host.serverName])
    const time = Number(at(await alice.call('GET', `v3/rooms/${enc(room)}/event/${enc(early)}`), 'origin_server_ts'))
    const found = await bob.call('GET', `v1/rooms/${enc(room)}/timestamp_to_event?ts=${time}&dir=b`)
    assert.deepEqual([at(found, 'event_id'), at(found, 'origin_server_ts')], [early, time])
    assert.equal(at(await bob.call('GET', `v3/rooms/${enc(room)}/context/${enc(early)}?limit=0`), 'event', 'event_id'), early)
  },
  ['11'],
)

scenario('a room is upgraded, and its members follow', async (placement) => {
  const { host } = placement
  const { roomId, alice, bob } = await sharedRoom(placement, { name: 'Den', topic: 'Tea' })
  const self = enc(bob.userId)
  await bob.call('PUT', `v3/user/${self}/rooms/${enc(roomId)}/tags/m.favourite`, { order: 0.5 })
  await bob.call('PUT', `v3/pushrules/global/room/${enc(roomId)}`, { actions: ['notify'] })
  const answer = await alice.call('POST', `v3/rooms/${enc(roomId)}/upgrade`, { new_version: '12' })
  const made = stringAt(answer, 'replacement_room')
  await bob.waitForRoom(roomId, 'the tombstone', (room) => room.stateContent('m.room.tombstone')?.['replacement_room'] === made)
  await bob.waitForRoom(roomId, 'its silence', (room) => room.stateContent('m.room.power_levels')?.['events_default'] === 50)
  await bob.join(made, [host.serverName])
  await alice.waitForRoom(made, "bob's join", (room) => room.membership(bob.userId) === 'join')
  await assertSameState(made, alice, bob)
  await assertSameState(roomId, alice, bob)
  assert.deepEqual((await bob.state(made, 'm.room.create'))['predecessor'], { room_id: roomId })
  assert.deepEqual([(await bob.state(made, 'm.room.name'))['name'], (await bob.state(made, 'm.room.topic'))['topic']], ['Den', 'Tea'])
  assert.deepEqual((await bob.state(made, 'm.room.power_levels'))['users'], { [bob.userId]: 50 })
  const said = await bob.sendText(made, 'here we are')
  await alice.waitForEvent(made, said)
  // On both servers, the member's settings have come along.
  const tags = await settled(
    () => bob.call('GET', `v3/user/${self}/rooms/${enc(made)}/tags`),
    (body) => at(body, 'tags', 'm.favourite') !== undefined,
  )
  assert.deepEqual(at(tags, 'tags'), { 'm.favourite': { order: 0.5 } })
  const rule = () => bob.request('GET', `v3/pushrules/global/room/${enc(made)}`).then(({ status }) => status)
  assert.equal(await settled(rule, (status) => status === 200), 200)
})

/** Ask until the answer is what is waited for, two minutes at most. */
async function settled<T>(ask: () => Promise<T>, isDone: (body: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    const body = await ask()
    if (isDone(body) || tries >= 1_200) return body
    await new Promise((resolve) => void setTimeout(resolve, 100))
  }
}
