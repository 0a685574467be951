// Goal: a user has at most one dehydrated device, whole or not at all, and it ends with everything that is its own.
// Method: real HTTP on both databases, with devices that race, and every way in which devices end.
import assert from 'node:assert/strict'
import { dehydratedBytesMax } from '../../e2ee/limits.ts'
import { findDehydrated } from '../../storage/tables/dehydrated-devices.ts'
import { onEachUserServer, outcome, text, type UserServer } from '../user-api.fixture.ts'

const v3 = '/_matrix/client/v3'
const path = '/_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device'
const algorithm = 'signed_curve25519'
const alice = '@alice:here'

function keysOf(deviceId: string, more: object = {}): object {
  return {
    user_id: alice,
    device_id: deviceId,
    algorithms: ['m.olm.v1.curve25519-aes-sha2'],
    dehydrated: true,
    keys: { [`ed25519:${deviceId}`]: 'a key' },
    signatures: { [alice]: { [`ed25519:${deviceId}`]: 'a signature' } },
    ...more,
  }
}

function deviceOf(deviceId: string, more: object = {}): object {
  return {
    device_id: deviceId,
    device_data: { algorithm: 'org.matrix.msc3814.v2', device_pickle: `secret of ${deviceId}`, nonce: 'n' },
    initial_device_display_name: 'Dehydrated device',
    device_keys: keysOf(deviceId),
    one_time_keys: { [`${algorithm}:1`]: { key: `one of ${deviceId}` } },
    fallback_keys: { [`${algorithm}:f`]: { key: `fallback of ${deviceId}`, fallback: true } },
    ...more,
  }
}

/** The devices of alice as others see them, with keys. */
async function seen({ call }: UserServer, token: string): Promise<string[]> {
  const { json } = await call('POST', `${v3}/keys/query`, { token, body: { device_keys: { [alice]: [] } } })
  return Object.keys(Object(json['device_keys'])[alice] ?? {}).sort()
}

async function claim({ call }: UserServer, token: string, device: string): Promise<unknown> {
  const { json } = await call('POST', `${v3}/keys/claim`, { token, body: { one_time_keys: { [alice]: { [device]: algorithm } } } })
  return Object.values(Object(Object(Object(json['one_time_keys'])[alice])[device]))[0]
}

onEachUserServer('it is a device like any to others, and given back to its owner as it was', {}, async (server) => {
  const [token, bob] = [await server.join('alice'), await server.join('bob')]
  assert.equal(outcome(await server.call('GET', path, { token })), '404 M_NOT_FOUND')
  assert.equal(outcome(await server.call('DELETE', path, { token })), '404 M_NOT_FOUND')
  const put = await server.call('PUT', path, { token, body: deviceOf('DRY/1') })
  assert.deepEqual([put.status, put.json], [200, { device_id: 'DRY/1' }])
  const again = await server.restart()
  const got = await again.call('GET', path, { token })
  assert.deepEqual(got.json, {
    device_id: 'DRY/1',
    device_data: { algorithm: 'org.matrix.msc3814.v2', device_pickle: 'secret of DRY/1', nonce: 'n' },
  })
  assert.deepEqual(await seen(again, bob), ['DRY/1'])
  const { json } = await again.call('POST', `${v3}/keys/query`, { token: bob, body: { device_keys: { [alice]: [] } } })
  const unsigned = { device_display_name: 'Dehydrated device' }
  assert.deepEqual(Object(json['device_keys'])[alice]['DRY/1'], { ...keysOf('DRY/1'), unsigned })
  assert.deepEqual(await claim(again, bob, 'DRY/1'), { key: 'one of DRY/1' })
  assert.deepEqual(await claim(again, bob, 'DRY/1'), { key: 'fallback of DRY/1', fallback: true })
  const { json: own } = await again.call('GET', `${v3}/devices`, { token })
  const devices: unknown = own['devices']
  assert.ok(Array.isArray(devices) && devices.some((device) => device.device_id === 'DRY/1'))
  // Nobody else's.
  assert.equal(outcome(await again.call('GET', path, { token: bob })), '404 M_NOT_FOUND')
})

onEachUserServer('the next one takes the place of the one before, and racing ones leave one', {}, async (server) => {
  const token = await server.join('alice')
  await server.call('PUT', path, { token, body: deviceOf('DRY1') })
  await server.call('PUT', `${v3}/sendToDevice/m.x/1`, { token, body: { messages: { [alice]: { DRY1: { n: 1 } } } } })
  await server.call('PUT', path, { token, body: deviceOf('DRY2', { initial_device_display_name: null }) })
  assert.deepEqual(await seen(server, token), ['DRY2'])
  assert.equal(await claim(server, token, 'DRY1'), undefined)
  assert.deepEqual(await claim(server, token, 'DRY2'), { key: 'one of DRY2' })
  // The same id with other keys: nothing of before is left.
  await server.call('PUT', path, { token, body: deviceOf('DRY2', { one_time_keys: { [`${algorithm}:1`]: { key: 'new' } } }) })
  assert.deepEqual(await claim(server, token, 'DRY2'), { key: 'new' })

  const tablet = text(await server.logIn('alice'), 'access_token')
  const racing = Array.from({ length: 3 }, (_, i) => server.call('PUT', path, { token: tablet, body: deviceOf(`RACE${i}`) }))
  for (const answer of await Promise.all(racing)) assert.equal(outcome(answer), '200', JSON.stringify(answer.json))
  const { json } = await server.call('GET', path, { token })
  assert.deepEqual(await seen(server, token), [json['device_id']])
  assert.deepEqual((await server.call('DELETE', path, { token, body: {} })).json, { device_id: json['device_id'] })
  assert.deepEqual(await seen(server, token), [])
})

onEachUserServer('F14: a malformed dehydrated device is refused whole, and the one before stays', {}, async (server) => {
  const token = await server.join('alice')
  const device = text(await server.call('GET', `${v3}/account/whoami`, { token }), 'device_id')
  await server.call('PUT', path, { token, body: deviceOf('DRY') })
  await server.encryption.ownDeviceLists.settled(server.users.accounts.named('alice') ?? assert.fail())
  const announced = server.announced.length
  const with_ = (more: object): object => deviceOf('NEW', more)
  const cases: [body: object, expected: string][] = [
    [with_({ device_keys: undefined }), '400 M_MISSING_PARAM'],
    [with_({ device_keys: null }), '400 M_BAD_JSON'],
    [with_({ device_keys: keysOf('OTHER') }), '400 M_INVALID_PARAM'],
    [with_({ device_keys: keysOf('NEW', { user_id: '@bob:here' }) }), '400 M_INVALID_PARAM'],
    [with_({ device_keys: keysOf('NEW', { keys: { 'ed25519:NEW': null } }) }), '400 M_BAD_JSON'],
    [with_({ device_keys: keysOf('NEW', { signatures: null }) }), '400 M_BAD_JSON'],
    [with_({ device_data: undefined }), '400 M_BAD_JSON'],
    [with_({ device_data: null }), '400 M_BAD_JSON'],
    [with_({ device_data: { device_pickle: 'x' } }), '400 M_BAD_JSON'],
    [with_({ device_data: { algorithm: 5 } }), '400 M_BAD_JSON'],
    [with_({ device_data: { algorithm: 'a', device_pickle: 'x'.repeat(dehydratedBytesMax) } }), '413 M_TOO_LARGE'],
    [with_({ device_id: 5 }), '400 M_BAD_JSON'],
    [with_({ device_id: '' }), '400 M_INVALID_PARAM'],
    [with_({ device_id: 'a\0' }), '400 M_INVALID_PARAM'],
    [with_({ initial_device_display_name: 5 }), '400 M_BAD_JSON'],
    [with_({ initial_device_display_name: 'x'.repeat(10_000) }), '400 M_INVALID_PARAM'],
    [with_({ one_time_keys: { [`${algorithm}:1`]: null } }), '400 M_BAD_JSON'],
    [with_({ fallback_keys: [] }), '400 M_BAD_JSON'],
    // A device that somebody is logged in with is none to be left behind.
    [deviceOf(device), '400 M_INVALID_PARAM'],
  ]
  for (const [body, expected] of cases) {
    assert.equal(outcome(await server.call('PUT', path, { token, body })), expected, JSON.stringify(body).slice(0, 200))
  }
  assert.deepEqual(await seen(server, token), ['DRY'])
  assert.equal((await server.call('GET', path, { token })).json['device_id'], 'DRY')
  assert.equal(server.announced.length, announced)
})

onEachUserServer('it outlives a logout, and ends with all devices, alone, and with the account', {}, async (server) => {
  const token = await server.join('alice')
  const bob = await server.join('bob')
  const put = async (name: string, by: string): Promise<void> => {
    assert.equal(outcome(await server.call('PUT', path, { token: by, body: deviceOf(name) })), '200')
  }
  await put('DRY1', token)
  await server.call('POST', `${v3}/logout`, { token })
  assert.deepEqual(await seen(server, bob), ['DRY1'])

  const auth = { type: 'm.login.password', identifier: { type: 'm.id.user', user: 'alice' }, password: 'password of alice' }
  const ends: [name: string, end: (token: string) => Promise<unknown>][] = [
    ['logout/all', (by) => server.call('POST', `${v3}/logout/all`, { token: by })],
    ['its removal', (by) => server.call('DELETE', `${v3}/devices/DRY2`, { token: by, body: { auth } })],
    ['deactivation', (by) => server.call('POST', `${v3}/account/deactivate`, { token: by, body: { auth } })],
  ]
  for (const [name, end] of ends) {
    const by = text(await server.logIn('alice'), 'access_token')
    await put('DRY2', by)
    await end(by)
    assert.deepEqual(await seen(server, bob), [], name)
    assert.equal(await findDehydrated(server.db, alice), undefined, name)
    assert.equal(await claim(server, bob, 'DRY2'), undefined, name)
  }
})
