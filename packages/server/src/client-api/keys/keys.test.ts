// Goal: keys are taken in as they are and only from their owner, one-time keys are given once and in order, whatever clients and restores do.
// Method: real HTTP on both databases; claims race each other, and a restart has another store epoch.
import assert from 'node:assert/strict'
import { fallbackKeysMax, oneTimeKeysMax, queriedUsersMax } from '../../e2ee/limits.ts'
import { onEachUserServer, outcome, text, type UserServer } from '../user-api.fixture.ts'

const v3 = '/_matrix/client/v3'
const algorithm = 'signed_curve25519'

async function deviceOf({ call }: UserServer, token: string): Promise<string> {
  return text(await call('GET', `${v3}/account/whoami`, { token }), 'device_id')
}

function deviceKeys(userId: string, deviceId: string, more: object = {}): object {
  return {
    user_id: userId,
    device_id: deviceId,
    algorithms: ['m.olm.v1.curve25519-aes-sha2'],
    keys: { [`ed25519:${deviceId}`]: 'a key' },
    signatures: { [userId]: { [`ed25519:${deviceId}`]: 'a signature' } },
    ...more,
  }
}

function keysNamed(...ids: readonly string[]): object {
  return Object.fromEntries(ids.map((id) => [`${algorithm}:${id}`, { key: `key ${id}`, signatures: {} }]))
}

async function upload({ call }: UserServer, token: string, body: object): Promise<unknown> {
  const answer = await call('POST', `${v3}/keys/upload`, { token, body })
  assert.equal(outcome(answer), '200')
  return answer.json['one_time_key_counts']
}

async function claim({ call }: UserServer, token: string, device: string): Promise<string | undefined> {
  const body = { one_time_keys: { '@alice:here': { [device]: algorithm } } }
  const { json } = await call('POST', `${v3}/keys/claim`, { token, body })
  return Object.keys(Object(Object(Object(json['one_time_keys'])['@alice:here'])[device]))[0]?.split(':')[1]
}

onEachUserServer('E01: one-time keys are given in the order of their upload, E02: each once, by racing claims too', {}, async (server) => {
  const token = await server.join('alice')
  const device = await deviceOf(server, token)
  assert.deepEqual(await upload(server, token, { one_time_keys: keysNamed('z', 'b') }), { [algorithm]: 2 })
  assert.deepEqual(await upload(server, token, { one_time_keys: keysNamed('a') }), { [algorithm]: 3 })
  assert.deepEqual(
    [await claim(server, token, device), await claim(server, token, device), await claim(server, token, device)],
    ['z', 'b', 'a'],
  )
  assert.equal(await claim(server, token, device), undefined)

  const names = Array.from({ length: 20 }, (_, i) => `n${i}`)
  await upload(server, token, { one_time_keys: keysNamed(...names), fallback_keys: keysNamed('last') })
  const claimed = await Promise.all(Array.from({ length: 25 }, () => claim(server, token, device)))
  assert.deepEqual(claimed.filter((name) => name !== 'last').sort(), names.sort())
  assert.equal(claimed.filter((name) => name === 'last').length, 5)
})

onEachUserServer('E02: after a restore no key of before is given again', {}, async (server) => {
  const token = await server.join('alice')
  const device = await deviceOf(server, token)
  await upload(server, token, { one_time_keys: keysNamed('a', 'b') })
  const restored = await server.restart({ epoch: 2 })
  assert.equal(await claim(restored, token, device), undefined)
  assert.deepEqual(await upload(restored, token, { one_time_keys: keysNamed('c') }), { [algorithm]: 1 })
  assert.equal(await claim(restored, token, device), 'c')
})

onEachUserServer(
  'E03: the same key again is well, another one under its id is left out alone, and one of late is not taken back',
  {},
  async (server) => {
    const token = await server.join('alice')
    const device = await deviceOf(server, token)
    await upload(server, token, { one_time_keys: keysNamed('a', 'b') })
    assert.deepEqual(await upload(server, token, { one_time_keys: keysNamed('a', 'b', 'c') }), { [algorithm]: 3 })
    const other = { ...keysNamed('d'), [`${algorithm}:a`]: { key: 'another', signatures: {} } }
    assert.deepEqual(await upload(server, token, { one_time_keys: other }), { [algorithm]: 4 })
    assert.equal(await claim(server, token, device), 'a')
    // Neither as it was nor as another: somebody has it.
    assert.deepEqual(await upload(server, token, { one_time_keys: { ...keysNamed('a'), ...keysNamed('e') } }), { [algorithm]: 4 })
    const given = await server.call('POST', `${v3}/keys/claim`, {
      token,
      body: { one_time_keys: { '@alice:here': { [device]: algorithm } } },
    })
    assert.deepEqual(Object(Object(given.json['one_time_keys'])['@alice:here'])[device], keysNamed('b'))
  },
)

onEachUserServer('a fallback key counts as unused until it is given, and again when it is replaced', {}, async (server) => {
  const token = await server.join('alice')
  const device = await deviceOf(server, token)
  const unused = async () => JSON.parse((await server.encryption.oneTimeKeys.counts('@alice:here', device)).unusedFallbackKeys)
  assert.deepEqual(await unused(), [])
  await upload(server, token, { fallback_keys: keysNamed('f') })
  assert.deepEqual(await unused(), [algorithm])
  assert.deepEqual([await claim(server, token, device), await claim(server, token, device)], ['f', 'f'])
  assert.deepEqual(await unused(), [])
  await upload(server, token, { fallback_keys: keysNamed('f') })
  assert.deepEqual(await unused(), [])
  await upload(server, token, { fallback_keys: keysNamed('g') })
  assert.deepEqual(await unused(), [algorithm])
  assert.equal(await claim(server, token, device), 'g')
})

onEachUserServer('F14: malformed keys, and those of others, are refused and leave nothing behind', {}, async (server) => {
  const token = await server.join('alice')
  const device = await deviceOf(server, token)
  const mine = (more: object): object => ({ device_keys: deviceKeys('@alice:here', device, more) })
  const cases: [body: object, expected: string][] = [
    [{ device_keys: null }, '400 M_BAD_JSON'],
    [{ device_keys: [] }, '400 M_BAD_JSON'],
    [{ device_keys: { user_id: '@alice:here', device_id: device } }, '400 M_BAD_JSON'],
    [mine({ user_id: '@bob:here' }), '400 M_INVALID_PARAM'],
    [mine({ device_id: 'OTHER' }), '400 M_INVALID_PARAM'],
    [mine({ user_id: null }), '400 M_BAD_JSON'],
    [mine({ algorithms: [1] }), '400 M_BAD_JSON'],
    [mine({ keys: { [`ed25519:${device}`]: null } }), '400 M_BAD_JSON'],
    [mine({ keys: { 'ed25519:OTHER': 'a key' } }), '400 M_BAD_JSON'],
    [mine({ signatures: { '@alice:here': null } }), '400 M_BAD_JSON'],
    [mine({ more: 'x'.repeat(20_000) }), '413 M_TOO_LARGE'],
    [{ one_time_keys: null }, '400 M_BAD_JSON'],
    [{ one_time_keys: { 'no colon': 'x' } }, '400 M_INVALID_PARAM'],
    [{ one_time_keys: { 'a:b\0': 'x' } }, '400 M_INVALID_PARAM'],
    [{ one_time_keys: { 'a:b': 5 } }, '400 M_BAD_JSON'],
    [{ one_time_keys: { 'a:b': { key: 5 } } }, '400 M_BAD_JSON'],
    [{ fallback_keys: { 'a:b': null } }, '400 M_BAD_JSON'],
  ]
  for (const [body, expected] of cases) {
    assert.equal(outcome(await server.call('POST', `${v3}/keys/upload`, { token, body })), expected, JSON.stringify(body))
  }
  assert.deepEqual((await query(server, token, { '@alice:here': [] })).json['device_keys'], { '@alice:here': {} })
  assert.deepEqual(
    server.announced.filter(({ kind }) => kind === 'device-list-outbox'),
    [],
  )
})

function query({ call }: UserServer, token: string, devices: object) {
  return call('POST', `${v3}/keys/query`, { token, body: { device_keys: devices, timeout: 50 } })
}

onEachUserServer('E06: keys are told as they came, to those who ask, with the name of the device', {}, async (server) => {
  const [alice, bob] = [await server.join('alice', { initial_device_display_name: 'phone' }), await server.join('bob')]
  const device = await deviceOf(server, alice)
  const keys = deviceKeys('@alice:here', device, { 'org.more': { n: 5 } })
  await upload(server, alice, { device_keys: keys })
  const answer = await query(server, bob, { '@alice:here': [], '@nobody:here': [], '@carol:away': [], nonsense: [] })
  assert.deepEqual(answer.json['device_keys'], {
    '@alice:here': { [device]: { ...keys, unsigned: { device_display_name: 'phone' } } },
    '@nobody:here': {},
  })
  assert.deepEqual(Object.keys(Object(answer.json['failures'])), ['away'])
  assert.deepEqual((await query(server, bob, { '@alice:here': ['OTHER'] })).json['device_keys'], { '@alice:here': {} })
  const again = await server.restart()
  assert.deepEqual(
    Object(Object((await query(again, bob, { '@alice:here': [device] })).json['device_keys'])['@alice:here'])[device]['keys'],
    Object(keys)['keys'],
  )
  // P08: another server is told of our users alone, and no names of devices.
  const told = JSON.parse(
    await again.encryption.keyQueries.queryForServer(new Map([[again.users.accounts.named('alice') ?? assert.fail(), []]])),
  )
  assert.deepEqual(told.device_keys, { '@alice:here': { [device]: keys } })
  assert.equal(outcome(await again.call('POST', `${v3}/logout`, { token: alice })), '200')
  assert.deepEqual((await query(again, bob, { '@alice:here': [] })).json['device_keys'], { '@alice:here': {} })
})

onEachUserServer('D18: a device keeps a bounded number of keys, and D19: a query names a bounded number of users', {}, async (server) => {
  const token = await server.join('alice')
  const names = (from: number, count: number) => Array.from({ length: count }, (_, i) => `k${from + i}`)
  await upload(server, token, { one_time_keys: keysNamed(...names(0, oneTimeKeysMax)) })
  const cases: object[] = [
    { one_time_keys: keysNamed('more') },
    { one_time_keys: keysNamed(...names(5_000, oneTimeKeysMax + 1)) },
    { fallback_keys: Object.fromEntries(names(0, fallbackKeysMax + 1).map((name) => [`${name}:x`, 'key'])) },
  ]
  for (const body of cases) assert.equal(outcome(await server.call('POST', `${v3}/keys/upload`, { token, body })), '413 M_TOO_LARGE')
  const many = Object.fromEntries(Array.from({ length: queriedUsersMax + 1 }, (_, i) => [`@u${i}:here`, []]))
  assert.equal(outcome(await query(server, token, many)), '413 M_TOO_LARGE')
})
