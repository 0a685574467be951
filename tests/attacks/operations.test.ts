// Goal: every operation for other servers asks for a signature where it must, and refuses with the errors that the specification names.
// Method: a peer asks our server everything, signed and unsigned, for what is there, what is not, and what is not its own.
import assert from 'node:assert/strict'
import type { HttpAnswer } from '../../packages/testkit/src/client/http-origin.ts'
import { arrayAt, at, objectAt, objectsAt, stringAt } from '../../packages/testkit/src/client/json.ts'
import { battlefield } from '../../packages/testkit/src/evil-peer/battlefield.ts'
import { EvilRoom } from '../../packages/testkit/src/evil-peer/evil-room.ts'
import { jsonObject } from '../../packages/testkit/src/evil-peer/forge.ts'
import { scene } from './scene.ts'

const attack = battlefield()
const enc = encodeURIComponent
const v1 = '/_matrix/federation/v1'
const [room, user, event] = [enc('!r:x'), enc('@u:x'), enc('$e')]

/** The operations of the server-server API that are signed, but for those on media. */
const signed: readonly (readonly [method: string, path: string])[] = [
  ['GET', `${v1}/backfill/${room}?v=${event}&limit=1`],
  ['POST', `${v1}/get_missing_events/${room}`],
  ['GET', `${v1}/event_auth/${room}/${event}`],
  ['GET', `${v1}/state/${room}?event_id=${event}`],
  ['GET', `${v1}/state_ids/${room}?event_id=${event}`],
  ['GET', `${v1}/event/${event}`],
  ['GET', `${v1}/timestamp_to_event/${room}?ts=1&dir=f`],
  ['PUT', `${v1}/invite/${room}/${event}`],
  ['PUT', `/_matrix/federation/v2/invite/${room}/${event}`],
  ['GET', `${v1}/make_join/${room}/${user}`],
  ['PUT', `${v1}/send_join/${room}/${event}`],
  ['PUT', `/_matrix/federation/v2/send_join/${room}/${event}`],
  ['GET', `${v1}/make_knock/${room}/${user}`],
  ['PUT', `${v1}/send_knock/${room}/${event}`],
  ['GET', `${v1}/make_leave/${room}/${user}`],
  ['PUT', `${v1}/send_leave/${room}/${event}`],
  ['PUT', `/_matrix/federation/v2/send_leave/${room}/${event}`],
  ['GET', `${v1}/media/download/x`],
  ['GET', `${v1}/media/thumbnail/x?width=1&height=1`],
  ['GET', `${v1}/publicRooms`],
  ['POST', `${v1}/publicRooms`],
  ['GET', `${v1}/query/directory?room_alias=x`],
  ['GET', `${v1}/query/profile?user_id=x`],
  ['GET', `${v1}/hierarchy/${room}`],
  ['PUT', `${v1}/send/1`],
  ['GET', `${v1}/user/devices/${user}`],
  ['POST', `${v1}/user/keys/claim`],
  ['POST', `${v1}/user/keys/query`],
]

const outcome = ({ status, body }: HttpAnswer): unknown[] => [status, at(body, 'errcode')]

attack(
  'each operation that is signed refuses a request that is not, and the others ask for no signature',
  async ({ user: person, peer }) => {
    const [alice, evil] = [await person('alice'), await peer()]
    for (const [method, path] of signed) {
      const body = method === 'GET' ? undefined : jsonObject({})
      for (const authorization of ['', 'Bearer token', `X-Matrix origin="${evil.serverName}",key="ed25519:evil"`]) {
        const answer = await evil.request(method, path, body, { authorization })
        assert.deepEqual(outcome(answer), [401, 'M_UNAUTHORIZED'], `${method} ${path}`)
      }
    }
    const open = (method: string, path: string, body?: object): Promise<HttpAnswer> =>
      evil.request(method, path, body === undefined ? undefined : jsonObject(body), { authorization: '' })
    const version = await open('GET', `${v1}/version`)
    assert.deepEqual([version.status, stringAt(version.body, 'server', 'name')], [200, 'Causeway'])
    const keys = await open('GET', '/_matrix/key/v2/server')
    assert.deepEqual([keys.status, stringAt(keys.body, 'server_name')], [200, evil.victim.serverName])
    const vouched = await open('GET', `/_matrix/key/v2/query/${evil.serverName}`)
    const several = await open('POST', '/_matrix/key/v2/query', { server_keys: { [evil.serverName]: {} } })
    for (const { status, body } of [vouched, several]) {
      const [answer] = objectsAt(body, 'server_keys')
      assert.equal(status, 200)
      assert.deepEqual(Object.keys(objectAt(answer, 'signatures')).toSorted(), [evil.serverName, evil.victim.serverName].toSorted())
    }
    const token = await alice.call('POST', `v3/user/${enc(alice.userId)}/openid/request_token`, {})
    const whose = await open('GET', `${v1}/openid/userinfo?access_token=${enc(stringAt(token, 'access_token'))}`)
    assert.deepEqual([whose.status, at(whose.body, 'sub')], [200, alice.userId])
    assert.deepEqual(outcome(await open('GET', `${v1}/openid/userinfo?access_token=x`)), [401, 'M_UNKNOWN_TOKEN'])
  },
)

attack('a path that is none is told by 404, a method that is none by 405, both M_UNRECOGNIZED', async ({ peer }) => {
  const evil = await peer()
  for (const path of [
    `${v1}/nothing`,
    `${v1}/send`,
    `${v1}/query/unknown`,
    '/_matrix/federation/v3/send_join/!r:x/$e',
    '/_matrix/federation',
    '/_matrix/key/v1/server',
    '/_matrix/policy/v1/nothing',
  ]) {
    assert.deepEqual(outcome(await evil.request('GET', path)), [404, 'M_UNRECOGNIZED'], path)
  }
  for (const [method, path] of [
    ['POST', `${v1}/version`],
    ['DELETE', '/_matrix/key/v2/server'],
    ['GET', `${v1}/send/1`],
    ['POST', `${v1}/make_join/${room}/${user}`],
    ['DELETE', `${v1}/publicRooms`],
  ] as const) {
    assert.deepEqual(
      outcome(await evil.request(method, path, method === 'GET' ? undefined : jsonObject({}))),
      [405, 'M_UNRECOGNIZED'],
      path,
    )
  }
})

attack('templates are given for users of the asker, in rooms of ours, of versions that it names', async ({ user: person, peer }) => {
  const [alice, evil] = [await person('alice'), await peer()]
  const open = await alice.createRoom({ preset: 'public_chat', room_version: '10' })
  const closed = await alice.createRoom({ preset: 'private_chat', room_version: '10' })
  const mallory = evil.user('mallory')
  const make = (what: string, where: string, who = mallory, query = '?ver=9&ver=10'): Promise<HttpAnswer> =>
    evil.request('GET', `${v1}/make_${what}/${enc(where)}/${enc(who)}${query}`)
  for (const what of ['join', 'knock']) {
    assert.deepEqual(outcome(await make(what, '!none:x')), [404, 'M_NOT_FOUND'], what)
    for (const who of ['@x:elsewhere.example', alice.userId]) {
      assert.deepEqual(outcome(await make(what, open, who)), [403, 'M_FORBIDDEN'], `${what} ${who}`)
    }
    // Who names no version knows the first one.
    for (const query of ['', '?ver=1', '?ver=11&ver=unknown']) {
      const answer = await make(what, open, mallory, query)
      assert.deepEqual([...outcome(answer), at(answer.body, 'room_version')], [400, 'M_INCOMPATIBLE_ROOM_VERSION', '10'], `${what}${query}`)
    }
    assert.deepEqual(outcome(await make(what, closed)), [403, 'M_FORBIDDEN'], what)
  }
  assert.deepEqual(outcome(await make('knock', open)), [403, 'M_FORBIDDEN'])
  assert.deepEqual(outcome(await make('leave', open)), [403, 'M_FORBIDDEN'])
  assert.deepEqual(outcome(await make('leave', '!none:x')), [404, 'M_NOT_FOUND'])
  const template = await make('join', open)
  assert.equal(template.status, 200)
  assert.equal(stringAt(template.body, 'room_version'), '10')
  const { type, sender, state_key: stateKey, room_id: roomId, content, signatures, event_id: eventId } = objectAt(template.body, 'event')
  assert.deepEqual([type, sender, stateKey, roomId, content], ['m.room.member', mallory, mallory, open, { membership: 'join' }])
  assert.deepEqual([signatures, eventId], [undefined, undefined])
  await alice.ban(open, mallory)
  assert.deepEqual(outcome(await make('join', open)), [403, 'M_FORBIDDEN'])
})

attack('queries tell of our own users and aliases, and leave out what is not set', async ({ user: person, peer }) => {
  const [alice, evil] = [await person('alice'), await peer()]
  await alice.setDisplayName('Alice')
  await alice.call('PUT', `v3/profile/${enc(alice.userId)}/org.example.colour`, { 'org.example.colour': ['red'] })
  const profile = (userId: string, field?: string): Promise<HttpAnswer> =>
    evil.request('GET', `${v1}/query/profile?user_id=${enc(userId)}${field === undefined ? '' : `&field=${field}`}`)
  assert.deepEqual((await profile(alice.userId)).body, { displayname: 'Alice', 'org.example.colour': ['red'] })
  assert.deepEqual((await profile(alice.userId, 'org.example.colour')).body, { 'org.example.colour': ['red'] })
  const unset = await profile(alice.userId, 'avatar_url')
  assert.deepEqual([unset.status, unset.body], [200, {}])
  const own = alice.userId.slice(alice.userId.indexOf(':'))
  for (const stranger of [`@nobody${own}`, evil.user('x'), '@x:elsewhere.example']) {
    for (const field of [undefined, 'displayname']) {
      assert.deepEqual(outcome(await profile(stranger, field)), [404, 'M_NOT_FOUND'], stranger)
    }
  }
  assert.equal((await profile('alice')).status, 400)

  const shared = await alice.createRoom({ preset: 'public_chat', room_alias_name: 'operations' })
  await EvilRoom.join(evil, 'mallory', shared)
  const alias = (name: string): Promise<HttpAnswer> => evil.request('GET', `${v1}/query/directory?room_alias=${enc(name)}`)
  const found = await alias(`#operations${own}`)
  assert.equal(stringAt(found.body, 'room_id'), shared)
  assert.deepEqual([...arrayAt(found.body, 'servers')].toSorted(), [evil.serverName, evil.victim.serverName].toSorted())
  for (const other of [`#none${own}`, '#operations:elsewhere.example']) {
    assert.deepEqual(outcome(await alias(other)), [404, 'M_NOT_FOUND'], other)
  }
  assert.equal((await alias('operations')).status, 400)
})

attack('EDUs of unknown types, and events of rooms that we are not in, leave the rest of a transaction alone', async (field) => {
  const { alice, evil, room: joined } = await scene(field)
  const elsewhere = EvilRoom.found(evil)
  const foreign = elsewhere.message('elsewhere')
  const good = joined.message('good')
  const edus = [
    { edu_type: 'org.example.unknown', content: { a: 1 } },
    { edu_type: 'constructor', content: {} },
    { edu_type: '__proto__', content: {} },
    { edu_type: 5, content: {} },
    { content: {} },
    { edu_type: 'm.typing' },
    { edu_type: 'm.typing', content: { room_id: joined.roomId, user_id: joined.sender, typing: true } },
  ]
  const answer = await evil.transaction([foreign.object, good.object], edus)
  assert.deepEqual([answer.status, objectAt(answer.body, 'pdus', good.eventId)], [200, {}])
  await alice.waitForEvent(joined.roomId, good.eventId)
  await alice.waitForRoom(joined.roomId, 'typing', ({ typing }) => typing.includes(joined.sender))
  await alice.sync()
  assert.equal(alice.view.room(elsewhere.roomId), undefined)
})
