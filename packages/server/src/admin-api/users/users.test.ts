// Goal: the operator makes, lists and ends accounts; who knows the shared secret makes them, with each nonce once.
// Method: real HTTP on both databases; the code over a registration is computed here anew.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { onEachUserServer, outcome, text } from '../../client-api/user-api.fixture.ts'

const users = '/_causeway/v1/users'

onEachUserServer('the operator', {}, async ({ call, join, logIn }) => {
  const token = await join('alice')
  const cases: [body: unknown, expected: string][] = [
    [{ name: 'root', password: 'password of root', admin: true }, '200'],
    [{ name: '@bob:here' }, '200'],
    [{ name: 'bob' }, '400 M_USER_IN_USE'],
    [{ name: '@bob:there' }, '400 M_INVALID_USERNAME'],
    [{ name: 'a b' }, '400 M_INVALID_USERNAME'],
    [{ name: 'eve', password: 'short' }, '400 M_WEAK_PASSWORD'],
    [{}, '400 M_BAD_JSON'],
  ]
  for (const [body, expected] of cases) assert.equal(outcome(await call('POST', users, { body })), expected, JSON.stringify(body))
  const first = (await call('GET', `${users}?limit=2`)).json
  const rest = (await call('GET', `${users}?from=${encodeURIComponent(String(first['next']))}`)).json
  assert.deepEqual([first['next'], rest['next']], ['@bob:here', undefined])
  const names = [first, rest].flatMap((page) =>
    Object(page).users.map((user: { user_id: string; admin: boolean }) => [user.user_id, user.admin]),
  )
  assert.deepEqual(names, [
    ['@alice:here', false],
    ['@bob:here', false],
    ['@root:here', true],
  ])
  assert.equal(outcome(await logIn('bob')), '403 M_FORBIDDEN')
  assert.equal(outcome(await call('POST', `${users}/bob/password`, { body: { password: 'password of bob' } })), '200')
  assert.equal(outcome(await logIn('bob')), '200')
  assert.equal(outcome(await call('POST', `${users}/%40alice%3Ahere/password`, { body: { password: 'changed password' } })), '200')
  assert.equal(outcome(await call('GET', '/_matrix/client/v3/account/whoami', { token })), '401 M_UNKNOWN_TOKEN')
  assert.equal(outcome(await call('POST', `${users}/none/password`, { body: { password: 'changed password' } })), '404 M_NOT_FOUND')
  assert.equal(outcome(await call('POST', `${users}/none/deactivate`, { body: {} })), '404 M_NOT_FOUND')
  assert.equal(outcome(await call('POST', `${users}/bob/deactivate`, { body: {} })), '200')
  assert.equal(outcome(await logIn('bob')), '403 M_FORBIDDEN')
  assert.equal(outcome(await call('POST', `${users}/bob/password`, { body: { password: 'password of bob' } })), '404 M_NOT_FOUND')
})

const shared = '/_synapse/admin/v1/register'
const sharedSecret = 'a shared secret'

function mac(parts: readonly string[]): string {
  return createHmac('sha1', sharedSecret).update(parts.join('\0')).digest('hex')
}

onEachUserServer('the shared secret', { sharedSecret, mode: 'closed' }, async ({ call, clock }) => {
  const nonce = async () => text(await call('GET', shared), 'nonce')
  const password = 'a good password'
  const first = await nonce()
  const body = { nonce: first, username: 'Root', password, admin: true, mac: mac([first, 'Root', password, 'admin']) }
  const made = await call('POST', shared, { body })
  assert.deepEqual([made.status, made.json['user_id'], made.json['home_server']], [200, '@root:here', 'here'])
  const token = text(made, 'access_token')
  assert.equal(
    Object((await call('GET', '/_matrix/client/v3/capabilities', { token })).json).capabilities['m.account_moderation'].lock,
    true,
  )
  assert.equal(outcome(await call('POST', shared, { body })), '400 M_UNKNOWN')

  const attempt = async (more: object, parts: readonly string[]) => {
    const fresh = await nonce()
    return outcome(await call('POST', shared, { body: { nonce: fresh, username: 'bob', password, mac: mac([fresh, ...parts]), ...more } }))
  }
  assert.equal(await attempt({ admin: true }, ['bob', password, 'notadmin']), '403 M_FORBIDDEN')
  assert.equal(await attempt({ mac: 'zz' }, []), '403 M_FORBIDDEN')
  assert.equal(await attempt({ username: 'b,b' }, ['b,b', password, 'notadmin']), '400 M_INVALID_USERNAME')
  assert.equal(await attempt({ username: 'bob\0x' }, ['bob\0x', password, 'notadmin']), '400 M_INVALID_PARAM')
  assert.equal(await attempt({ user_type: 'bot', admin: null, displayname: 'Bob the bot' }, ['bob', password, 'notadmin', 'bot']), '200')
  assert.deepEqual((await call('GET', '/_matrix/client/v3/profile/@bob:here')).json, { displayname: 'Bob the bot' })
  assert.equal(await attempt({ username: 'bob' }, ['bob', password, 'notadmin']), '400 M_USER_IN_USE')

  const late = await nonce()
  clock.advance(60_000)
  assert.equal(
    outcome(
      await call('POST', shared, { body: { nonce: late, username: 'eve', password, mac: mac([late, 'eve', password, 'notadmin']) } }),
    ),
    '400 M_UNKNOWN',
  )
})

onEachUserServer('no shared secret', {}, async ({ call }) => {
  assert.equal(outcome(await call('GET', shared)), '403 M_FORBIDDEN')
  assert.equal(outcome(await call('POST', shared, { body: { nonce: 'x', username: 'x', password: 'y', mac: 'z' } })), '403 M_FORBIDDEN')
})
