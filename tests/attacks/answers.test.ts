// Goal: what we give to other servers of rooms and their history is what the specification says, whole, in bounded pieces, in both forms.
// Method: a peer in rooms of a real server joins, leaves and reads.
import assert from 'node:assert/strict'
import type { HttpAnswer } from '../../packages/testkit/src/client/http-origin.ts'
import { arrayAt, at, numberAt, objectAt, objectsAt, type UnknownObject } from '../../packages/testkit/src/client/json.ts'
import { battlefield } from '../../packages/testkit/src/evil-peer/battlefield.ts'
import { EvilRoom } from '../../packages/testkit/src/evil-peer/evil-room.ts'
import { jsonObject, type Forged } from '../../packages/testkit/src/evil-peer/forge.ts'
import { serveRoom } from '../../packages/testkit/src/evil-peer/serve-room.ts'
import { scene, text } from './scene.ts'

const attack = battlefield()
const enc = encodeURIComponent
const v1 = '/_matrix/federation/v1'

attack(
  'the answer to a join has the state with its whole auth chain, or without members where the joiner can do without',
  async (field) => {
    const { alice, evil, room: joined } = await scene(field)
    const bob = await field.user('bob')
    await bob.join(joined.roomId)
    await alice.sendState(joined.roomId, 'm.room.name', { name: 'So that nobody is named' })
    const enter = async (name: string, query = ''): Promise<HttpAnswer> => {
      const sender = evil.user(name)
      const join = joined.event({ type: 'm.room.member', sender, state_key: sender, content: { membership: 'join' } })
      return evil.request('PUT', `/_matrix/federation/v2/send_join/${enc(joined.roomId)}/${enc(join.eventId)}${query}`, join.object)
    }
    const names = (events: readonly UnknownObject[]): string[] => events.map((pdu) => `${String(pdu['type'])} ${String(pdu['state_key'])}`)
    const whole = await enter('second')
    assert.deepEqual([whole.status, at(whole.body, 'members_omitted'), at(whole.body, 'servers_in_room')], [200, false, undefined])
    assert.ok(names(objectsAt(whole.body, 'state')).includes(`m.room.member ${joined.sender}`))
    for (const name of ['m.room.create ', 'm.room.join_rules ', `m.room.member ${alice.userId}`]) {
      assert.ok(names(objectsAt(whole.body, 'auth_chain')).includes(name), name)
    }
    const part = await enter('third', '?omit_members=true')
    assert.deepEqual([part.status, at(part.body, 'members_omitted')], [200, true])
    assert.deepEqual([...arrayAt(part.body, 'servers_in_room')].toSorted(), [evil.serverName, evil.victim.serverName].toSorted())
    const state = names(objectsAt(part.body, 'state'))
    assert.ok(state.includes('m.room.create ') && !state.includes(`m.room.member ${bob.userId}`))
    assert.ok(!names(objectsAt(part.body, 'auth_chain')).includes('m.room.create '))
  },
)

attack('history is given in bounded pieces, within what was asked for', async (field) => {
  const { alice, evil, room: joined } = await scene(field)
  for (let sent = 0; sent < 110; sent += 1) await alice.sendText(joined.roomId, `message ${sent}`)
  const last = await evil.until('the last message', () => evil.pdus.find((pdu) => JSON.stringify(pdu).includes('"message 109"')))
  const tip = joined.learn(last)
  const before = async (limit: number): Promise<readonly unknown[]> => {
    const answer = await evil.request('GET', `${v1}/backfill/${enc(joined.roomId)}?v=${enc(tip.eventId)}&limit=${limit}`)
    assert.equal(answer.status, 200)
    return arrayAt(answer.body, 'pdus')
  }
  assert.equal((await before(1_000)).length, 100)
  assert.equal((await before(7)).length, 7)
  assert.equal((await before(-5)).length, 1)
  const depth = numberAt(last, 'depth')
  const missing = async (more: object): Promise<readonly number[]> => {
    const asked = jsonObject({ earliest_events: [], latest_events: [tip.eventId], ...more })
    const answer = await evil.request('POST', `${v1}/get_missing_events/${enc(joined.roomId)}`, asked)
    assert.equal(answer.status, 200)
    return objectsAt(answer.body, 'events').map((pdu) => depth - numberAt(pdu, 'depth'))
  }
  const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => count - index)
  assert.deepEqual(await missing({ limit: 1_000 }), upTo(20))
  assert.deepEqual(await missing({}), upTo(10))
  assert.deepEqual(await missing({ limit: 3 }), upTo(3))
  assert.deepEqual(await missing({ limit: 20, min_depth: depth - 4 }), upTo(4))
  const known = objectsAt({ pdus: await before(7) }, 'pdus').find((pdu) => numberAt(pdu, 'depth') === depth - 5)
  assert.ok(known !== undefined)
  assert.deepEqual(await missing({ limit: 20, earliest_events: [joined.learn(known).eventId] }), upTo(4))
})

attack('what the room allowed then and not now is shown to nobody, built upon by nobody, and given to servers that ask', async (field) => {
  const { alice, evil, room: joined } = await scene(field)
  const tips = [...joined.tips]
  const levels = await alice.state(joined.roomId, 'm.room.power_levels')
  await alice.sendState(joined.roomId, 'm.room.power_levels', { ...levels, events_default: 50 })
  const late = joined.event({ ...text('said on an old branch'), prev_events: tips })
  const own = joined.event({
    type: 'm.room.member',
    state_key: joined.sender,
    content: { membership: 'join', displayname: 'M' },
    prev_events: tips,
  })
  await joined.send(late, own)
  // Changes of one's own membership are allowed still: it shows that what came before it was judged.
  await alice.waitForEvent(joined.roomId, own.eventId)
  const after = await alice.sendText(joined.roomId, 'after')
  await alice.waitForEvent(joined.roomId, after)
  const { events } = await alice.messages(joined.roomId)
  assert.ok(!events.some(({ eventId }) => eventId === late.eventId))
  const given = await evil.request('GET', `${v1}/event/${enc(after)}`)
  assert.ok(!JSON.stringify(objectsAt(given.body, 'pdus')[0]?.['prev_events']).includes(late.eventId))
  const asked = await evil.request('GET', `${v1}/event/${enc(late.eventId)}`)
  assert.equal(asked.status, 200, JSON.stringify(asked.body))
  assert.equal(at(objectsAt(asked.body, 'pdus')[0], 'content', 'body'), 'said on an old branch')
  const before = await evil.request('GET', `${v1}/backfill/${enc(joined.roomId)}?v=${enc(late.eventId)}&limit=3`)
  const [first, ...older] = objectsAt(before.body, 'pdus')
  assert.deepEqual([at(first, 'content', 'body'), older.length], ['said on an old branch', 2])
})

attack('the older forms of joining, leaving and inviting answer behind a status code', async ({ user: person, peer }) => {
  const [alice, evil] = [await person('alice'), await peer()]
  const hand = async (what: string, where: string, given: Forged, more: object = {}): Promise<unknown> => {
    const body = jsonObject({ ...JSON.parse(JSON.stringify(given.object)), ...more })
    const answer = await evil.request('PUT', `${v1}/${what}/${enc(where)}/${enc(given.eventId)}`, body)
    const [status, inner, ...rest] = arrayAt({ list: answer.body }, 'list')
    assert.deepEqual([answer.status, status, rest], [200, 200, []], what)
    return inner
  }
  const open = await alice.createRoom({ preset: 'public_chat', room_version: '11' })
  const joined = await EvilRoom.join(evil, 'mallory', open)
  const [newcomer, membership] = [evil.user('newcomer'), 'join']
  const join = joined.event({ type: 'm.room.member', sender: newcomer, state_key: newcomer, content: { membership } })
  const given = await hand('send_join', open, join)
  assert.ok(objectsAt(given, 'state').some((pdu) => pdu['type'] === 'm.room.create'))
  const leave = joined.event({ type: 'm.room.member', state_key: joined.sender, content: { membership: 'leave' } })
  assert.deepEqual(await hand('send_leave', open, leave), {})
  assert.deepEqual((await alice.joinedMembers(open)).toSorted(), [alice.userId, newcomer].toSorted())

  for (const version of ['1', '2']) {
    const theirs = EvilRoom.found(evil, { version })
    serveRoom(evil, theirs)
    const invite = theirs.event({ type: 'm.room.member', state_key: alice.userId, content: { membership: 'invite' } })
    const state = [...theirs.state.values()].map(({ object }) => object)
    const answer = await hand('invite', theirs.roomId, invite, { unsigned: { invite_room_state: state } })
    assert.deepEqual(Object.keys(objectAt(answer, 'event', 'signatures')).toSorted(), [evil.serverName, evil.victim.serverName].toSorted())
    await alice.join(theirs.roomId, [evil.serverName])
    const said = theirs.message('heard')
    await theirs.send(said)
    await alice.waitForEvent(theirs.roomId, said.eventId)
  }
})
