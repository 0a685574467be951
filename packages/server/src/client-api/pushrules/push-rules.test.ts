// Goal: push rules are the server's and the user's own, in the right order, changed one by one, and told to /sync.
// Method: real HTTP on both databases; rules that are ready in memory are compared before and after each change.
import assert from 'node:assert/strict'
import { isAccountDataAnnouncement } from '../../users/announcements.ts'
import { onEachUserServer, outcome, type UserServer } from '../user-api.fixture.ts'

const base = '/_matrix/client/v3/pushrules'
const g = `${base}/global`

async function ids({ call }: UserServer, token: string, kind: string): Promise<string[]> {
  const rules = Object((await call('GET', `${g}/`, { token })).json)[kind]
  return rules.map((rule: { rule_id: string }) => rule.rule_id)
}

onEachUserServer('the rules that everybody has, with the id of whose they are', {}, async (server) => {
  const { call, join, users } = server
  const token = await join('alice')
  const all = (await call('GET', `${base}/`, { token })).json
  assert.deepEqual(Object.keys(all), ['global'])
  assert.deepEqual((await call('GET', base, { token })).json, all)
  assert.deepEqual((await call('GET', `${g}/`, { token })).json, all['global'])
  assert.deepEqual(Object.keys(Object(all['global'])).sort(), ['content', 'override', 'postcontent', 'room', 'sender', 'underride'])
  assert.equal((await ids(server, token, 'override'))[0], '.m.rule.master')
  const mention = (await call('GET', `${g}/override/.m.rule.is_user_mention`, { token })).json
  assert.deepEqual(mention['conditions'], [{ kind: 'event_property_contains', key: 'content.m\\.mentions.user_ids', value: '@alice:here' }])
  assert.deepEqual((await call('GET', '/_matrix/client/v3/user/@alice:here/account_data/m.push_rules', { token })).json, all)
  await join('bob')
  const [alice, bob] = ['alice', 'bob'].map((name) => users.accounts.named(name) ?? assert.fail())
  assert.ok(alice !== undefined && bob !== undefined)
  assert.equal(await users.pushRules.of(alice), await users.pushRules.of(bob))
})

onEachUserServer('order: newest first, before, after, and where it was', {}, async (server) => {
  const { call, join } = server
  const token = await join('alice')
  const put = async (id: string, query = '') =>
    outcome(await call('PUT', `${g}/content/${id}${query}`, { token, body: { pattern: id, actions: ['notify'] } }))
  for (const [id, query, expected] of [
    ['a', '', ['a']],
    ['b', '', ['b', 'a']],
    ['c', '?after=b', ['b', 'c', 'a']],
    ['d', '?before=a', ['b', 'c', 'd', 'a']],
    ['e', '?before=b&after=a', ['e', 'b', 'c', 'd', 'a']],
    ['c', '', ['e', 'b', 'c', 'd', 'a']],
    ['c', '?after=a', ['e', 'b', 'd', 'a', 'c']],
    ['c', '?before=e', ['c', 'e', 'b', 'd', 'a']],
  ] as const) {
    assert.equal(await put(id, query), '200')
    assert.deepEqual(await ids(server, token, 'content'), expected)
  }
  assert.equal(await put('f', '?before=none'), '400 M_UNKNOWN')
  assert.equal(await put('f', '?after=.m.rule.message'), '400 M_UNKNOWN')
  assert.equal(await put('a', '?after=a'), '400 M_UNKNOWN')
  assert.equal((await ids(server, token, 'override'))[0], '.m.rule.master')
  await call('PUT', `${g}/override/mine`, { token, body: { conditions: [], actions: [] } })
  assert.deepEqual((await ids(server, token, 'override')).slice(0, 3), ['.m.rule.master', 'mine', '.m.rule.suppress_notices'])
  const restarted = await server.restart()
  assert.deepEqual(await ids(restarted, token, 'content'), ['c', 'e', 'b', 'd', 'a'])
})

onEachUserServer('on, off, other actions, gone; each change is told, and in memory at once', {}, async (server) => {
  const { call, join, users, announced, db } = server
  const token = await join('alice')
  const alice = users.accounts.named('alice') ?? assert.fail()
  const room = `${g}/room/!foo:here`
  const before = db.positions()
  announced.length = 0
  const plain = await users.pushRules.of(alice)
  const steps: [method: string, at: string, body: unknown][] = [
    ['PUT', room, { actions: ['dont_notify'] }],
    ['PUT', `${room}/enabled`, { enabled: false }],
    ['PUT', room, { actions: ['notify', { set_tweak: 'sound', value: 'ring' }] }],
    ['PUT', `${g}/override/.m.rule.master/enabled`, { enabled: true }],
    ['PUT', `${g}/underride/.m.rule.message/actions`, { actions: [] }],
    ['DELETE', room, undefined],
    ['PUT', `${g}/override/.m.rule.master/enabled`, { enabled: false }],
  ]
  let last = plain
  for (const [method, at, body] of steps) {
    assert.equal(outcome(await call(method, at, { token, body })), '200', at)
    const now = await users.pushRules.of(alice)
    assert.notEqual(now.key, last.key, at)
    last = now
    if (at === room && method === 'PUT') {
      const rule = (await call('GET', room, { token })).json
      assert.deepEqual([rule['actions'], rule['default']], [Object(body).actions, false])
    }
    if (body !== undefined && 'enabled' in Object(body)) assert.deepEqual((await call('GET', at, { token })).json, body)
  }
  assert.equal(announced.filter(isAccountDataAnnouncement).filter(({ type }) => type === 'm.push_rules').length, steps.length)
  assert.deepEqual((await call('GET', `${g}/underride/.m.rule.message/actions`, { token })).json, { actions: [] })
  const [event] = await users.accountDataEvents.changes(alice, before, db.positions())
  assert.equal(event?.type, 'm.push_rules')
  assert.deepEqual(JSON.parse(event?.content ?? ''), (await call('GET', base, { token })).json)
  await call('PUT', `${g}/underride/.m.rule.message/actions`, { token, body: { actions: ['notify'] } })
  assert.equal(await users.pushRules.of(alice), plain)
  const together = await users.pushRules.ofAll([alice, '@none:here'])
  assert.deepEqual([...together.values()], [plain, plain])
})

onEachUserServer('what is refused', {}, async ({ call, join }) => {
  const token = await join('alice')
  const rule = { actions: ['notify'] }
  const cases: [method: string, at: string, body: unknown, expected: string][] = [
    ['GET', '/global/other/x', undefined, '400 M_INVALID_PARAM'],
    ['GET', '/global/room/none', undefined, '404 M_NOT_FOUND'],
    ['GET', '/global/room/none/enabled', undefined, '404 M_NOT_FOUND'],
    ['GET', '/device/', undefined, '404 M_UNRECOGNIZED'],
    ['PUT', '/global/postcontent/mine', rule, '400 M_INVALID_PARAM'],
    ['PUT', '/global/room/.mine', rule, '400 M_INVALID_PARAM'],
    ['PUT', '/global/room/a%2Fb', rule, '400 M_INVALID_PARAM'],
    ['PUT', '/global/room/a%5Cb', rule, '400 M_INVALID_PARAM'],
    ['PUT', '/global/room/a%00b', rule, '400 M_INVALID_PARAM'],
    ['PUT', `/global/room/${'x'.repeat(301)}`, rule, '400 M_INVALID_PARAM'],
    ['PUT', '/global/room/x', {}, '400 M_BAD_JSON'],
    ['PUT', '/global/room/x', { actions: [5] }, '400 M_BAD_JSON'],
    ['PUT', '/global/room/x', { actions: Array.from({ length: 21 }, () => 'notify') }, '400 M_INVALID_PARAM'],
    ['PUT', '/global/content/x', rule, '400 M_MISSING_PARAM'],
    ['PUT', '/global/content/x', { ...rule, pattern: 'x'.repeat(1025) }, '400 M_INVALID_PARAM'],
    ['PUT', '/global/override/x', { ...rule, conditions: [{}] }, '400 M_BAD_JSON'],
    ['PUT', '/global/override/x', { ...rule, conditions: ['x'] }, '400 M_BAD_JSON'],
    ['PUT', '/global/override/x', { ...rule, conditions: Array.from({ length: 21 }, () => ({ kind: 'x' })) }, '400 M_INVALID_PARAM'],
    ['PUT', '/global/room/none/enabled', { enabled: true }, '404 M_NOT_FOUND'],
    ['PUT', '/global/override/.m.rule.master/enabled', { enabled: 1 }, '400 M_BAD_JSON'],
    ['PUT', '/global/room/none/actions', rule, '404 M_NOT_FOUND'],
    ['DELETE', '/global/room/none', undefined, '404 M_NOT_FOUND'],
    ['DELETE', '/global/override/.m.rule.master', undefined, '404 M_NOT_FOUND'],
  ]
  for (const [method, at, body, expected] of cases) {
    assert.equal(outcome(await call(method, base + at, { token, body })), expected, `${method} ${at}`)
  }
})
