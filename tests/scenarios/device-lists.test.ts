// Goal: servers hear of the devices of those who come to share a room with them, as far as they should, and what they keep becomes true again.
// Method: plays in a simulated world, with a look at what travels on its wires.
import assert from 'node:assert/strict'
import { objectAt } from '../../packages/testkit/src/client/json.ts'
import { SimDevice } from '../../packages/testkit/src/scenario/sim-device.ts'
import { scenario, type World } from '../../packages/testkit/src/scenario/scenario.ts'

type Json = Readonly<Record<string, unknown>>

/** The EDUs of a type that arrive anywhere, as `from to` and content. */
function watch(world: World, type: string): [wire: string, content: Json][] {
  const seen: [string, Json][] = []
  world.network.onDelivery = (from, to, { path, body }, answer) => {
    if (answer !== undefined || !path.startsWith('/_matrix/federation/v1/send/')) return
    const { edus } = objectAt(JSON.parse(body ?? '{}'))
    for (const edu of Array.isArray(edus) ? edus : []) {
      if (edu.edu_type === type) seen.push([`${from} ${to}`, edu.content])
    }
  }
  return seen
}

scenario('who joins is made known to servers that are new to them, once', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(b.user('bob'))]
  const phone = await world.act(SimDevice.of(bob))
  await world.act(phone.upload())
  const tablet = await world.act(SimDevice.of(await world.act(b.login('bob'))))
  await world.act(tablet.upload())
  const [one, two] = [await world.act(alice.createRoom()), await world.act(alice.createRoom())]
  const told = watch(world, 'm.device_list_update')

  await world.act(Promise.all([bob.join(one, a), bob.join(two, a)]))
  await world.settle()
  const [[wire, content] = ['', {}], ...others] = told.splice(0)
  assert.deepEqual([wire, others], ['b a', []])
  const { user_id: userId, stream_id: streamId, prev_id: before, keys } = content
  assert.deepEqual([userId, before], [bob.userId, [streamId]])
  assert.ok(
    [phone, tablet].some((device) => JSON.stringify(device.keys) === JSON.stringify(keys) || device.deviceId === content['device_id']),
  )

  // Neither another name, nor one room less, nor one more is news to a.
  await world.act(bob.request('PUT', `/profile/${bob.userId}/displayname`, { displayname: 'Bob' }))
  await world.act(bob.leave(one))
  await world.act(bob.join(await world.act(alice.createRoom()), a))
  await world.settle()
  assert.deepEqual(told.splice(0), [])

  // Having been away it is.
  for (const room of await joined(world, bob)) await world.act(bob.leave(room))
  await world.act(bob.join(one, a))
  await world.settle()
  assert.equal(told.length, 1)

  // Alice asks by and by, and is told of all devices.
  const asking = await world.act(SimDevice.of(alice))
  const { device_keys: found } = await world.act(asking.query(bob.userId))
  assert.deepEqual(Object.keys(objectAt(objectAt(found)[bob.userId])).sort(), [phone.deviceId, tablet.deviceId].sort())
})

async function joined(world: World, user: SimDevice['user']): Promise<string[]> {
  const { joined_rooms: rooms } = await world.act(user.request('GET', '/joined_rooms'))
  return Array.isArray(rooms) ? rooms : []
}

scenario('who joins sees all members, and themselves, among the changed; it is told once', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(b.user('bob'))]
  const [near, far] = [await world.act(SimDevice.of(alice)), await world.act(SimDevice.of(bob))]
  const room = await world.act(alice.createRoom())
  await world.act(near.sync())
  await world.act(far.sync())
  await world.act(bob.join(room, a))
  await world.settle()
  const { changed } = await world.act(far.lists())
  assert.ok(Array.isArray(changed))
  assert.deepEqual(changed.toSorted(), [alice.userId, bob.userId])
  assert.deepEqual(await world.act(near.lists()), { changed: [bob.userId], left: [] })
  await world.settle()
  assert.deepEqual(await world.act(near.lists()), { changed: [], left: [] })
})

scenario('whoever comes back to a room hears of the devices that its members got meanwhile', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(b.user('bob'))]
  const [phone, far] = [await world.act(SimDevice.of(alice)), await world.act(SimDevice.of(bob))]
  await world.act(phone.upload())
  const room = await world.act(alice.createRoom())
  await world.act(bob.join(room, a))
  const devices = async (): Promise<string[]> => {
    const { device_keys: found } = await world.act(far.query(alice.userId))
    return Object.keys(objectAt(objectAt(found)[alice.userId])).sort()
  }
  // Asked for, and kept from then on.
  await world.settle()
  await devices()
  await world.settle()
  await world.act(bob.leave(room))
  const tablet = await world.act(SimDevice.of(await world.act(a.login('alice'))))
  await world.act(tablet.upload())
  await world.settle()
  await world.act(bob.join(room, a))
  await world.settle()
  assert.deepEqual(await devices(), [phone.deviceId, tablet.deviceId].sort())
})

scenario('whoever was out of a room without knowing it hears of the devices that its members got meanwhile', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(b.user('bob'))]
  const [phone, far] = [await world.act(SimDevice.of(alice)), await world.act(SimDevice.of(bob))]
  await world.act(phone.upload())
  const room = await world.act(alice.createRoom())
  await world.act(bob.join(room, a))
  await world.settle()
  await world.act(far.query(alice.userId))
  await world.settle()
  world.cut(a, b)
  await world.act(bob.setState(room, 'm.room.member', { membership: 'join', displayname: 'Bob' }, bob.userId))
  await world.settle(60_000)
  await world.act(alice.kick(room, bob))
  const tablet = await world.act(SimDevice.of(await world.act(a.login('alice'))))
  await world.act(tablet.upload())
  await world.settle()
  await world.act(far.sync())
  world.heal()
  await world.settle()
  assert.deepEqual(await world.act(far.lists()), { changed: [alice.userId], left: [] })
  world.cut(a, b)
  const { device_keys: found } = await world.act(far.query(alice.userId))
  assert.deepEqual(Object.keys(objectAt(objectAt(found)[alice.userId])).sort(), [phone.deviceId, tablet.deviceId].sort())
})

for (const names of ['on', 'off'] as const) {
  scenario(`P08: with the names of devices ${names}, that is what other servers are told`, async (world) => {
    const b = await world.server('b', { CAUSEWAY_ALLOW_DEVICE_NAME_LOOKUP_OVER_FEDERATION: names })
    const a = await world.server('a')
    const [alice, bob] = [await world.act(a.user('alice')), await world.act(b.user('bob'))]
    const [near, far] = [await world.act(SimDevice.of(alice)), await world.act(SimDevice.of(bob))]
    await world.act(far.upload())
    const rename = (name: string) => world.act(bob.request('PUT', `/devices/${far.deviceId}`, { display_name: name }))
    await rename('one')
    const room = await world.act(alice.createRoom())
    const told = watch(world, 'm.device_list_update')
    await world.act(bob.join(room, a))
    await world.settle()
    const nameSeen = async (): Promise<unknown> => {
      const { device_keys: found } = await world.act(near.query(bob.userId))
      const { unsigned, ...keys } = objectAt(objectAt(objectAt(found)[bob.userId])[far.deviceId])
      assert.deepEqual(Object.keys(keys).sort(), Object.keys(far.keys).sort())
      return unsigned === undefined ? undefined : objectAt(unsigned)['device_display_name']
    }
    const seen: unknown[] = []
    // Asked of b; then from what a keeps; then after an update.
    seen.push(await nameSeen())
    await world.settle()
    seen.push(await nameSeen())
    await rename('two')
    await world.settle()
    seen.push(await nameSeen())
    const inEdus = told.map(([, content]) => content['device_display_name'])
    const expected = ['one', 'one', 'two']
    assert.deepEqual(seen, names === 'on' ? expected : expected.map(() => undefined))
    assert.deepEqual(inEdus, names === 'on' ? ['one', 'two'] : [undefined, undefined])
    assert.equal(JSON.stringify(told).includes('unsigned'), false)
  })
}

for (const [status, outageMs] of [
  [500, 60_000],
  [500, 9 * 60_000],
  [502, 60_000],
  [502, 9 * 60_000],
] as const) {
  scenario(
    `E05: a list that went stale is equal within a minute of an outage (${status}) of ${outageMs / 1_000} seconds`,
    async (world) => {
      const [a, b] = [await world.server('a'), await world.server('b')]
      const [alice, bob] = [await world.act(a.user('alice')), await world.act(b.user('bob'))]
      const [near, far] = [await world.act(SimDevice.of(alice)), await world.act(SimDevice.of(bob))]
      await world.act(far.upload())
      const room = await world.act(alice.createRoom())
      await world.act(bob.join(room, a))
      await world.act(near.query(bob.userId))
      await world.settle()

      // So much changes while the servers are apart that a must fetch the whole list, and b does not give it.
      world.cut(a, b)
      const tablet = await world.act(SimDevice.of(await world.act(b.login('bob'))))
      await world.act(tablet.upload())
      for (let n = 0; n < 30; n += 1) await world.act(bob.request('PUT', `/devices/${far.deviceId}`, { display_name: `name ${n}` }))
      world.heal()
      world.network.break(b.name, /user/, status)
      await world.settle(60_000)
      await world.act(near.sync())
      await world.settle(outageMs / 2)
      a.kill()
      await a.start()
      await world.settle(outageMs / 2)
      world.heal()
      await world.settle(60_000)
      // Clients are told that it is there now.
      assert.deepEqual(await world.act(near.lists()), { changed: [bob.userId], left: [] })

      world.cut(a, b)
      const answer = await world.act(near.query(bob.userId))
      assert.deepEqual(answer['failures'], {})
      assert.deepEqual(Object.keys(objectAt(objectAt(answer['device_keys'])[bob.userId])).sort(), [far.deviceId, tablet.deviceId].sort())
    },
  )
}

scenario('what changed between two answers of /sync is told also of those who changed again since', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(b.user('bob'))]
  const [watching, phone] = [await world.act(SimDevice.of(alice)), await world.act(SimDevice.of(bob))]
  await world.act(phone.upload())
  await world.act(bob.join(await world.act(alice.createRoom()), a))
  await world.settle()
  const points: string[] = []
  for (const name of ['one', 'two', 'three']) {
    await world.act(watching.lists())
    points.push(watching.since ?? '')
    await world.act(bob.request('PUT', `/devices/${phone.deviceId}`, { display_name: name }))
    await world.settle()
  }
  const [from = '', to = ''] = points
  const query = `from=${encodeURIComponent(from)}&to=${encodeURIComponent(to)}`
  assert.deepEqual(await world.act(alice.request('GET', `/keys/changes?${query}`)), { changed: [bob.userId], left: [] })
})
