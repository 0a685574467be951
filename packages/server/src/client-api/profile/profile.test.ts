// Goal: everybody reads profiles, their owner alone changes them, within their size; rooms and other servers are asked and told.
// Method: real HTTP on both databases; another server is a function.
import assert from 'node:assert/strict'
import { emptyObject } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { nextUserRoomTasks } from '../../storage/tables/user-room-tasks.ts'
import { onEachUserServer, outcome } from '../user-api.fixture.ts'

const alice = '/_matrix/client/v3/profile/@alice:here'

onEachUserServer('any field, kept exactly; what member events repeat becomes a task', {}, async (server) => {
  const { call, join, announced } = server
  const token = await join('alice')
  const put = (field: string, value: unknown) => call('PUT', `${alice}/${field}`, { token, body: { [field]: value } })
  assert.deepEqual((await call('GET', alice)).json, { displayname: 'alice' })
  const pairs: [field: string, value: unknown][] = [
    ['displayname', 'Alice ✨'],
    ['avatar_url', 'mxc://here/abc'],
    ['m.tz', 'Europe/Berlin'],
    ['org.example.any', { deep: [1, 1.5, null, true, { __proto__: 1 }], big: 1e21 }],
    ['org.example.null', null],
  ]
  announced.length = 0
  for (const [field, value] of pairs) assert.equal(outcome(await put(field, value)), '200', field)
  assert.equal(outcome(await put('displayname', 'Alice ✨')), '200')
  const again = await server.restart()
  assert.deepEqual((await again.call('GET', alice)).json, Object.fromEntries(pairs))
  assert.deepEqual((await again.call('GET', `${alice}/org.example.any`)).json, Object.fromEntries(pairs.slice(3, 4)))
  const userId = again.users.accounts.named('alice') ?? assert.fail()
  assert.deepEqual({ ...(await again.users.profiles.memberFields(userId)) }, { avatar_url: 'mxc://here/abc', displayname: 'Alice ✨' })
  assert.deepEqual(
    (await nextUserRoomTasks(again.db, 10)).map(({ kind, user_id }) => [kind, user_id]),
    [['profile-changed', '@alice:here']],
  )
  assert.deepEqual(announced.filter(({ kind }) => kind === 'profile').length, 5)
  assert.deepEqual(announced.filter(({ kind }) => kind === 'user-room-task').length, 2)
  assert.equal(outcome(await again.call('DELETE', `${alice}/m.tz`, { token })), '200')
  assert.equal(outcome(await again.call('DELETE', `${alice}/m.tz`, { token })), '200')
  assert.equal(outcome(await again.call('GET', `${alice}/m.tz`)), '404 M_NOT_FOUND')
  assert.equal(outcome(await again.call('PUT', `${alice}/displayname`, { token, body: { displayname: '' } })), '200')
  assert.equal(outcome(await again.call('GET', `${alice}/displayname`)), '404 M_NOT_FOUND')
})

onEachUserServer('what is refused', {}, async ({ call, join }) => {
  const token = await join('alice')
  await join('bob')
  const cases: [why: string, at: string, body: unknown, expected: string][] = [
    ['a name that is no text', 'displayname', { displayname: 5 }, '400 M_INVALID_PARAM'],
    ['a name that is null', 'displayname', { displayname: null }, '400 M_INVALID_PARAM'],
    ['a long name', 'displayname', { displayname: 'x'.repeat(1025) }, '400 M_INVALID_PARAM'],
    ['a picture elsewhere', 'avatar_url', { avatar_url: 'https://x/y' }, '400 M_INVALID_PARAM'],
    ['a picture in itself', 'avatar_url', { avatar_url: 'Data:image/png,x' }, '400 M_INVALID_PARAM'],
    ['another field', 'displayname', { avatar_url: 'mxc://a/b' }, '400 M_MISSING_PARAM'],
    ['what objects inherit', 'constructor', {}, '400 M_MISSING_PARAM'],
    ['no object', 'displayname', [], '400 M_BAD_JSON'],
    ['no JSON', 'displayname', '{', '400 M_NOT_JSON'],
    ['a capital', 'Org.x', { 'Org.x': 1 }, '400 M_INVALID_PARAM'],
    ['U+0000', 'a%00', {}, '400 M_INVALID_PARAM'],
    ['a long key', `a${'b'.repeat(255)}`, {}, '400 M_KEY_TOO_LARGE'],
    ['a lone surrogate', 'org.x', '{"org.x":"\\ud800"}', '400 M_BAD_JSON'],
    [
      'one byte too many',
      'org.x',
      { 'org.x': 'x'.repeat(65_536 - '{"displayname":"alice","org.x":""}'.length + 1) },
      '400 M_PROFILE_TOO_LARGE',
    ],
    ['as much as fits', 'org.x', { 'org.x': 'x'.repeat(65_536 - '{"displayname":"alice","org.x":""}'.length) }, '200'],
    ['one field more', 'org.y', { 'org.y': 1 }, '400 M_PROFILE_TOO_LARGE'],
    ['less in its place', 'org.x', { 'org.x': 1 }, '200'],
  ]
  for (const [why, at, body, expected] of cases) assert.equal(outcome(await call('PUT', `${alice}/${at}`, { token, body })), expected, why)
  const bob = '/_matrix/client/v3/profile/@bob:here/displayname'
  assert.equal(outcome(await call('PUT', bob, { token, body: { displayname: 'x' } })), '403 M_FORBIDDEN')
  assert.equal(outcome(await call('DELETE', bob, { token })), '403 M_FORBIDDEN')
  assert.equal(outcome(await call('PUT', bob, { body: { displayname: 'x' } })), '401 M_MISSING_TOKEN')
  for (const at of ['@none:here', '@none:here/displayname', '@none:there']) {
    assert.equal(outcome(await call('GET', `/_matrix/client/v3/profile/${at}`)), '404 M_NOT_FOUND')
  }
  assert.equal(outcome(await call('GET', '/_matrix/client/v3/profile/none')), '400 M_INVALID_PARAM')
})

const asked: [string, string | undefined][] = []
const remoteProfile = async (userId: string, field: string | undefined) => {
  asked.push([userId, field])
  if (userId === '@gone:there') throw new MatrixError('M_NOT_FOUND', 'gone')
  return Object.assign(emptyObject(), field === undefined ? { displayname: 'Eve', 'org.x': 1 } : { displayname: 'Eve' })
}

onEachUserServer("another server's users are asked for there", { remoteProfile }, async ({ call }) => {
  asked.length = 0
  const eve = '/_matrix/client/v3/profile/@eve:there'
  assert.deepEqual((await call('GET', eve)).json, { displayname: 'Eve', 'org.x': 1 })
  assert.deepEqual((await call('GET', `${eve}/displayname`)).json, { displayname: 'Eve' })
  assert.equal(outcome(await call('GET', `${eve}/org.x`)), '404 M_NOT_FOUND')
  assert.equal(outcome(await call('GET', '/_matrix/client/v3/profile/@gone:there')), '404 M_NOT_FOUND')
  assert.deepEqual(asked, [
    ['@eve:there', undefined],
    ['@eve:there', 'displayname'],
    ['@eve:there', 'org.x'],
    ['@gone:there', undefined],
  ])
})
