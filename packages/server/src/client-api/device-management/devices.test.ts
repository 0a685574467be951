// Goal: devices are listed, named and ended by their owner alone, with their sessions, as one action with what others add.
// Method: real HTTP on both databases.
import assert from 'node:assert/strict'
import type { UserId } from '@causeway/events'
import { onEachUserServer, outcome, text } from '../user-api.fixture.ts'

const path = '/_matrix/client/v3/devices'
const whoami = '/_matrix/client/v3/account/whoami'
const password = (name: string, of = name) => ({
  type: 'm.login.password',
  identifier: { type: 'm.id.user', user: name },
  password: `password of ${of}`,
})

const removed: [UserId, readonly string[]][] = []
const renamed: string[] = []
const effects = {
  removed: (userId: UserId, deviceIds: readonly string[]) => {
    removed.push([userId, deviceIds])
    return { announcements: [{ kind: 'their-keys' }] }
  },
  renamed: (_userId: UserId, deviceId: string) => {
    renamed.push(deviceId)
    return {}
  },
}

onEachUserServer('list, name, and see when they called', { effects }, async (server) => {
  const { call, join, logIn, clock, users } = server
  const token = await join('alice', { device_id: 'A', initial_device_display_name: 'First' })
  const other = text(await logIn('alice', { device_id: 'B' }), 'access_token')
  const start = clock.now()
  assert.deepEqual((await call('GET', path, { token })).json, {
    devices: [
      { device_id: 'A', display_name: 'First', last_seen_ts: start, last_seen_ip: '127.0.0.1' },
      { device_id: 'B', last_seen_ts: start, last_seen_ip: '127.0.0.1' },
    ],
  })
  renamed.length = 0
  assert.equal(outcome(await call('PUT', `${path}/B`, { token, body: { display_name: 'Second' } })), '200')
  assert.equal(outcome(await call('PUT', `${path}/B`, { token, body: { display_name: 'Second' } })), '200')
  assert.deepEqual(renamed, ['B'])
  clock.advance(30_000)
  await call('GET', whoami, { token: other })
  await users.lastSeen.flush()
  assert.deepEqual((await call('GET', `${path}/B`, { token })).json, {
    device_id: 'B',
    display_name: 'Second',
    last_seen_ts: start + 30_000,
    last_seen_ip: '127.0.0.1',
  })
  const cases: [method: string, at: string, body: unknown, expected: string][] = [
    ['GET', '/none', undefined, '404 M_NOT_FOUND'],
    ['GET', '/%00', undefined, '404 M_NOT_FOUND'],
    ['PUT', '/none', { display_name: 'x' }, '404 M_NOT_FOUND'],
    ['PUT', '/none', {}, '404 M_NOT_FOUND'],
    ['PUT', '/A', {}, '200'],
    ['PUT', '/A', { display_name: 'x'.repeat(256) }, '400 M_INVALID_PARAM'],
    ['PUT', '/A', { display_name: 5 }, '400 M_BAD_JSON'],
  ]
  for (const [method, at, body, expected] of cases) assert.equal(outcome(await call(method, path + at, { token, body })), expected, at)
  const who = await call('GET', '/_matrix/client/v3/admin/whois/@alice:here', { token })
  assert.equal(JSON.stringify(who.json['devices']).includes('127.0.0.1'), true)
  assert.equal(outcome(await call('GET', '/_matrix/client/v3/admin/whois/@alice:here', { token: await join('bob') })), '403 M_FORBIDDEN')
})

onEachUserServer('ending one: with the password, of the right user, for that device', { effects }, async (server) => {
  const { call, join, logIn, announced } = server
  const token = await join('alice', { device_id: 'A' })
  await join('bob')
  const other = text(await logIn('alice', { device_id: 'B' }), 'access_token')
  await logIn('alice', { device_id: 'C' })
  const asked = await call('DELETE', `${path}/B`, { token })
  assert.deepEqual([asked.status, asked.json['flows'], asked.json['params']], [401, [{ stages: ['m.login.password'] }], {}])
  const session = text(asked, 'session')
  const wrong = await call('DELETE', `${path}/B`, { token, body: { auth: { ...password('alice', 'bob'), session } } })
  assert.deepEqual([outcome(wrong), wrong.json['session']], ['401 M_FORBIDDEN', session])
  assert.equal(outcome(await call('DELETE', `${path}/B`, { token, body: { auth: password('bob') } })), '403 M_FORBIDDEN')
  assert.equal(outcome(await call('DELETE', `${path}/C`, { token, body: { auth: { ...password('alice'), session } } })), '403 M_FORBIDDEN')
  assert.equal(
    outcome(await call('DELETE', `${path}/B`, { token: other, body: { auth: { type: 'm.login.password', session } } })),
    '401 M_FORBIDDEN',
  )
  removed.length = 0
  assert.equal(outcome(await call('DELETE', `${path}/B`, { token, body: { auth: { ...password('alice'), session } } })), '200')
  assert.deepEqual(removed, [['@alice:here', ['B']]])
  assert.equal(
    announced.some(({ kind }) => kind === 'their-keys'),
    true,
  )
  assert.equal(outcome(await call('GET', whoami, { token: other })), '401 M_UNKNOWN_TOKEN')
  assert.equal(outcome(await call('GET', `${path}/B`, { token })), '404 M_NOT_FOUND')
  assert.equal(
    outcome(await call('DELETE', `${path}/B`, { token, body: { auth: { ...password('alice'), session } } })),
    '401 M_UNAUTHORIZED',
  )
  assert.equal(outcome(await call('DELETE', `${path}/gone`, { token, body: { auth: password('alice') } })), '200')
  assert.equal(
    outcome(await call('DELETE', `${path}/C`, { token, body: { auth: { type: 'm.login.password', password: 'password of alice' } } })),
    '200',
  )
})

onEachUserServer('ending several, and logging out of all', { effects }, async (server) => {
  const { call, join, logIn } = server
  const token = await join('alice', { device_id: 'A' })
  for (const device of ['B', 'C', 'D']) await logIn('alice', { device_id: device })
  const many = '/_matrix/client/v3/delete_devices'
  const body = { devices: ['B', 'C', 'B', 'none'], auth: password('alice') }
  assert.equal(outcome(await call('POST', many, { token, body })), '200')
  assert.equal(outcome(await call('POST', many, { token, body: { ...body, devices: 'B' } })), '400 M_BAD_JSON')
  assert.equal(outcome(await call('POST', many, { token, body: { ...body, devices: ['\0'] } })), '400 M_INVALID_PARAM')
  const left = (await call('GET', path, { token })).json['devices']
  assert.equal(
    JSON.stringify(left)
      .match(/device_id":"[A-Z]/g)
      ?.join(),
    'device_id":"A,device_id":"D',
  )
  removed.length = 0
  assert.equal(outcome(await call('POST', '/_matrix/client/v3/logout/all', { token })), '200')
  assert.deepEqual(removed, [['@alice:here', ['A', 'D']]])
  assert.equal(outcome(await call('GET', whoami, { token })), '401 M_UNKNOWN_TOKEN')
  const last = text(await logIn('alice', { device_id: 'Z' }), 'access_token')
  assert.equal(outcome(await call('POST', '/_matrix/client/v3/logout', { token: last })), '200')
  assert.equal(outcome(await call('POST', '/_matrix/client/v3/logout', { token: last })), '401 M_UNKNOWN_TOKEN')
  assert.equal(outcome(await call('POST', '/_matrix/client/v3/logout')), '401 M_MISSING_TOKEN')
})

onEachUserServer("a device's notification settings go with it", {}, async (server) => {
  const { call, join, logIn } = server
  const token = await join('alice', { device_id: 'A' })
  const other = text(await logIn('alice', { device_id: 'B' }), 'access_token')
  const settings = (device: string) =>
    `/_matrix/client/v3/user/@alice:here/account_data/org.matrix.msc3890.local_notification_settings.${device}`
  for (const device of ['A', 'B']) await call('PUT', settings(device), { token, body: { is_silenced: true } })
  assert.equal(outcome(await call('POST', '/_matrix/client/v3/logout', { token: other })), '200')
  assert.equal(outcome(await call('GET', settings('B'), { token })), '404 M_NOT_FOUND')
  assert.deepEqual((await call('GET', settings('A'), { token })).json, { is_silenced: true })
})
