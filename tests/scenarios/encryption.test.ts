// Goal: devices on two servers find each other's keys, and their messages and changes arrive once, in order, whatever breaks.
// Method: plays in a simulated world: real servers above their sockets, simulated time, wires and storage.
import assert from 'node:assert/strict'
import { sameJson, SimDevice, SimKey } from '../../packages/testkit/src/scenario/sim-device.ts'
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

scenario('one-time keys are claimed as soon as the other server is back', async (world) => {
  const { a, b, alice, bob, room } = await pair(world)
  const { userId } = bob.user
  const wish = { one_time_keys: { [userId]: { [bob.deviceId]: 'signed_curve25519' } } }
  const claimed = async (): Promise<unknown> => {
    const answer = await world.act(alice.user.request('POST', '/keys/claim', wish))
    return Object.keys(objectAt(at(answer, 'one_time_keys', userId, bob.deviceId) ?? {}))
  }
  world.cut(a, b)
  // Several attempts to send it fail: by now the server is left in peace for seconds.
  await world.act(alice.user.say(room, 'are you there?'))
  await world.settle(20_000)
  assert.deepEqual(await claimed(), [])
  world.heal()
  assert.deepEqual(await claimed(), ['signed_curve25519:0'])
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

scenario('who was gone between two answers may have changed devices', async (world) => {
  const { a, alice, bob, room } = await pair(world)
  await world.act(bob.user.leave(room))
  await world.settle()
  await world.act(bob.user.join(room, a))
  await world.settle()
  assert.deepEqual(await world.act(alice.lists()), { changed: [bob.user.userId], left: [] })
})

scenario('who was away is asked for anew, and while a server is away its users are answered from what is known', async (world) => {
  const { a, b, alice, bob, room } = await pair(world)
  const { userId } = bob.user
  await world.act(alice.query(userId))
  await world.settle()
  // Kept: no wire is needed.
  world.cut(a, b)
  const kept = await world.act(alice.query(userId))
  assert.deepEqual(kept['failures'], {})
  assert.deepEqual(at(kept, 'device_keys', userId, bob.deviceId, 'keys'), bob.keys['keys'])
  world.heal()

  await world.act(bob.user.leave(room))
  await world.settle()
  const tablet = await world.act(SimDevice.of(await world.act(b.login('bob'))))
  await world.act(tablet.upload())
  await world.act(bob.user.join(room, a))
  await world.settle()
  const answer = await world.act(alice.query(userId))
  assert.deepEqual(Object.keys(objectAt(at(answer, 'device_keys', userId))).sort(), [bob.deviceId, tablet.deviceId].sort())
})

scenario(
  'E05, D19: a list that missed a change is fetched until it is equal, off the transaction, over an outage and a kill',
  async (world) => {
    const { a, b, alice, bob, room } = await pair(world)
    const { userId } = bob.user
    await world.act(alice.query(userId))
    await world.settle()
    await world.act(alice.sync())

    // What b says reaches a, but a does not reach b: the change is noted and told, though the list can't be fetched.
    world.network.cut(a.name, b.name)
    const tablet = await world.act(SimDevice.of(await world.act(b.login('bob'))))
    await world.act(bob.user.leave(room))
    await world.act(tablet.upload())
    await world.act(bob.user.join(room, a).catch(() => undefined))
    await world.settle()
    a.kill()
    await a.start()
    await world.settle()
    world.heal()
    await world.act(bob.user.join(room, a))
    await world.settle(10 * 60_000)
    await world.act(alice.query(userId))
    await world.settle()
    await world.act(bob.user.request('PUT', `/devices/${tablet.deviceId}`, { display_name: 'tablet' }))
    await world.settle(60 * 60_000)
    world.cut(a, b)
    const answer = await world.act(alice.query(userId))
    assert.deepEqual(answer['failures'], {})
    assert.deepEqual(Object.keys(objectAt(at(answer, 'device_keys', userId))).sort(), [bob.deviceId, tablet.deviceId].sort())
  },
)

scenario('a message and a change of devices wake who waits in /sync', async (world) => {
  const { alice, bob } = await pair(world)
  const rename = async (): Promise<void> => {
    await alice.user.request('PUT', `/devices/${alice.deviceId}`, { display_name: 'x' })
  }
  const acts: [section: string, act: () => Promise<void>][] = [
    ['to_device', () => alice.send(bob.user.userId, '*', { n: 1 })],
    ['device_lists', rename],
  ]
  for (const [section, act] of acts) {
    const waiting = bob.waitFor(section)
    await world.settle(1_000)
    await world.act(act())
    // Far less than a client waits.
    assert.ok((await world.act(waiting, 10_000))[section] !== undefined)
  }
})

scenario('cross-signing keys and signatures are seen on the other server, and verify', async (world) => {
  const { alice, bob } = await pair(world)
  const { userId } = bob.user
  await world.act(alice.query(userId))
  await world.settle()
  await world.act(alice.sync())
  const [master, self, user] = [new SimKey(1), new SimKey(2), new SimKey(3)]
  await world.act(
    bob.user.request('POST', '/keys/device_signing/upload', {
      master_key: master.crossSigning(userId, 'master'),
      self_signing_key: master.sign(self.crossSigning(userId, 'self_signing'), userId),
      user_signing_key: master.sign(user.crossSigning(userId, 'user_signing'), userId),
    }),
  )
  await world.settle()
  assert.deepEqual(await world.act(alice.lists()), { changed: [userId], left: [] })
  const { failures } = await world.act(
    bob.user.request('POST', '/keys/signatures/upload', { [userId]: { [bob.deviceId]: self.sign(bob.keys, userId) } }),
  )
  assert.deepEqual(failures, {})
  await world.settle()
  assert.deepEqual(await world.act(alice.lists()), { changed: [userId], left: [] })
  const answer = await world.act(alice.query(userId))
  assert.deepEqual(at(answer, 'master_keys', userId), master.crossSigning(userId, 'master'))
  assert.deepEqual(at(answer, 'self_signing_keys', userId), master.sign(self.crossSigning(userId, 'self_signing'), userId))
  assert.deepEqual(answer['user_signing_keys'], {})
  assert.ok(sameJson(at(answer, 'device_keys', userId, bob.deviceId, 'signatures'), self.sign(bob.keys, userId)['signatures']))

  // Alice signs bob's master key: her own devices are told, and nobody else.
  const { userId: aliceId } = alice.user
  const own = [new SimKey(4), new SimKey(5)] as const
  await world.act(
    alice.user.request('POST', '/keys/device_signing/upload', {
      master_key: own[0].crossSigning(aliceId, 'master'),
      user_signing_key: own[0].sign(own[1].crossSigning(aliceId, 'user_signing'), aliceId),
    }),
  )
  await world.settle()
  await world.act(alice.sync())
  await world.act(bob.sync())
  const signed = { [userId]: { [master.publicKey]: own[1].sign(master.crossSigning(userId, 'master'), aliceId) } }
  assert.deepEqual((await world.act(alice.user.request('POST', '/keys/signatures/upload', signed)))['failures'], {})
  await world.settle()
  assert.deepEqual(await world.act(alice.lists()), { changed: [userId], left: [] })
  assert.deepEqual(await world.act(bob.lists()), { changed: [], left: [] })
  const signaturesSeenBy = async (reader: SimDevice): Promise<unknown> =>
    objectAt(at(await world.act(reader.query(userId)), 'master_keys', userId))['signatures']
  assert.deepEqual(await signaturesSeenBy(alice), own[1].sign(master.crossSigning(userId, 'master'), aliceId)['signatures'])
  assert.equal(await signaturesSeenBy(bob), undefined)
  // From an old copy as well.
  world.cut(alice.user.server, bob.user.server)
  assert.deepEqual(await signaturesSeenBy(alice), own[1].sign(master.crossSigning(userId, 'master'), aliceId)['signatures'])
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

scenario('every answer, of /sync and of sliding sync, tells which keys are left, also that there are none', async (world) => {
  const a = await world.server('a')
  const alice = await world.act(SimDevice.of(await world.act(a.user('alice'))))
  const bob = await world.act(a.user('bob'))
  let pos = ''
  const sliding = async (): Promise<unknown> => {
    const body = { extensions: { e2ee: { enabled: true } } }
    const path = `/_matrix/client/unstable/org.matrix.simplified_msc3575/sync?timeout=0${pos}`
    const answer = await world.act(alice.user.request('POST', path, body))
    pos = `&pos=${encodeURIComponent(String(answer['pos']))}`
    return at(answer, 'extensions', 'e2ee')
  }
  const told = async (): Promise<unknown[]> => {
    const found: unknown[] = []
    for (const section of [await world.act(alice.sync()), await sliding()]) {
      found.push([at(section, 'device_one_time_keys_count'), at(section, 'device_unused_fallback_key_types')])
    }
    return found
  }
  const both = (counts: object, fallback: string[]): unknown[] => [
    [counts, fallback],
    [counts, fallback],
  ]
  const algorithm = 'signed_curve25519'
  assert.deepEqual(await told(), both({ [algorithm]: 0 }, []))
  await world.act(alice.upload(1))
  await world.act(alice.user.request('POST', '/keys/upload', { fallback_keys: { [`${algorithm}:f`]: { key: 'f', fallback: true } } }))
  assert.deepEqual(await told(), both({ [algorithm]: 1 }, [algorithm]))
  const wish = { one_time_keys: { [alice.user.userId]: { [alice.deviceId]: algorithm } } }
  await world.act(bob.request('POST', '/keys/claim', wish))
  assert.deepEqual(await told(), both({ [algorithm]: 0 }, [algorithm]))
  await world.act(bob.request('POST', '/keys/claim', wish))
  assert.deepEqual(await told(), both({ [algorithm]: 0 }, []))
  // Nothing new happened: it is told all the same.
  assert.deepEqual(await told(), both({ [algorithm]: 0 }, []))
})
