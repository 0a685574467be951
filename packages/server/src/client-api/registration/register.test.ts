// Goal: an account is made once, by whom may make one, with a proof that is good once; all of it survives a restart.
// Method: real HTTP on both databases; races by requests sent together.
import assert from 'node:assert/strict'
import { onEachUserServer, outcome, text } from '../user-api.fixture.ts'

const path = '/_matrix/client/v3/register'
const dummy = { type: 'm.login.dummy' }

onEachUserServer('open registration: flows first, then an account that stays', {}, async (first) => {
  const { call } = first
  const asked = await call('POST', path, { body: {} })
  assert.deepEqual([asked.status, asked.json['flows'], asked.json['params']], [401, [{ stages: ['m.login.dummy'] }], {}])
  const session = text(asked, 'session')
  const again = await first.restart()
  const body = { username: 'Alice', password: 'a good password', device_id: 'PHONE', initial_device_display_name: 'Phone' }
  const made = await again.call('POST', path, { body: { ...body, auth: { ...dummy, session } } })
  assert.deepEqual([made.status, made.json['user_id'], made.json['device_id']], [200, '@alice:here', 'PHONE'])
  assert.match(text(made, 'access_token'), /^cwa_[A-Za-z0-9]{32}$/)
  const token = text(made, 'access_token')
  const restarted = await again.restart()
  const who = await restarted.call('GET', '/_matrix/client/v3/account/whoami', { token })
  assert.deepEqual(who.json, { user_id: '@alice:here', device_id: 'PHONE', is_guest: false })
  assert.deepEqual((await restarted.call('GET', '/_matrix/client/v3/profile/@alice:here')).json, { displayname: 'alice' })
  const spent = await restarted.call('POST', path, { body: { ...body, username: 'bob', auth: { ...dummy, session } } })
  assert.equal(outcome(spent), '401 M_UNAUTHORIZED')
})

onEachUserServer('what nobody can register, and who loses a race', {}, async ({ call, join }) => {
  await join('taken')
  const good = { username: 'fine', password: 'a good password', auth: dummy }
  const cases: [why: string, query: string, body: unknown, expected: string][] = [
    ['a guest', '?kind=guest', good, '403 M_GUEST_ACCESS_FORBIDDEN'],
    ['a strange kind', '?kind=bot', good, '400 M_INVALID_PARAM'],
    ['a taken name', '', { ...good, username: 'taken' }, '400 M_USER_IN_USE'],
    ['a taken name in capitals', '', { ...good, username: 'TAKEN', auth: undefined }, '400 M_USER_IN_USE'],
    ['a space', '', { ...good, username: 'a b' }, '400 M_INVALID_USERNAME'],
    ['an accent', '', { ...good, username: 'é' }, '400 M_INVALID_USERNAME'],
    ['an empty name', '', { ...good, username: '' }, '400 M_INVALID_USERNAME'],
    ['a name that is too long', '', { ...good, username: 'a'.repeat(250) }, '400 M_INVALID_USERNAME'],
    ['a reserved name', '', { ...good, username: '_bridge' }, '400 M_INVALID_USERNAME'],
    ['a short password', '', { ...good, password: '1234567' }, '400 M_WEAK_PASSWORD'],
    ['a long password', '', { ...good, password: 'x'.repeat(513) }, '400 M_WEAK_PASSWORD'],
    ['no password', '', { username: 'fine', auth: dummy }, '400 M_MISSING_PARAM'],
    ['a name that is no text', '', { ...good, username: 5 }, '400 M_BAD_JSON'],
    ['no text of Unicode', '', '{"username":"fine","password":"\\ud800aaaaaaaa","auth":{"type":"m.login.dummy"}}', '400 M_BAD_JSON'],
    ['auth that is no object', '', { ...good, auth: 'x' }, '400 M_BAD_JSON'],
    ['a stage of no flow', '', { ...good, auth: { type: 'm.login.password' } }, '401 M_UNAUTHORIZED'],
    ['a device id that is too long', '', { ...good, device_id: 'D'.repeat(300) }, '400 M_INVALID_PARAM'],
    ['an empty device id', '', { ...good, device_id: '' }, '400 M_INVALID_PARAM'],
    ['U+0000 in a device id', '', { ...good, device_id: '\0' }, '400 M_INVALID_PARAM'],
  ]
  for (const [why, query, body, expected] of cases) assert.equal(outcome(await call('POST', path + query, { body })), expected, why)
  for (const [name, expected] of [
    ['taken', '400 M_USER_IN_USE'],
    ['a,b', '400 M_INVALID_USERNAME'],
    ['fine', '200'],
  ]) {
    assert.equal(outcome(await call('GET', `${path}/available?username=${name}`)), expected)
  }
  const race = await Promise.all(Array.from({ length: 8 }, () => call('POST', path, { body: good })))
  assert.deepEqual(race.map(outcome).sort(), ['200', ...Array.from({ length: 7 }, () => '400 M_USER_IN_USE')])
})

onEachUserServer('without a name one is chosen; without a login there is none', {}, async ({ call, users }) => {
  const made = await call('POST', path, { body: { password: 'a good password', inhibit_login: true, auth: dummy } })
  assert.deepEqual([made.status, 'access_token' in made.json, 'device_id' in made.json], [200, false, false])
  assert.match(text(made, 'user_id'), /^@[a-z0-9]{12}:here$/)
  assert.equal((await users.accounts.list('', 10)).length, 1)
})

onEachUserServer(
  'tokens: those of the configuration, and those with limits, used exactly as often as they say',
  { mode: 'token', tokens: ['from.config'] },
  async (server) => {
    const { call } = server
    const register = (username: string, token: unknown) =>
      call('POST', path, { body: { username, password: 'a good password', auth: { type: 'm.login.registration_token', token } } })
    const valid = async (token: string) =>
      (await call('GET', `/_matrix/client/v1/register/m.login.registration_token/validity?token=${token}`)).json['valid']
    const admin = '/_causeway/v1/registration-tokens'

    assert.deepEqual((await call('POST', admin, { body: { token: 'twice', uses_allowed: 2 } })).json, { token: 'twice' })
    assert.equal(outcome(await call('POST', admin, { body: { token: 'twice' } })), '400 M_INVALID_PARAM')
    assert.equal(outcome(await call('POST', admin, { body: { token: 'no spaces' } })), '400 M_INVALID_PARAM')
    await call('POST', admin, { body: { token: 'old', expires_at: server.clock.now() + 1000 } })
    assert.deepEqual(
      [await valid('from.config'), await valid('twice'), await valid('old'), await valid('other'), await valid('%00')],
      [true, true, true, false, false],
    )
    server.clock.advance(1000)
    assert.equal(await valid('old'), false)

    assert.equal(outcome(await register('a', 'from.config')), '200')
    assert.equal(outcome(await register('b', 'wrong')), '401 M_FORBIDDEN')
    assert.equal(outcome(await register('b', 5)), '401 M_FORBIDDEN')
    assert.equal(outcome(await register('b', 'old')), '401 M_FORBIDDEN')
    const race = await Promise.all(['c', 'd', 'e', 'f'].map((name) => register(name, 'twice')))
    assert.equal(race.filter(({ status }) => status === 200).length, 2)
    assert.equal(await valid('twice'), false)
    assert.deepEqual((await call('GET', admin)).json['registration_tokens'], [
      { token: 'old', uses_allowed: null, completed: 0, expires_at: server.clock.now() },
      { token: 'twice', uses_allowed: 2, completed: 2, expires_at: null },
    ])
    assert.equal(outcome(await call('DELETE', `${admin}/old`)), '200')
    assert.equal(outcome(await call('DELETE', `${admin}/old`)), '404 M_NOT_FOUND')
  },
)

onEachUserServer('closed registration says so everywhere', { mode: 'closed' }, async ({ call }) => {
  assert.equal(outcome(await call('POST', path, { body: {} })), '403 M_FORBIDDEN')
  assert.equal(outcome(await call('GET', `${path}/available?username=x`)), '403 M_FORBIDDEN')
  assert.equal(outcome(await call('GET', '/_matrix/client/v1/register/m.login.registration_token/validity?token=x')), '403 M_FORBIDDEN')
})
