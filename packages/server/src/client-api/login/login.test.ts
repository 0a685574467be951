// Goal: who knows the password gets a session, nobody else learns anything, and nobody may try many passwords.
// Method: real HTTP on both databases; the clock is moved by hand.
import assert from 'node:assert/strict'
import { onEachUserServer, outcome, text } from '../user-api.fixture.ts'

const path = '/_matrix/client/v3/login'
const whoami = '/_matrix/client/v3/account/whoami'

onEachUserServer(
  'by password: each way to name oneself, each thing to wish',
  { publicBaseUrl: 'https://c.here' },
  async ({ call, join, logIn }) => {
    await join('alice')
    assert.deepEqual((await call('GET', path)).json, { flows: [{ type: 'm.login.password' }] })
    const password = 'password of alice'
    const identifier = { type: 'm.id.user', user: 'alice' }
    const good: unknown[] = [
      { identifier },
      { identifier: { type: 'm.id.user', user: '@alice:here' } },
      { identifier: { type: 'm.id.user', user: '@ALICE:here' } },
      { user: 'Alice' },
      { identifier, device_id: null, initial_device_display_name: null, refresh_token: false },
    ]
    for (const wish of good) {
      const { status, json } = await call('POST', path, { body: { type: 'm.login.password', password, ...Object(wish) } })
      assert.deepEqual([status, json['user_id'], json['home_server'], json['expires_in_ms']], [200, '@alice:here', 'here', undefined])
      assert.deepEqual(json['well_known'], { 'm.homeserver': { base_url: 'https://c.here' } })
    }
    const cases: [why: string, body: object, expected: string][] = [
      ['a wrong password', { identifier, password: 'wrong password' }, '403 M_FORBIDDEN'],
      ['an unknown user', { user: 'nobody', password }, '403 M_FORBIDDEN'],
      ["another server's user", { user: '@alice:there', password }, '403 M_FORBIDDEN'],
      ['no user at all', { user: '\0', password }, '403 M_FORBIDDEN'],
      ['a long password', { identifier, password: 'x'.repeat(5000) }, '403 M_FORBIDDEN'],
      ['another type', { type: 'm.login.token', token: 'x' }, '400 M_UNKNOWN'],
      ['an e-mail address', { identifier: { type: 'm.id.thirdparty', medium: 'email', address: 'a@b' }, password }, '403 M_FORBIDDEN'],
      ['nobody', { password }, '400 M_MISSING_PARAM'],
      ['no password', { identifier }, '400 M_MISSING_PARAM'],
      ['a number', { identifier, password: 5 }, '400 M_BAD_JSON'],
      ['a device name that is too long', { identifier, password, initial_device_display_name: 'x'.repeat(300) }, '400 M_INVALID_PARAM'],
    ]
    for (const [why, body, expected] of cases) {
      assert.equal(outcome(await call('POST', path, { body: { type: 'm.login.password', ...body } })), expected, why)
    }
    assert.equal((await logIn('alice', { device_id: 'MINE' })).json['device_id'], 'MINE')
  },
)

onEachUserServer('a device that logs in again keeps its name and loses its old token', {}, async ({ call, join, logIn }) => {
  await join('alice')
  const first = await logIn('alice', { device_id: 'PHONE', initial_device_display_name: 'My phone' })
  const second = await logIn('alice', { device_id: 'PHONE', initial_device_display_name: 'Ignored' })
  assert.equal(outcome(await call('GET', whoami, { token: text(first, 'access_token') })), '401 M_UNKNOWN_TOKEN')
  const token = text(second, 'access_token')
  const device = await call('GET', '/_matrix/client/v3/devices/PHONE', { token })
  assert.equal(device.json['display_name'], 'My phone')
})

onEachUserServer('failures are limited for each account and come back with time', { limitFailures: true }, async (server) => {
  const { call, join, logIn, clock } = server
  await join('alice')
  await join('bob')
  const wrong = () => logIn('alice', { password: 'wrong password' })
  for (let i = 0; i < 5; i++) assert.equal(outcome(await logIn('alice')), '200')
  const tried = await Promise.all(Array.from({ length: 14 }, wrong))
  assert.deepEqual([tried.filter(({ status }) => status === 403).length, tried.filter(({ status }) => status === 429).length], [10, 4])
  const limited = await logIn('alice')
  assert.deepEqual([outcome(limited), limited.json['retry_after_ms']], ['429 M_LIMIT_EXCEEDED', 20_000])
  assert.equal(outcome(await logIn('bob')), '200')
  clock.advance(20_000)
  assert.equal(outcome(await logIn('alice')), '200')
  for (let i = 0; i < 60; i++) await logIn(`nobody${i}`)
  assert.equal(outcome(await logIn('bob')), '429 M_LIMIT_EXCEEDED')
  assert.equal(outcome(await call('GET', path)), '200')
})

onEachUserServer('a lock keeps everything out but logging out; a suspension only what is said to others', {}, async (server) => {
  const { call, join, logIn } = server
  const root = await join('root')
  const token = await join('alice')
  assert.equal(
    outcome(await call('PUT', '/_matrix/client/v1/admin/lock/@alice:here', { token: root, body: { locked: true } })),
    '403 M_FORBIDDEN',
  )
  const made = await call('POST', '/_causeway/v1/users', { body: { name: 'boss', password: 'password of boss', admin: true } })
  assert.equal(outcome(made), '200')
  const boss = text(await logIn('boss'), 'access_token')
  const moderate = (method: string, what: string, who: string, body?: object) =>
    call(method, `/_matrix/client/v1/admin/${what}/${who}`, { token: boss, ...(body === undefined ? {} : { body }) })

  assert.deepEqual((await moderate('GET', 'lock', '@alice:here')).json, { locked: false })
  assert.deepEqual((await moderate('PUT', 'lock', '@alice:here', { locked: true })).json, { locked: true })
  const locked = await call('GET', whoami, { token })
  assert.deepEqual([outcome(locked), locked.json['soft_logout']], ['401 M_USER_LOCKED', true])
  assert.equal(outcome(await logIn('alice')), '401 M_USER_LOCKED')
  await moderate('PUT', 'lock', '@alice:here', { locked: false })
  assert.equal(outcome(await call('GET', whoami, { token })), '200')

  await moderate('PUT', 'suspend', '@alice:here', { suspended: true })
  const name = '/_matrix/client/v3/profile/@alice:here/displayname'
  assert.equal(outcome(await call('PUT', name, { token, body: { displayname: 'x' } })), '403 M_USER_SUSPENDED')
  assert.equal(outcome(await call('DELETE', name, { token })), '403 M_USER_SUSPENDED')
  assert.equal(outcome(await logIn('alice')), '200')
  assert.deepEqual((await moderate('GET', 'suspend', '@alice:here')).json, { suspended: true })

  await moderate('PUT', 'lock', '@alice:here', { locked: true })
  assert.equal(outcome(await call('POST', '/_matrix/client/v3/logout', { token })), '200')
  assert.equal(outcome(await call('GET', whoami, { token })), '401 M_UNKNOWN_TOKEN')

  for (const [who, expected] of [
    ['@boss:here', '403 M_FORBIDDEN'],
    ['@none:here', '404 M_NOT_FOUND'],
    ['@alice:there', '400 M_INVALID_PARAM'],
  ] as const) {
    assert.equal(outcome(await moderate('PUT', 'lock', who, { locked: true })), expected)
    assert.equal(outcome(await moderate('GET', 'suspend', who)), expected)
  }
  assert.equal(outcome(await moderate('PUT', 'lock', '@alice:here', { locked: 'yes' })), '400 M_BAD_JSON')
})
