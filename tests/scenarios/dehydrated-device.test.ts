// Goal: who has no device left is still sent keys, by people here and elsewhere, and their next device reads what came meanwhile.
// Method: a play in a simulated world of two servers: a device is left behind, its owner logs out, and another takes it over.
import assert from 'node:assert/strict'
import { objectAt } from '../../packages/testkit/src/client/json.ts'
import { SimDevice, SimKey } from '../../packages/testkit/src/scenario/sim-device.ts'
import { SimRefused, type SimUser } from '../../packages/testkit/src/scenario/sim-user.ts'
import { scenario } from '../../packages/testkit/src/scenario/scenario.ts'

type Json = Readonly<Record<string, unknown>>

const path = '/_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device'
const algorithm = 'signed_curve25519'

function dehydrated(userId: string, deviceId: string): Json {
  const key = new SimKey(77)
  const keys = {
    user_id: userId,
    device_id: deviceId,
    algorithms: ['m.olm.v1.curve25519-aes-sha2'],
    dehydrated: true,
    keys: { [`ed25519:${deviceId}`]: key.publicKey },
  }
  return {
    device_id: deviceId,
    device_data: { algorithm: 'org.matrix.msc3814.v2', device_pickle: 'secret' },
    initial_device_display_name: 'Dehydrated device',
    device_keys: key.sign(keys, userId, deviceId),
    one_time_keys: { [`${algorithm}:1`]: { key: 'once' } },
    fallback_keys: { [`${algorithm}:f`]: { key: 'always', fallback: true } },
  }
}

function numbers({ events }: Json): unknown[] {
  assert.ok(Array.isArray(events))
  return events.map((event: unknown) => objectAt(objectAt(event)['content'])['n'])
}

/** The way that clients go now: until no `next_batch` comes. */
async function drain(user: SimUser, deviceId: string): Promise<unknown[]> {
  const seen: unknown[] = []
  for (let from = ''; ;) {
    const answer = await user.request('GET', `${path}/${encodeURIComponent(deviceId)}/events${from}`)
    seen.push(...numbers(answer))
    if (answer['next_batch'] === undefined) return seen
    from = `?from=${encodeURIComponent(String(answer['next_batch']))}`
  }
}

/** The way of an earlier draft: until no message comes. */
async function drainByPosts(user: SimUser, deviceId: string): Promise<unknown[]> {
  const seen: unknown[] = []
  for (let body: Json = {}; ;) {
    const answer = await user.request('POST', `${path}/${encodeURIComponent(deviceId)}/events?limit=50`, body)
    const some = numbers(answer)
    if (some.length === 0) return seen
    seen.push(...some)
    body = { next_batch: answer['next_batch'] }
  }
}

scenario('a dehydrated device gets keys and messages from both servers, and another device drains it', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, bob, carol] = [await world.act(a.user('alice')), await world.act(b.user('bob')), await world.act(b.user('carol'))]
  const first = await world.act(SimDevice.of(alice))
  const room = await world.act(alice.createRoom())
  await world.act(bob.join(room, a))
  await world.settle()
  await world.act(first.sync())

  await world.act(bob.request('PUT', path, dehydrated(bob.userId, 'DRY/1')))
  await world.settle()
  assert.deepEqual(await world.act(first.lists()), { changed: [bob.userId], left: [] })
  const ofBob = objectAt(objectAt((await world.act(first.query(bob.userId)))['device_keys'])[bob.userId])
  assert.deepEqual([Object.keys(ofBob), objectAt(ofBob['DRY/1'])['dehydrated']], [['DRY/1'], true])
  const wish = { one_time_keys: { [bob.userId]: { 'DRY/1': algorithm } } }
  const claimed: unknown[] = []
  for (let i = 0; i < 2; i += 1) {
    const { one_time_keys: keys } = await world.act(alice.request('POST', '/keys/claim', wish))
    claimed.push(...Object.values(objectAt(objectAt(objectAt(keys)[bob.userId])['DRY/1'])))
  }
  assert.deepEqual(claimed, [{ key: 'once' }, { key: 'always', fallback: true }])

  // Nobody of bob's is there any more.
  await world.act(bob.request('POST', '/logout', {}))
  const near = await world.act(SimDevice.of(carol))
  for (let n = 0; n < 130; n += 1) await world.act((n % 2 === 0 ? first : near).send(bob.userId, n % 3 === 0 ? '*' : 'DRY/1', { n }))
  await world.settle()
  b.kill()
  await b.start()

  const again = await world.act(b.login('bob'))
  assert.deepEqual(await world.act(again.request('GET', path)), {
    device_id: 'DRY/1',
    device_data: { algorithm: 'org.matrix.msc3814.v2', device_pickle: 'secret' },
  })
  const all = Array.from({ length: 130 }, (_, n) => n)
  const sorted = (list: unknown[]): number[] => list.map(Number).toSorted((x, y) => x - y)
  assert.deepEqual(sorted(await world.act(drain(again, 'DRY/1'))), all)
  // A client that broke off begins anew.
  assert.deepEqual(sorted(await world.act(drainByPosts(again, 'DRY/1'))), all)
  const refused = (error: unknown) => error instanceof SimRefused && error.code === 'M_FORBIDDEN'
  const own = await world.act(SimDevice.of(again))
  await assert.rejects(world.act(drain(again, own.deviceId)), refused)
  await assert.rejects(world.act(drain(carol, 'DRY/1')), refused)
  const malformed = (error: unknown) => error instanceof SimRefused && error.code === 'M_INVALID_PARAM'
  await assert.rejects(world.act(again.request('GET', `${path}/DRY%2F1/events?from=nothing`)), malformed)

  await world.act(first.sync())
  await world.act(again.request('PUT', path, dehydrated(bob.userId, 'DRY/2')))
  await world.settle()
  assert.deepEqual(await world.act(first.lists()), { changed: [bob.userId], left: [] })
  await assert.rejects(world.act(drain(again, 'DRY/1')), refused)
  assert.deepEqual(await world.act(drain(again, 'DRY/2')), [])
  const now = objectAt(objectAt((await world.act(first.query(bob.userId)))['device_keys'])[bob.userId])
  assert.deepEqual(Object.keys(now), ['DRY/2'])
})
