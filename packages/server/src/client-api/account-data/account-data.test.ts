// Goal: account data and tags are kept as they are, for their owner alone, within bounds, and each change is announced in order.
// Method: real HTTP on both databases; the stream is read as /sync reads it.
import assert from 'node:assert/strict'
import { isAccountDataAnnouncement } from '../../users/announcements.ts'
import { announceForeignAccountData } from '../../users/account-data/foreign-account-data.ts'
import { onEachUserServer, outcome } from '../user-api.fixture.ts'

const mine = '/_matrix/client/v3/user/@alice:here'
const room = `${mine}/rooms/!r:here`

onEachUserServer('set, read, and follow', {}, async (server) => {
  const { call, join, users, db, announced } = server
  const token = await join('alice')
  const alice = users.accounts.named('alice') ?? assert.fail()
  const before = db.positions()
  const content = { 'm.x': [1, { y: 'z\0' }], n: 1.5 }
  for (const at of [`${mine}/account_data/org.x`, `${room}/account_data/org.x`]) {
    assert.equal(outcome(await call('GET', at, { token })), '404 M_NOT_FOUND')
    assert.equal(outcome(await call('PUT', at, { token, body: {} })), '200')
    assert.equal(outcome(await call('PUT', at, { token, body: content })), '200')
    assert.deepEqual((await call('GET', at, { token })).json, content)
  }
  const after = db.positions()
  const changes = await users.accountDataEvents.changes(alice, before, after)
  assert.deepEqual(
    changes.map(({ roomId, type, content: json }) => [roomId, type, JSON.parse(json)]),
    [
      ['', 'org.x', content],
      ['!r:here', 'org.x', content],
    ],
  )
  assert.deepEqual(await users.accountDataEvents.changes(alice, after, after), [])
  const told = announced.filter(isAccountDataAnnouncement)
  assert.deepEqual(
    told.map(({ roomId, type }) => [roomId, type]),
    [
      ['', 'org.x'],
      ['', 'org.x'],
      ['!r:here', 'org.x'],
      ['!r:here', 'org.x'],
    ],
  )
  assert.deepEqual(
    told.map(({ position }) => position),
    told.map(({ position }) => position).toSorted((a, b) => a - b),
  )
  const stretch = { slot: db.slot, after: before.get(db.slot) ?? 0, position: after.get(db.slot) ?? 0 }
  assert.deepEqual(
    (await announceForeignAccountData(db, stretch)).map(({ roomId }) => roomId),
    ['', '!r:here'],
  )
  const again = await server.restart()
  assert.deepEqual((await again.call('GET', `${mine}/account_data/org.x`, { token })).json, content)
  const all = await again.users.accountDataEvents.all(alice)
  assert.deepEqual(all.map(({ roomId, type }) => `${roomId} ${type}`).sort(), [' m.push_rules', ' org.x', '!r:here org.x'])
})

onEachUserServer('what is refused', {}, async ({ call, join }) => {
  const token = await join('alice')
  await join('bob')
  const cases: [method: string, at: string, body: unknown, expected: string][] = [
    ['PUT', `${mine}/account_data/m.fully_read`, {}, '405 M_BAD_JSON'],
    ['PUT', `${mine}/account_data/m.push_rules`, {}, '405 M_BAD_JSON'],
    ['PUT', `${room}/account_data/m.fully_read`, {}, '405 M_BAD_JSON'],
    ['PUT', `${mine}/account_data/x`, [], '400 M_BAD_JSON'],
    ['PUT', `${mine}/account_data/x`, 'nonsense', '400 M_NOT_JSON'],
    ['PUT', `${mine}/account_data/x%00`, {}, '400 M_INVALID_PARAM'],
    ['GET', `${mine}/account_data/x%00`, undefined, '400 M_INVALID_PARAM'],
    ['PUT', `${mine}/account_data/${'x'.repeat(256)}`, {}, '400 M_INVALID_PARAM'],
    ['PUT', `${mine}/account_data/x`, { x: 'x'.repeat(128 * 1024) }, '413 M_TOO_LARGE'],
    ['PUT', `${mine}/rooms/@x:here/account_data/x`, {}, '400 M_INVALID_PARAM'],
    ['PUT', '/_matrix/client/v3/user/@bob:here/account_data/x', {}, '403 M_FORBIDDEN'],
    ['GET', '/_matrix/client/v3/user/@bob:here/account_data/x', undefined, '403 M_FORBIDDEN'],
    ['PUT', `${room}/tags/${'x'.repeat(256)}`, {}, '400 M_INVALID_PARAM'],
    ['PUT', `${room}/tags/x`, { order: '1' }, '400 M_BAD_JSON'],
    ['GET', '/_matrix/client/v3/user/@bob:here/rooms/!r:here/tags', undefined, '403 M_FORBIDDEN'],
  ]
  for (const [method, at, body, expected] of cases) assert.equal(outcome(await call(method, at, { token, body })), expected, at)
})

onEachUserServer('tags set at once are all there, and go one by one', {}, async ({ call, join, users }) => {
  const token = await join('alice')
  const names = Array.from({ length: 15 }, (_, i) => `u.tag${i}`)
  const set = await Promise.all(names.map((name) => call('PUT', `${room}/tags/${name}`, { token, body: { order: 0.5, extra: name } })))
  assert.ok(set.every(({ status }) => status === 200))
  const tags = (await call('GET', `${room}/tags`, { token })).json['tags']
  assert.deepEqual(Object.keys(Object(tags)).sort(), names.sort())
  assert.deepEqual(Object(tags)['u.tag3'], { order: 0.5, extra: 'u.tag3' })
  for (const name of [...names, 'none']) assert.equal(outcome(await call('DELETE', `${room}/tags/${name}`, { token })), '200')
  assert.deepEqual((await call('GET', `${room}/tags`, { token })).json, { tags: {} })
  assert.equal(outcome(await call('PUT', `${room}/tags/__proto__`, { token, body: { order: 1 } })), '200')
  assert.equal(JSON.stringify((await call('GET', `${room}/tags`, { token })).json), '{"tags":{"__proto__":{"order":1}}}')
  // Set as a whole, in any form.
  await call('PUT', `${room}/account_data/m.tag`, { token, body: { tags: 5 } })
  assert.deepEqual((await call('GET', `${room}/tags`, { token })).json, { tags: {} })
  for (let i = 0; i < 100; i++) await call('PUT', `${room}/tags/${i}`, { token, body: {} })
  assert.equal(outcome(await call('PUT', `${room}/tags/more`, { token, body: {} })), '413 M_TOO_LARGE')
  const alice = users.accounts.named('alice') ?? assert.fail()
  assert.equal((await users.accountDataEvents.all(alice)).length, 2)
})
