// Goal: devices on two servers find each other's keys, and their messages and changes arrive once, in order, whatever breaks.
// Method: plays in a simulated world: real servers above their sockets, simulated time, wires and storage.
import assert from 'node:assert/strict'
import { SimDevice } from '../../packages/testkit/src/scenario/sim-device.ts'
import { scenario, type World } from '../../packages/testkit/src/scenario/scenario.ts'
import { objectAt } from '../../packages/testkit/src/client/json.ts'
import type { SimServer } from '../../packages/testkit/src/scenario/sim-server.ts'

interface Pair {
  readonly a: SimServer
  readonly b: SimServer
  readonly alice: SimDevice
  readonly bob: SimDevice
  readonly room: string
}

/** Alice and bob, on servers a and b, in one room, with keys, and up to date. */
async function pair(world: World): Promise<Pair> {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(b.user('bob'))]
  const [first, second] = [await world.act(SimDevice.of(alice)), await world.act(SimDevice.of(bob))]
  const room = await world.act(alice.createRoom())
  await world.act(bob.join(room, a))
  await world.act(first.upload(3))
  await world.act(second.upload(3))
  await world.settle()
  await world.act(first.sync())
  await world.act(second.sync())
  return { a, b, alice: first, bob: second, room }
}

function at(value: unknown, ...names: readonly string[]): unknown {
  return names.reduce((inner, name) => objectAt(inner ?? {})[name], value)
}

scenario('keys of the other server are found, and each one-time key is claimed once, in order (E01, E02)', async (world) => {
  const { alice, bob } = await pair(world)
  const { userId } = bob.user
  for (let i = 0; i < 2; i += 1) {
    const answer = await world.act(alice.query(userId))
    assert.deepEqual(at(answer, 'device_keys', userId, bob.deviceId, 'keys'), bob.keys['keys'])
    assert.deepEqual(at(answer, 'device_keys', userId, bob.deviceId, 'signatures'), bob.keys['signatures'])
    assert.deepEqual(answer['failures'], {})
    // By then the list is kept here.
    await world.settle()
  }
  const wish = { one_time_keys: { [userId]: { [bob.deviceId]: 'signed_curve25519' } } }
  const claimed: string[] = []
  for (let i = 0; i < 4; i += 1) {
    const answer = await world.act(alice.user.request('POST', '/keys/claim', wish))
    claimed.push(...Object.keys(objectAt(at(answer, 'one_time_keys', userId, bob.deviceId) ?? {})))
  }
  assert.deepEqual(claimed, ['signed_curve25519:0', 'signed_curve25519:1', 'signed_curve25519:2'])
  assert.deepEqual((await world.act(bob.sync()))['device_one_time_keys_count'], { signed_curve25519: 0 })
})

scenario('messages to a device on the other server arrive once and in order, over a netsplit and kills of both', async (world) => {
  const { a, b, alice, bob } = await pair(world)
  const { userId } = bob.user
  await world.act(alice.send(userId, bob.deviceId, { n: 0 }))
  world.cut(a, b)
  await world.act(alice.send(userId, bob.deviceId, { n: 1 }, 'same'))
  await world.act(alice.send(userId, bob.deviceId, { n: 1 }, 'same'))
  a.kill()
  await a.start()
  await world.act(alice.send(userId, '*', { n: 2 }))
  world.heal()
  await world.settle(2 * 60_000)
  b.kill()
  await b.start()
  assert.deepEqual(await world.act(bob.messages()), [{ n: 0 }, { n: 1 }, { n: 2 }])
  assert.deepEqual(await world.act(bob.messages()), [])
})

scenario('a change of devices is told to those who share a room, and to nobody when they left (F11 is beside the code)', async (world) => {
  const { a, alice, bob, room } = await pair(world)
  assert.deepEqual(await world.act(alice.lists()), { changed: [], left: [] })
  const before = alice.since ?? ''
  await world.act(bob.user.request('PUT', `/devices/${bob.deviceId}`, { display_name: 'a new name' }))
  await world.settle()
  assert.deepEqual(await world.act(alice.lists()), { changed: [bob.user.userId], left: [] })
  assert.deepEqual(await world.act(bob.lists()), { changed: [bob.user.userId], left: [] })
  const query = `from=${encodeURIComponent(before)}&to=${encodeURIComponent(alice.since ?? '')}`
  assert.deepEqual(await world.act(alice.user.request('GET', `/keys/changes?${query}`)), { changed: [bob.user.userId], left: [] })

  // Who joins is new, who changes a name is not.
  const carol = await world.act(a.user('carol'))
  await world.act(carol.join(room))
  await world.act(bob.user.request('PUT', `/profile/${bob.user.userId}/displayname`, { displayname: 'Bob' }))
  await world.settle()
  assert.deepEqual(await world.act(alice.lists()), { changed: [carol.userId], left: [] })

  await world.act(bob.user.leave(room))
  await world.settle()
  assert.deepEqual(await world.act(alice.lists()), { changed: [], left: [bob.user.userId] })
})

scenario('a device list that missed a change is fetched until it is equal, over an outage and a kill (E05)', async (world) => {
  const { a, b, alice, bob } = await pair(world)
  const { userId } = bob.user
  await world.act(alice.query(userId))
  await world.settle()

  world.cut(a, b)
  const login = { type: 'm.login.password', identifier: { type: 'm.id.user', user: 'bob' }, password: 'a password of enough letters' }
  for (let i = 0; i < 3; i += 1) await world.act(bob.user.request('POST', '/login', { ...login, device_id: `D${i}` }))
  await world.act(bob.user.request('PUT', `/devices/${bob.deviceId}`, { display_name: 'one' }))
  // While b is away its users are answered from what is known.
  const away = await world.act(alice.query(userId))
  assert.deepEqual(Object.keys(objectAt(at(away, 'device_keys', userId))), [bob.deviceId])
  world.heal()
  // The update arrives, and then b falls silent.
  await world.settle(30_000)
  a.kill()
  await a.start()
  await world.settle(10 * 60_000)
  const answer = await world.act(alice.query(userId))
  assert.deepEqual(answer['failures'], {})
  assert.deepEqual(at(answer, 'device_keys', userId, bob.deviceId, 'keys'), bob.keys['keys'])
})

scenario('a device that logs out is gone on both servers, with its keys and messages', async (world) => {
  const { alice, bob } = await pair(world)
  const { userId } = bob.user
  await world.act(alice.query(userId))
  await world.settle()
  await world.act(bob.user.request('POST', '/logout', {}))
  await world.settle()
  assert.deepEqual(await world.act(alice.lists()), { changed: [userId], left: [] })
  assert.deepEqual(at(await world.act(alice.query(userId)), 'device_keys', userId), {})
  const wish = { one_time_keys: { [userId]: { [bob.deviceId]: 'signed_curve25519' } } }
  assert.deepEqual((await world.act(alice.user.request('POST', '/keys/claim', wish)))['one_time_keys'], {})
})
