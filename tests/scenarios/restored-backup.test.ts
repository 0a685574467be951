// Goal: after an older backup of a server was put back, no one-time key is given twice, and no list of devices stays wrong (E02, E05).
// Method: plays in a simulated world: a copy of the database is put back over what happened since, as an operator does it.
import assert from 'node:assert/strict'
import { objectAt } from '../../packages/testkit/src/client/json.ts'
import { SimDevice } from '../../packages/testkit/src/scenario/sim-device.ts'
import { scenario, type World } from '../../packages/testkit/src/scenario/scenario.ts'
import type { SimServer } from '../../packages/testkit/src/scenario/sim-server.ts'

const algorithm = 'signed_curve25519'

interface Scene {
  readonly a: SimServer
  readonly b: SimServer
  readonly alice: SimDevice
  readonly bob: SimDevice
  readonly room: string
}

/** Alice on a and bob on b share a room, and each server keeps the other's list. */
async function scene(world: World): Promise<Scene> {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(b.user('bob'))]
  const [near, far] = [await world.act(SimDevice.of(alice)), await world.act(SimDevice.of(bob))]
  const room = await world.act(alice.createRoom())
  await world.act(bob.join(room, a))
  for (const device of [near, far]) await world.act(device.upload(3))
  await world.settle()
  await world.act(near.query(bob.userId))
  await world.act(far.query(alice.userId))
  await world.settle()
  for (const device of [near, far]) await world.act(device.sync())
  return { a, b, alice: near, bob: far, room }
}

async function claim(world: World, by: SimDevice, of: SimDevice): Promise<string[]> {
  const body = { one_time_keys: { [of.user.userId]: { [of.deviceId]: algorithm } } }
  const { one_time_keys: keys } = await world.act(by.user.request('POST', '/keys/claim', body))
  return Object.keys(objectAt(objectAt(objectAt(keys)[of.user.userId] ?? {})[of.deviceId] ?? {}))
}

async function devicesSeen(world: World, by: SimDevice, userId: string): Promise<string[]> {
  const { device_keys: keys } = await world.act(by.query(userId))
  return Object.keys(objectAt(objectAt(keys)[userId] ?? {})).sort()
}

async function putBack(world: World, server: SimServer, backup: Uint8Array): Promise<void> {
  server.kill()
  server.restore(backup)
  await server.start()
  await world.settle()
}

scenario('E02: no one-time key is given again by a server whose backup was put back', async (world) => {
  const { b, alice, bob } = await scene(world)
  const fallback = { fallback_keys: { [`${algorithm}:f`]: { key: 'last', fallback: true, signatures: {} } } }
  await world.act(bob.user.request('POST', '/keys/upload', fallback))
  const backup = b.backup()
  assert.deepEqual(await claim(world, alice, bob), [`${algorithm}:0`])
  assert.deepEqual(await claim(world, alice, bob), [`${algorithm}:1`])

  await putBack(world, b, backup)
  // Nothing is left to give but the key that may be given often, which does not count as unused any more.
  assert.deepEqual(await claim(world, alice, bob), [`${algorithm}:f`])
  const answer = await world.act(bob.sync())
  assert.deepEqual(answer['device_one_time_keys_count'], { [algorithm]: 0 })
  assert.deepEqual(answer['device_unused_fallback_key_types'], [])
  await world.act(bob.upload(1))
  assert.deepEqual(await claim(world, alice, bob), [`${algorithm}:3`])
})

scenario('a client of a server whose backup was put back begins anew, and reads on', async (world) => {
  const { b, alice, bob, room } = await scene(world)
  const backup = b.backup()
  await world.act(alice.user.say(room, 'after the backup'))
  await world.settle()
  await world.act(bob.sync())
  const before = bob.since
  await putBack(world, b, backup)
  await world.act(alice.user.say(room, 'after the restore'))
  await world.settle()
  const answer = await world.act(bob.sync())
  const joined = objectAt(objectAt(objectAt(answer['rooms'])['join'])[room])
  const { events } = objectAt(joined['timeline'])
  assert.ok(Array.isArray(events))
  // What was lost came back with what followed on it.
  const bodies = events.map((event: unknown) => objectAt(objectAt(event)['content'])['body']).filter((body) => body !== undefined)
  assert.deepEqual(bodies.slice(-2), ['after the backup', 'after the restore'])
  assert.notEqual(bob.since?.split('_')[1], before?.split('_')[1])
  // Bob's client does not know that it begins anew: whose devices may have changed meanwhile it is told.
  const { changed } = objectAt(answer['device_lists'])
  assert.ok(Array.isArray(changed) && changed.includes(alice.user.userId))
  assert.deepEqual(objectAt((await world.act(bob.sync()))['rooms'] ?? {}), {})
})

scenario('E05: lists of devices become equal again on both sides, and later changes are told', async (world) => {
  const { a, b, alice, bob } = await scene(world)
  const backup = b.backup()
  // Bob's tablet is forgotten by b, and alice's has never been heard of there.
  const lost = await world.act(SimDevice.of(await world.act(b.login('bob'))))
  await world.act(lost.upload())
  for (let n = 0; n < 5; n += 1) await world.act(bob.user.request('PUT', `/devices/${bob.deviceId}`, { display_name: `name ${n}` }))
  const tablet = await world.act(SimDevice.of(await world.act(a.login('alice'))))
  await world.act(tablet.upload())
  await world.settle()
  assert.deepEqual(await devicesSeen(world, alice, bob.user.userId), [bob.deviceId, lost.deviceId].sort())
  await world.act(alice.sync())

  await putBack(world, b, backup)
  await world.settle(60_000)
  assert.deepEqual((await world.act(alice.lists())).changed, [bob.user.userId])
  world.cut(a, b)
  assert.deepEqual(await devicesSeen(world, alice, bob.user.userId), [bob.deviceId])
  assert.deepEqual(await devicesSeen(world, bob, alice.user.userId), [alice.deviceId, tablet.deviceId].sort())
  world.heal()

  const next = await world.act(SimDevice.of(await world.act(b.login('bob'))))
  await world.act(next.upload())
  await world.settle(60_000)
  world.cut(a, b)
  assert.deepEqual(await devicesSeen(world, alice, bob.user.userId), [bob.deviceId, next.deviceId].sort())
})
