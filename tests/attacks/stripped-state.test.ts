// Goal: what another server says of a room that it invites to, or that we knock on, is believed as far as it proves it, and no further.
// Method: an evil peer gives state that is missing, another room's, forged, or in the form of old.
import assert from 'node:assert/strict'
import type { HttpAnswer } from '../../packages/testkit/src/client/http-origin.ts'
import type { MatrixClient } from '../../packages/testkit/src/client/matrix-client.ts'
import { objectAt, objectsAt } from '../../packages/testkit/src/client/json.ts'
import { battlefield } from '../../packages/testkit/src/evil-peer/battlefield.ts'
import { EvilRoom } from '../../packages/testkit/src/evil-peer/evil-room.ts'
import { countersigned, jsonObject } from '../../packages/testkit/src/evil-peer/forge.ts'
import { serveRoom, template } from '../../packages/testkit/src/evil-peer/serve-room.ts'
import { scene } from './scene.ts'

const attack = battlefield()

const enc = encodeURIComponent

/** An invite to a room of the peer's, with this state, in the name of this version. */
function invite(room: EvilRoom, user: string, state: unknown, version = room.rules.version): Promise<HttpAnswer> {
  const event = room.event({ type: 'm.room.member', state_key: user, content: { membership: 'invite' } })
  const body = jsonObject({ room_version: version, event: event.object, ...(state === undefined ? {} : { invite_room_state: state }) })
  return room.peer.request('PUT', `/_matrix/federation/v2/invite/${enc(room.roomId)}/${enc(event.eventId)}`, body)
}

function stateOf(room: EvilRoom): Record<string, unknown>[] {
  return [...room.state.values()].map(({ object }) => ({ ...object }))
}

function named(room: EvilRoom, name: string): Record<string, unknown> {
  return { ...room.event({ type: 'm.room.name', state_key: '', content: { name } }).object }
}

const old = (type: string, sender: string, content: unknown): Record<string, unknown> => ({ type, state_key: '', sender, content })

/** The room's state as its invited person sees it. */
async function shown(
  alice: MatrixClient,
  room: string,
  part: 'invite' | 'knock' = 'invite',
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const answer = await alice.call('GET', 'v3/sync')
  return objectsAt(objectAt(answer, 'rooms', part, room, `${part}_state`), 'events')
}

const nameIn = (events: readonly Readonly<Record<string, unknown>>[]): unknown =>
  objectAt(events.find((event) => event['type'] === 'm.room.name')?.['content'])['name']

attack('an invite to a room of version 12 with state that is not proven is refused', async ({ user, peer }) => {
  const [alice, evil, stranger] = [await user('alice'), await peer(), await peer()]
  const room = EvilRoom.found(evil, { version: '12' })
  const other = EvilRoom.found(evil, { version: '12' })
  const state = stateOf(room)
  const [create, ...rest] = state
  const forged = room.event({ type: 'm.room.name', state_key: '', content: { name: 'x' } }, { signers: [stranger.signer] })
  const bad: readonly (readonly [string, unknown])[] = [
    ['none', undefined],
    ['an empty list', []],
    ['no create event', rest],
    ['the create event of another room', [stateOf(other)[0], ...rest]],
    ['the create event of another version', [{ ...create, content: { room_version: '11' } }, ...rest]],
    ['a stripped create event', [old('m.room.create', room.sender, { room_version: '12' }), ...rest]],
    ['a stripped entry', [...state, old('m.room.name', room.sender, { name: 'x' })]],
    ['an event of another room', [...state, named(other, 'x')]],
    ['an event signed by somebody else', [...state, { ...forged.object }]],
    ['an event without a valid form', [...state, { ...named(room, 'x'), prev_events: 5 }]],
    ['a message', [...state, { ...room.message('hello').object }]],
    ['no list', { create }],
  ]
  for (const [why, given] of bad) {
    const answer = await invite(room, alice.userId, given)
    assert.equal(answer.status, 400, why)
    assert.equal(objectAt(answer.body)['errcode'], 'M_INVALID_PARAM', why)
    assert.ok(!JSON.stringify(answer.body).includes('signatures'), why)
  }
  assert.deepEqual(await shown(alice, room.roomId), [])
  assert.equal((await invite(room, alice.userId, [...state, named(room, 'true')])).status, 200)
  const events = await shown(alice, room.roomId)
  assert.equal(nameIn(events), 'true')
  for (const event of events) assert.deepEqual(Object.keys(event).toSorted(), ['content', 'sender', 'state_key', 'type'])
})

attack('in older rooms what is of another room, or forged, is left out, and stripped events of old are shown', async ({ user, peer }) => {
  const [alice, evil, stranger] = [await user('alice'), await peer(), await peer()]
  const room = EvilRoom.found(evil)
  const forged = {
    ...room.event({ type: 'm.room.name', state_key: '', content: { name: 'forged' } }, { signers: [stranger.signer] }).object,
  }
  const cases: readonly (readonly [unknown[], unknown])[] = [
    [[old('m.room.name', room.sender, { name: 'old' })], 'old'],
    [[...stateOf(room), named(room, 'true')], 'true'],
    [[...stateOf(room), forged], undefined],
    [[...stateOf(room), named(EvilRoom.found(evil), 'elsewhere')], undefined],
    [[...stateOf(room), { ...named(room, 'true'), content: { name: 'changed' } }], undefined],
  ]
  for (const [state, name] of cases) {
    assert.equal((await invite(room, alice.userId, state)).status, 200)
    assert.equal(nameIn(await shown(alice, room.roomId)), name)
  }
})

attack('events whose server is gone are not shown, and the invite comes all the same', async ({ user, peer }) => {
  const [alice, evil, gone] = [await user('alice'), await peer(), await peer()]
  const room = EvilRoom.found(evil, { version: '12' })
  const sender = gone.user('somebody')
  const name = room.event({ type: 'm.room.name', state_key: '', sender, content: { name: 'unproven' } }, { signers: [gone.signer] })
  gone.onPath(/^\/_matrix\/key/, () => ({ status: 500 }))
  assert.equal((await invite(room, alice.userId, [...stateOf(room), { ...name.object }])).status, 200)
  const events = await shown(alice, room.roomId)
  assert.ok(events.some((event) => event['type'] === 'm.room.create'))
  assert.equal(nameIn(events), undefined)
})

attack('of the state that comes of a knock only what is proven is shown', async ({ user, peer }) => {
  const [alice, evil, stranger] = [await user('alice'), await peer(), await peer()]
  const room = EvilRoom.found(evil, { version: '12', joinRule: { join_rule: 'knock' } })
  serveRoom(evil, room)
  evil.onPath(/make_knock/, () => ({
    body: { room_version: '12', event: { ...template(room, alice.userId), content: { membership: 'knock' } } },
  }))
  const forged = room.event({ type: 'm.room.topic', state_key: '', content: { topic: 'x' } }, { signers: [stranger.signer] })
  const given = [...stateOf(room), named(room, 'true'), { ...forged.object }, old('m.room.avatar', room.sender, { url: 'mxc://x/y' }), 5]
  evil.onPath(/send_knock/, () => ({ body: { knock_room_state: given.slice(0, -1) } }))
  await alice.call('POST', `v3/knock/${enc(room.roomId)}?via=${evil.serverName}`, {})
  const events = await shown(alice, room.roomId, 'knock')
  assert.equal(nameIn(events), 'true')
  assert.ok(!events.some((event) => event['type'] === 'm.room.topic' || event['type'] === 'm.room.avatar'))
})

attack('an invite that lies about the version of a room keeps nobody out of it', async ({ user, peer }) => {
  const [alice, evil, honest] = [await user('alice'), await peer(), await peer()]
  const room = EvilRoom.found(honest, { version: '11' })
  serveRoom(honest, room)
  const event = EvilRoom.found(evil, { version: '10' }).event({
    type: 'm.room.member',
    state_key: alice.userId,
    content: { membership: 'invite' },
    fields: { room_id: room.roomId },
  })
  const path = `/_matrix/federation/v2/invite/${enc(room.roomId)}/${enc(event.eventId)}`
  const lie = await evil.request('PUT', path, jsonObject({ room_version: '10', event: event.object, invite_room_state: [] }))
  assert.equal(lie.status, 200)
  await alice.call('POST', `v3/join/${enc(room.roomId)}?via=${honest.serverName}`, {})
  const create = objectAt(await alice.call('GET', `v3/rooms/${enc(room.roomId)}/state/m.room.create`))
  assert.equal(create['room_version'], '11')
  await room.send(room.message('hello'))
  await honest.until('the message', async () => JSON.stringify(await alice.call('GET', 'v3/sync')).includes('hello'))
})

attack('a server that a room keeps out invites nobody to it', async (field) => {
  const evil = await field.peer('127.0.0.2')
  const [alice, bob] = [await field.user('alice'), await field.user('bob')]
  const room = await EvilRoom.join(evil, 'mallory', await alice.createRoom({ preset: 'public_chat', room_version: '11' }))
  assert.equal((await invite(room, bob.userId, stateOf(room))).status, 200)
  await alice.call('PUT', `v3/rooms/${enc(room.roomId)}/state/m.room.server_acl`, { allow: ['*'], deny: ['127.0.0.2'] })
  const answer = await invite(room, bob.userId, stateOf(room))
  assert.equal(answer.status, 403)
  assert.ok(!JSON.stringify(answer.body).includes('signatures'))
})

attack('what another server finds wrong with our invite is not told to its sender as their mistake', async (field) => {
  const { alice, evil, room } = await scene(field)
  for (const errcode of ['M_INVALID_PARAM', 'M_MISSING_PARAM']) {
    const undo = evil.onPath(/v2\/invite/, () => ({ status: 400, body: { errcode, error: 'wrong' } }))
    assert.equal((await alice.request('POST', `v3/rooms/${enc(room.roomId)}/invite`, { user_id: evil.user('bob') })).status, 502)
    undo()
  }
})

attack('the state of an invite has a size that is fit to be shown, however it is cut into events', async ({ user, peer }) => {
  const [alice, evil] = [await user('alice'), await peer()]
  const room = EvilRoom.found(evil)
  const large = (index: number): Record<string, unknown> => old(`org.example.${index}`, room.sender, { filler: 'x'.repeat(15_000) })
  assert.equal(
    (await invite(room, alice.userId, [...stateOf(room), ...Array.from({ length: 14 }, (_, index) => large(index))])).status,
    200,
  )
  const events = await shown(alice, room.roomId)
  assert.ok(events.some((event) => event['type'] === 'm.room.create'))
  assert.ok(JSON.stringify(events).length < 100_000)
})

attack('an invite in the older form is to a room of version 1 or 2, as its create event says', async ({ user, peer }) => {
  const [alice, evil] = [await user('alice'), await peer()]
  for (const version of ['1', '2']) {
    const room = EvilRoom.found(evil, { version })
    serveRoom(evil, room)
    const event = room.event({ type: 'm.room.member', state_key: alice.userId, content: { membership: 'invite' } })
    const path = `/_matrix/federation/v1/invite/${enc(room.roomId)}/${enc(event.eventId)}`
    const body = jsonObject({ ...event.object, unsigned: { invite_room_state: stateOf(room) } })
    const answer = await evil.request('PUT', path, body)
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    room.apply(event)
    await alice.call('POST', `v3/join/${enc(room.roomId)}?via=${evil.serverName}`, {})
    const create = objectAt(await alice.call('GET', `v3/rooms/${enc(room.roomId)}/state/m.room.create`))
    assert.equal(create['room_version'], version)
  }
})

attack('an older server gets invites to rooms of version 1 and 2 in the older form, with the state of the room', async ({ user, peer }) => {
  const [alice, evil] = [await user('alice'), await peer()]
  for (const version of ['2', '11']) {
    const room = await alice.createRoom({ preset: 'private_chat', room_version: version, name: 'Kitchen' })
    const rules = EvilRoom.found(evil, { version }).rules
    const undo = [
      evil.onPath(/v2\/invite/, () => ({ status: 404, body: { errcode: 'M_UNRECOGNIZED', error: 'what' } })),
      evil.onPath(/v1\/invite/, ({ body }) => ({ body: [200, { event: countersigned(jsonObject(body), rules, evil.signer) }] })),
    ]
    const answer = await alice.request('POST', `v3/rooms/${enc(room)}/invite`, { user_id: evil.user('bob') })
    const asked = evil.asked(/v1\/invite/).filter(({ path }) => path.includes(enc(room)))
    assert.equal(answer.status === 200, version === '2', String(answer.status))
    assert.equal(asked.length, version === '2' ? 1 : 0)
    const types = objectsAt(asked[0]?.body, 'unsigned', 'invite_room_state').map((event) => event['type'])
    assert.equal(types.includes('m.room.create') && types.includes('m.room.name'), version === '2')
    for (const each of undo) each()
  }
})
