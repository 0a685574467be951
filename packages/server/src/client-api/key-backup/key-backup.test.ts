// Goal: a backup keeps the best of each session, counts right, and changes only where it may.
// Method: real HTTP on both databases; devices of one user write at the same time.
import assert from 'node:assert/strict'
import { backupSessionsPerRequestMax } from '../../e2ee/limits.ts'
import { onEachUserServer, outcome, text, type UserServer } from '../user-api.fixture.ts'

const base = '/_matrix/client/v3/room_keys'
const description = { algorithm: 'm.megolm_backup.v1.curve25519-aes-sha2', auth_data: { public_key: 'abc' } }
const [room, other] = ['!room:here', '!other:here']

function session(more: object = {}): object {
  return { first_message_index: 5, forwarded_count: 5, is_verified: false, session_data: { ciphertext: 'x' }, ...more }
}

async function begin({ call }: UserServer, token: string): Promise<string> {
  return text(await call('POST', `${base}/version`, { token, body: description }), 'version')
}

onEachUserServer('versions: begun, described, changed and deleted', {}, async (server) => {
  const { call } = server
  const [token, bob] = [await server.join('alice'), await server.join('bob')]
  const at = (version: string) => `${base}/version/${version}`
  assert.equal(outcome(await call('GET', `${base}/version`, { token })), '404 M_NOT_FOUND')
  const [one, two] = [await begin(server, token), await begin(server, token)]
  assert.notEqual(one, two)
  assert.deepEqual((await call('GET', `${base}/version`, { token })).json, { ...description, version: two, count: 0, etag: '0' })
  assert.deepEqual((await call('GET', at(one), { token })).json, { ...description, version: one, count: 0, etag: '0' })
  const changed = { ...description, auth_data: { public_key: 'def' } }
  const cases: [method: string, path: string, body: object | undefined, expected: string][] = [
    ['PUT', at(two), changed, '200'],
    ['PUT', at(two), { ...changed, version: two }, '200'],
    ['PUT', at(two), { ...changed, version: one }, '400 M_INVALID_PARAM'],
    ['PUT', at(two), { ...changed, algorithm: 'other' }, '400 M_INVALID_PARAM'],
    ['PUT', at('77'), changed, '404 M_NOT_FOUND'],
    ['GET', at('nonsense'), undefined, '404 M_NOT_FOUND'],
    ['POST', `${base}/version`, { algorithm: 'x' }, '400 M_BAD_JSON'],
    ['POST', `${base}/version`, { algorithm: 'x', auth_data: { x: 'x'.repeat(70_000) } }, '413 M_TOO_LARGE'],
    ['DELETE', at(two), undefined, '200'],
    ['DELETE', at(two), undefined, '200'],
    ['DELETE', at('77'), undefined, '404 M_NOT_FOUND'],
    ['PUT', at(two), changed, '404 M_NOT_FOUND'],
    ['GET', `${base}/keys?version=${two}`, undefined, '404 M_NOT_FOUND'],
  ]
  for (const [method, path, body, expected] of cases) {
    assert.equal(outcome(await call(method, path, { token, body })), expected, `${method} ${path}`)
  }
  assert.equal((await call('GET', `${base}/version`, { token })).json['version'], one)
  assert.equal(outcome(await call('GET', at(one), { token: bob })), '404 M_NOT_FOUND')
  // A number never comes again.
  assert.ok(![one, two].includes(await begin(server, token)))
  const many = await Promise.all(Array.from({ length: 5 }, () => begin(server, token)))
  assert.equal(new Set(many).size, 5)
})

onEachUserServer('sessions: put, counted, read and deleted, in the current version alone', {}, async (server) => {
  const { call } = server
  const token = await server.join('alice')
  const [old, version] = [await begin(server, token), await begin(server, token)]
  const keys = (path: string, of = version) => `${base}/keys${path}?version=${of}`
  const put = (path: string, body: object, of = version) => call('PUT', keys(path, of), { token, body })
  assert.deepEqual((await put(`/${room}/a`, session())).json, { count: 1, etag: '1' })
  assert.deepEqual((await put(`/${room}`, { sessions: { b: session(), c: session() } })).json, { count: 3, etag: '2' })
  assert.deepEqual((await put('', { rooms: { [other]: { sessions: { a: session() } }, [room]: { sessions: { d: session() } } } })).json, {
    count: 5,
    etag: '3',
  })
  assert.deepEqual((await put(`/${room}/a`, session())).json, { count: 5, etag: '3' })
  const wrong = await put(`/${room}/a`, session(), old)
  assert.equal(outcome(wrong), '403 M_WRONG_ROOM_KEYS_VERSION')
  assert.equal(wrong.json['current_version'], version)
  assert.deepEqual((await call('GET', `${base}/version`, { token })).json, { ...description, version, count: 5, etag: '3' })
  const restarted = await server.restart()
  const get = async (path: string) => (await restarted.call('GET', keys(path), { token })).json
  assert.deepEqual(await get(`/${room}/a`), session())
  assert.deepEqual(await get(`/${other}`), { sessions: { a: session() } })
  assert.deepEqual(await get(''), {
    rooms: { [other]: { sessions: { a: session() } }, [room]: { sessions: { a: session(), b: session(), c: session(), d: session() } } },
  })
  assert.deepEqual(await get('/!none:here'), { sessions: {} })
  assert.equal(outcome(await restarted.call('GET', keys(`/${room}/none`), { token })), '404 M_NOT_FOUND')
  const remove = async (path: string) => (await restarted.call('DELETE', keys(path), { token })).json
  assert.deepEqual(await remove(`/${room}/a`), { count: 4, etag: '4' })
  assert.deepEqual(await remove(`/${room}/a`), { count: 4, etag: '4' })
  assert.deepEqual(await remove(`/${room}`), { count: 1, etag: '5' })
  assert.deepEqual(await remove(''), { count: 0, etag: '6' })
  assert.deepEqual(await get(''), { rooms: {} })
})

onEachUserServer('of two keys of a session the better one stays', {}, async (server) => {
  const token = await server.join('alice')
  const version = await begin(server, token)
  const at = `${base}/keys/${room}/s?version=${version}`
  const cases: [offered: object, stays: boolean][] = [
    [{}, true],
    [{ first_message_index: 6 }, false],
    [{ forwarded_count: 6 }, false],
    [{ forwarded_count: 4 }, true],
    [{ first_message_index: 4, forwarded_count: 9 }, true],
    [{ first_message_index: 9, is_verified: true }, true],
    [{ first_message_index: 0 }, false],
    [{ first_message_index: 8, is_verified: true }, true],
  ]
  let kept: object = {}
  for (const [offered, stays] of cases) {
    assert.equal(outcome(await server.call('PUT', at, { token, body: session(offered) })), '200')
    if (stays) kept = session(offered)
    assert.deepEqual((await server.call('GET', at, { token })).json, kept, JSON.stringify(offered))
  }
})

onEachUserServer('devices that write at the same time are all counted', {}, async (server) => {
  const token = await server.join('alice')
  const version = await begin(server, token)
  const put = (name: string) => server.call('PUT', `${base}/keys/${room}/${name}?version=${version}`, { token, body: session() })
  const answers = await Promise.all(Array.from({ length: 5 }, (_, i) => put(`s${i}`)))
  assert.deepEqual(
    answers.map(outcome),
    Array.from({ length: 5 }, () => '200'),
  )
  const { count, etag } = (await server.call('GET', `${base}/version`, { token })).json
  assert.deepEqual({ count, etag }, { count: 5, etag: '5' })
})

onEachUserServer('D18: what is malformed or too much is refused whole', {}, async (server) => {
  const token = await server.join('alice')
  const version = await begin(server, token)
  const many = Object.fromEntries(Array.from({ length: backupSessionsPerRequestMax + 1 }, (_, i) => [`s${i}`, session()]))
  const cases: [path: string, body: object, expected: string][] = [
    ['', { rooms: { [room]: { sessions: { a: session(), b: 5 } } } }, '400 M_BAD_JSON'],
    ['', { rooms: { [room]: 5 } }, '400 M_BAD_JSON'],
    ['', { rooms: { nonsense: { sessions: {} } } }, '400 M_INVALID_PARAM'],
    ['', {}, '400 M_BAD_JSON'],
    [`/${room}`, { sessions: { a: session({ session_data: 5 }) } }, '400 M_BAD_JSON'],
    [`/${room}`, { sessions: { a: session({ first_message_index: -1 }) } }, '400 M_BAD_JSON'],
    [`/${room}`, { sessions: { a: session({ is_verified: 1 }) } }, '400 M_BAD_JSON'],
    [`/${room}`, { sessions: { a: session({ more: 'x'.repeat(20_000) }) } }, '413 M_TOO_LARGE'],
    [`/${room}`, { sessions: many }, '413 M_TOO_LARGE'],
    [`/${room}`, { sessions: { ['x'.repeat(300)]: session() } }, '400 M_INVALID_PARAM'],
    [`/${room}/x%00`, session(), '400 M_INVALID_PARAM'],
  ]
  for (const [path, body, expected] of cases) {
    const answer = await server.call('PUT', `${base}/keys${path}?version=${version}`, { token, body })
    assert.equal(outcome(answer), expected, JSON.stringify(body).slice(0, 100))
  }
  assert.equal(outcome(await server.call('PUT', `${base}/keys/${room}/a`, { token, body: session() })), '400 M_MISSING_PARAM')
  assert.deepEqual((await server.call('GET', `${base}/keys?version=${version}`, { token })).json, { rooms: {} })
  assert.equal((await server.call('DELETE', `${base}/keys/${room}/x%00?version=${version}`, { token })).status, 200)
})

onEachUserServer('whether a user wants backups (m.key_backup) is kept for their other devices', {}, async (server) => {
  const token = await server.join('alice')
  const path = '/_matrix/client/v3/user/@alice:here/account_data/m.key_backup'
  assert.equal(outcome(await server.call('GET', path, { token })), '404 M_NOT_FOUND')
  for (const enabled of [true, false]) {
    assert.equal(outcome(await server.call('PUT', path, { token, body: { enabled } })), '200')
    const other = text(await server.logIn('alice'), 'access_token')
    assert.deepEqual((await server.call('GET', path, { token: other })).json, { enabled })
  }
})
