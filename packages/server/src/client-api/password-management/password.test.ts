// Goal: a password is changed, and an account ended, by whoever knows the password; other sessions end with it.
// Method: real HTTP on both databases; what the unit wrote is read from the tables.
import assert from 'node:assert/strict'
import type { Argon2 } from '../../platform/argon2.ts'
import { nextUserRoomTasks } from '../../storage/tables/user-room-tasks.ts'
import { onEachUserServer, outcome, quickArgon2, text } from '../user-api.fixture.ts'

const change = '/_matrix/client/v3/account/password'
const end = '/_matrix/client/v3/account/deactivate'
const whoami = '/_matrix/client/v3/account/whoami'
const auth = (name: string, password = `password of ${name}`) => ({
  type: 'm.login.password',
  identifier: { type: 'm.id.user', user: name },
  password,
})

onEachUserServer('a new password: the old one is dead, other sessions end unless they shall stay', {}, async (server) => {
  const { call, join, logIn } = server
  const token = await join('alice', { device_id: 'A' })
  const other = text(await logIn('alice', { device_id: 'B' }), 'access_token')
  const cases: [why: string, body: object, expected: string][] = [
    ['no proof', { new_password: 'another password' }, '401'],
    ['a wrong proof', { new_password: 'another password', auth: auth('alice', 'wrong password') }, '401 M_FORBIDDEN'],
    ['a weak one', { new_password: 'short', auth: auth('alice') }, '400 M_WEAK_PASSWORD'],
    ['none', { auth: auth('alice') }, '400 M_WEAK_PASSWORD'],
    ['a number', { new_password: 5, auth: auth('alice') }, '400 M_BAD_JSON'],
  ]
  for (const [why, body, expected] of cases) assert.equal(outcome(await call('POST', change, { token, body })), expected, why)
  assert.equal(outcome(await call('POST', change, { token, body: { new_password: 'another password', auth: auth('alice') } })), '200')
  assert.equal(outcome(await logIn('alice')), '403 M_FORBIDDEN')
  assert.equal(outcome(await call('GET', whoami, { token: other })), '401 M_UNKNOWN_TOKEN')
  assert.equal(outcome(await call('GET', whoami, { token })), '200')
  assert.equal(outcome(await call('GET', '/_matrix/client/v3/devices/B', { token })), '404 M_NOT_FOUND')

  const kept = text(await logIn('alice', { password: 'another password' }), 'access_token')
  const body = { new_password: 'third password', logout_devices: false, auth: auth('alice', 'another password') }
  assert.equal(outcome(await call('POST', change, { token, body })), '200')
  assert.equal(outcome(await call('GET', whoami, { token: kept })), '200')
  const again = await server.restart()
  assert.equal(outcome(await again.logIn('alice', { password: 'third password' })), '200')
  // Without a session too, by the password alone.
  assert.equal(
    outcome(await again.call('POST', change, { body: { new_password: 'fourth password', auth: auth('alice', 'third password') } })),
    '200',
  )
  assert.equal(outcome(await again.call('GET', whoami, { token })), '401 M_UNKNOWN_TOKEN')
})

onEachUserServer('two at once: one new password wins', {}, async ({ call, join }) => {
  const token = await join('alice')
  const attempts = ['first password', 'second password'].map((password) =>
    call('POST', change, { token, body: { new_password: password, auth: auth('alice') } }),
  )
  assert.equal((await Promise.all(attempts)).filter(({ status }) => status === 200).length, 1)
})

/** Holds back one hash until `release` is called. */
class HeldArgon2 implements Argon2 {
  hold = false
  release: () => void = () => undefined

  async hash(...args: Parameters<Argon2['hash']>): Promise<Uint8Array> {
    if (this.hold) {
      this.hold = false
      await new Promise<void>((resolve) => {
        this.release = resolve
      })
    }
    return quickArgon2.hash(...args)
  }
}

const argon2 = new HeldArgon2()

onEachUserServer('a login whose password is changed while it is checked comes too late', { argon2 }, async ({ call, join, logIn }) => {
  await join('alice')
  argon2.hold = true
  const login = logIn('alice')
  while (argon2.hold) await new Promise(setImmediate)
  assert.equal(outcome(await call('POST', '/_causeway/v1/users/alice/password', { body: { password: 'another password' } })), '200')
  argon2.release()
  assert.equal(outcome(await login), '403 M_FORBIDDEN')
})

onEachUserServer('an end for ever: no login, no name, no data if so wished, and the rooms are left', {}, async (server) => {
  const { call, join, logIn, db, announced } = server
  const token = await join('alice')
  await call('PUT', '/_matrix/client/v3/user/@alice:here/account_data/x', { token, body: { a: 1 } })
  assert.equal(outcome(await call('POST', end, { token, body: {} })), '401')
  assert.equal(outcome(await call('POST', end, { token, body: { auth: auth('alice', 'wrong password') } })), '401 M_FORBIDDEN')
  const done = await call('POST', end, { token, body: { erase: true, auth: auth('alice') } })
  assert.deepEqual([done.status, done.json], [200, { id_server_unbind_result: 'success' }])
  assert.equal(outcome(await call('GET', whoami, { token })), '401 M_UNKNOWN_TOKEN')
  assert.equal(outcome(await logIn('alice')), '403 M_FORBIDDEN')
  const register = { username: 'alice', password: 'password of alice', auth: { type: 'm.login.dummy' } }
  assert.equal(outcome(await call('POST', '/_matrix/client/v3/register', { body: register })), '400 M_USER_IN_USE')
  assert.deepEqual((await call('GET', '/_matrix/client/v3/profile/@alice:here')).json, {})
  assert.deepEqual(
    (await nextUserRoomTasks(db, 10)).map(({ user_id, kind, payload }) => [user_id, kind, payload]),
    [['@alice:here', 'leave-all-rooms', '{"erase":true}']],
  )
  assert.deepEqual(
    announced.filter(({ kind }) => kind === 'user-room-task'),
    [{ kind: 'user-room-task', userId: '@alice:here', task: 'leave-all-rooms' }],
  )
  assert.equal(outcome(await call('POST', '/_causeway/v1/users/alice/deactivate', { body: {} })), '200')
  assert.equal((await nextUserRoomTasks(db, 10)).length, 1)
})
