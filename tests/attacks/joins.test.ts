// Goal: what a resident server answers to a join is believed only as far as it proves itself; a join that fails leaves nothing behind.
// Method: an evil peer serves a room and lies in its answer to send_join; an honest resident beside it is tried next.
import assert from 'node:assert/strict'
import { supportedRoomVersions } from '@causeway/events'
import { objectAt } from '../../packages/testkit/src/client/json.ts'
import type { MatrixClient } from '../../packages/testkit/src/client/matrix-client.ts'
import { battlefield, type Field } from '../../packages/testkit/src/evil-peer/battlefield.ts'
import type { EvilPeer, PeerReply } from '../../packages/testkit/src/evil-peer/evil-peer.ts'
import { EvilRoom } from '../../packages/testkit/src/evil-peer/evil-room.ts'
import { forge, jsonObject, type Forged } from '../../packages/testkit/src/evil-peer/forge.ts'
import { serveRoom } from '../../packages/testkit/src/evil-peer/serve-room.ts'

const attack = battlefield()
const enc = encodeURIComponent

interface Scene {
  readonly alice: MatrixClient
  readonly evil: EvilPeer
  readonly room: EvilRoom
}

async function lyingRoom({ user, peer }: Field, version = '11'): Promise<Scene> {
  const [alice, evil] = [await user('alice'), await peer()]
  const room = EvilRoom.found(evil, { version })
  serveRoom(evil, room)
  return { alice, evil, room }
}

/** Answers to send_join with these events. */
function answerJoin({ evil, room }: Scene, state: readonly Forged[], more: Readonly<Record<string, unknown>> = {}): void {
  evil.onPath(/send_join/, (request): PeerReply => {
    const chain = room.authChain(state)
    const bodies = (events: readonly Forged[]): unknown[] => events.map(({ object }) => object)
    return {
      body: {
        origin: evil.serverName,
        event: request.body,
        state: bodies(state),
        auth_chain: bodies(chain),
        members_omitted: false,
        ...more,
      },
    }
  })
}

/** The join fails with an error that is not ours, and the room is not there. */
async function failsToJoin({ alice, evil, room }: Scene): Promise<void> {
  const answer = await alice.request('POST', `v3/join/${enc(room.roomId)}?via=${evil.serverName}`, {})
  assert.ok(answer.status >= 400 && answer.status !== 401 && answer.status !== 500, `${answer.status} ${JSON.stringify(answer.body)}`)
  assert.ok(!JSON.stringify(await alice.call('GET', 'v3/joined_rooms')).includes(room.roomId))
  await alice.sync()
  assert.equal(alice.view.room(room.roomId), undefined)
}

attack('F31: a state without a create event, or with that of another room, is no room', async (field) => {
  const without = await lyingRoom(field)
  answerJoin(
    without,
    [...without.room.state.values()].filter(({ object }) => object['type'] !== 'm.room.create'),
    { auth_chain: [] },
  )
  await failsToJoin(without)

  const other = await lyingRoom(field)
  const foreign = EvilRoom.found(other.evil)
  answerJoin(other, [...foreign.state.values()])
  await failsToJoin(other)

  const mixed = await lyingRoom(field)
  const create = EvilRoom.found(mixed.evil).state.get('m.room.create\0')
  assert.ok(create !== undefined)
  answerJoin(mixed, [create, ...[...mixed.room.state.values()].slice(1)])
  await failsToJoin(mixed)
})

attack('F31: a state that does not allow the join is no way in', async (field) => {
  const at = await lyingRoom(field)
  at.room.next({ type: 'm.room.join_rules', state_key: '', content: { join_rule: 'invite' } })
  await failsToJoin(at)
})

attack('F31: a create event of another version than the template named is refused', async (field) => {
  const at = await lyingRoom(field, '11')
  const create = at.room.state.get('m.room.create\0')
  assert.ok(create !== undefined)
  const other = forge(
    { ...JSON.parse(JSON.stringify(create.object)), content: { room_version: '10', creator: at.room.sender } },
    at.room.rules,
    at.evil.signer,
  )
  answerJoin(at, [other, ...[...at.room.state.values()].slice(1)])
  await failsToJoin(at)
})

for (const [title, reply] of [
  ['that never ends', { write: (response) => void response.writeHead(200, { 'content-type': 'application/json' }).write('{"state":[') }],
  ['that is no JSON', { body: 'x'.repeat(100_000) }],
  ['that is empty', { body: {} }],
  ['whose lists are none', { body: { state: 5, auth_chain: { a: 1 }, event: 'x' } }],
  ['with junk among the events', { body: { state: [5, null, 'x', {}], auth_chain: [[]], origin: 7 } }],
] satisfies [string, PeerReply][]) {
  attack(`F31: after an answer ${title} another resident server is tried`, async (field) => {
    const at = await lyingRoom(field)
    const [honest, carol] = [await field.peer(), await field.user('carol')]
    // The honest peer knows the room as the evil one does, and serves it.
    serveRoom(honest, at.room)
    let cut = (): void => undefined
    at.evil.onPath(/send_join/, () => ({
      write: (response) => {
        cut = () => response.destroy()
        if ('write' in reply) reply.write(response)
        else {
          const body = typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body)
          response.writeHead(200, { 'content-type': 'application/json' }).end(body)
        }
      },
    }))
    const joining = carol.request('POST', `v3/join/${enc(at.room.roomId)}?via=${at.evil.serverName}&via=${honest.serverName}`, {})
    await at.evil.until('the first attempt', () => at.evil.asked(/send_join/).length > 0)
    // Nobody waits for minutes in a test: the connection breaks as it would by the deadline.
    if ('write' in reply) cut()
    assert.equal((await joining).status, 200)
    const said = await carol.sendText(at.room.roomId, 'inside')
    await carol.waitForEvent(at.room.roomId, said)
  })
}

attack('F31: events in the answer that nobody signed are not believed', async (field) => {
  const at = await lyingRoom(field)
  const fake = at.room.event({ type: 'm.room.topic', state_key: '', content: { topic: 'fake' } }, { signers: [] })
  const foreign = at.room.event({ type: 'm.room.name', state_key: '', sender: '@somebody:elsewhere.invalid', content: { name: 'fake' } })
  answerJoin(at, [...at.room.state.values(), fake, foreign])
  await at.alice.request('POST', `v3/join/${enc(at.room.roomId)}?via=${at.evil.serverName}`, {})
  for (const type of ['m.room.topic', 'm.room.name']) {
    assert.notEqual((await at.alice.request('GET', `v3/rooms/${enc(at.room.roomId)}/state/${type}/`)).status, 200)
  }
})

for (const [told, version] of [
  ['1', '11'],
  ['11', '2'],
] as const) {
  attack(`F31: an invite that names version ${told} does not make a room of version ${version} one of that version`, async (field) => {
    const [alice, evil] = [await field.user('alice'), await field.peer()]
    const roomIdPrefix = `!version${version}`
    const lie = EvilRoom.found(evil, { version: told, roomIdPrefix })
    const room = EvilRoom.found(evil, { version, roomIdPrefix })
    serveRoom(evil, room)
    const invite = lie.event({ type: 'm.room.member', state_key: alice.userId, content: { membership: 'invite' } })
    const state = [...lie.state.values()].map(({ object }) => object)
    const body = jsonObject({ room_version: told, event: invite.object, invite_room_state: state })
    const path = `/_matrix/federation/v2/invite/${enc(room.roomId)}/${enc(invite.eventId)}`
    assert.equal((await evil.request('PUT', path, body)).status, 200)
    await alice.join(room.roomId, [evil.serverName])
    const said = room.message('heard')
    await room.send(said)
    await alice.waitForEvent(room.roomId, said.eventId)
    const answered = await alice.sendText(room.roomId, 'hello')
    await evil.until('our event', () => evil.pdus.some((pdu) => JSON.stringify(pdu).includes('"hello"')))
    assert.equal(answered.includes(':'), version === '2')
  })
}

attack('F32: rooms whose ids begin alike have nothing to do with each other', async (field) => {
  const { user, peer } = field
  const [alice, evil] = [await user('alice'), await peer()]
  const rooms = ['', 'x', 'xx'].map((suffix) => {
    const room = EvilRoom.found(evil, { roomIdPrefix: `!prefix${suffix}` })
    serveRoom(evil, room)
    return room
  })
  for (const room of rooms) await alice.join(room.roomId, [evil.serverName])
  const [first, second, third] = rooms
  assert.ok(first !== undefined && second !== undefined && third !== undefined)
  const last = new Map<EvilRoom, string>()
  for (const room of rooms) {
    const said = room.message('hello')
    await room.send(said)
    await alice.waitForEvent(room.roomId, said.eventId)
    await alice.receipt(room.roomId, said.eventId)
    last.set(room, said.eventId)
  }
  await alice.leave(first.roomId)
  await alice.call('POST', `v3/rooms/${enc(first.roomId)}/forget`, {})
  for (const room of [second, third]) {
    const synced = await alice.call('GET', 'v3/sync?full_state=true')
    const shown = JSON.stringify(objectAt(synced, 'rooms', 'join', room.roomId))
    assert.ok(shown.includes('m.receipt') && shown.includes(last.get(room) ?? '-'), room.roomId)
    assert.equal((await alice.event(room.roomId, last.get(room) ?? '')).eventId, last.get(room))
  }
})

for (const version of supportedRoomVersions) {
  attack(`S11: in version ${version} a redacted create event and a redacted server ACL still do their work`, async (field) => {
    const at = await lyingRoom(field, version)
    const { alice, evil, room } = at
    const stranger = await field.peer()
    room.next({ type: 'm.room.server_acl', state_key: '', content: { allow: ['*'], deny: ['evil.example'], allow_ip_literals: true } })
    await alice.join(room.roomId, [evil.serverName])
    const before = await alice.state(room.roomId, 'm.room.create')
    for (const type of ['m.room.create', 'm.room.server_acl']) {
      const target = room.state.get(`${type}\0`)
      assert.ok(target !== undefined)
      const redacts = room.rules.redactsInContent
        ? { content: { redacts: target.eventId } }
        : { content: {}, fields: { redacts: target.eventId } }
      const redaction = room.next({ type: 'm.room.redaction', ...redacts })
      await room.send(redaction)
      await alice.waitForEvent(room.roomId, redaction.eventId)
    }
    const after = await alice.state(room.roomId, 'm.room.create')
    if (version === '12' || version === '11') assert.deepEqual(after, before)
    else assert.equal(after['creator'], before['creator'])
    // The room has its version and its rules, and is not open to nobody: others may still join it through us.
    const said = await alice.sendText(room.roomId, 'still here')
    await alice.waitForEvent(room.roomId, said)
    const asked = await stranger.request(
      'GET',
      `/_matrix/federation/v1/make_join/${enc(room.roomId)}/${enc(stranger.user('x'))}?ver=${version}`,
    )
    assert.equal(asked.status, 200, JSON.stringify(asked.body))
    assert.equal(objectAt(asked.body)['room_version'], version)
  })
}

attack('S16: a long chain of auth events costs a walk along it, and no more', async (field) => {
  const at = await lyingRoom(field)
  // Five hundred changes of the levels, each resting on the one before.
  for (let index = 0; index < 500; index += 1) {
    at.room.next({ type: 'm.room.power_levels', state_key: '', content: { users: { [at.room.sender]: 100 }, events: { x: index % 50 } } })
  }
  await at.alice.join(at.room.roomId, [at.evil.serverName])
  at.evil.requests.length = 0
  for (let index = 0; index < 20; index += 1) await at.room.send(at.room.message(`message ${index}`))
  const marker = at.room.message('marker')
  await at.room.send(marker)
  await at.alice.waitForEvent(at.room.roomId, marker.eventId)
  assert.equal(at.evil.asked(/event_auth|state_ids|\/state\/|\/event\//).length, 0)
  const answer = await at.evil.request('GET', `/_matrix/federation/v1/event_auth/${enc(at.room.roomId)}/${enc(marker.eventId)}`)
  assert.equal(answer.status, 200)
  const chain = objectAt(answer.body)['auth_chain']
  assert.ok(Array.isArray(chain) && chain.length <= 520)
})
