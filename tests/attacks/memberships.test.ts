// Goal: nobody gets into, out of, or invited to a room but by an event of their own server, for that room.
// Method: an evil peer uses the membership handshakes with other events than they are for, in both directions.
import assert from 'node:assert/strict'
import type { HttpAnswer } from '../../packages/testkit/src/client/http-origin.ts'
import { at, objectsAt, stringAt } from '../../packages/testkit/src/client/json.ts'
import { acceptInvites } from '../../packages/testkit/src/evil-peer/accept-invites.ts'
import { battlefield } from '../../packages/testkit/src/evil-peer/battlefield.ts'
import type { EvilPeer } from '../../packages/testkit/src/evil-peer/evil-peer.ts'
import { EvilRoom } from '../../packages/testkit/src/evil-peer/evil-room.ts'
import { jsonObject, type Forged } from '../../packages/testkit/src/evil-peer/forge.ts'
import { serveRoom, template } from '../../packages/testkit/src/evil-peer/serve-room.ts'
import { scene } from './scene.ts'

const attack = battlefield()

const enc = encodeURIComponent

/** The event by one of the handshakes, in the path's room and under the path's event id. */
function hand(evil: EvilPeer, way: string, event: Forged, room: string, id = event.eventId): Promise<HttpAnswer> {
  return evil.request('PUT', `/_matrix/federation/${way}/${enc(room)}/${enc(id)}`, event.object)
}

const member = (user: string, membership: string): { type: string; state_key: string; content: Record<string, unknown> } => ({
  type: 'm.room.member',
  state_key: user,
  content: { membership },
})

attack('F04: joins and leaves that their server did not sign are refused', async (field) => {
  const { evil, room } = await scene(field)
  const stranger = await field.peer()
  const joining = evil.user('newcomer')
  const bad: [string, Forged][] = [
    ['v2/send_join', room.event({ ...member(joining, 'join'), sender: joining }, { signers: [] })],
    ['v2/send_join', room.event({ ...member(joining, 'join'), sender: joining }, { signers: [stranger.signer] })],
    ['v2/send_join', room.event({ ...member(stranger.user('x'), 'join'), sender: stranger.user('x') })],
    ['v2/send_leave', room.event(member(room.sender, 'leave'), { signers: [] })],
    ['v2/send_leave', room.event({ ...member(stranger.user('x'), 'leave'), sender: stranger.user('x') })],
  ]
  for (const [way, event] of bad) {
    const answer = await hand(evil, way, event, room.roomId)
    assert.deepEqual([answer.status, at(answer.body, 'errcode')], [400, 'M_INVALID_PARAM'], way)
  }
})

attack('F05: an event is handed over in its own room and under its own id, or not at all', async (field) => {
  const { alice, evil, room } = await scene(field)
  const other = await alice.createRoom({ preset: 'public_chat', room_version: '11' })
  const user = evil.user('newcomer')
  const join = room.event({ ...member(user, 'join'), sender: user })
  const leave = room.event(member(room.sender, 'leave'))
  for (const [way, event] of [
    ['v2/send_join', join],
    ['v2/send_leave', leave],
    ['v1/send_knock', room.event({ ...member(user, 'knock'), sender: user })],
  ] as const) {
    assert.equal((await hand(evil, way, event, other)).status, 400, `${way} in another room`)
    assert.equal((await hand(evil, way, event, room.roomId, `$${'A'.repeat(43)}`)).status, 400, `${way} under another id`)
  }
  assert.ok(!(await alice.joinedMembers(room.roomId)).includes(user))
  assert.ok((await alice.joinedMembers(room.roomId)).includes(room.sender))
})

for (const [title, change] of [
  ['another type', { type: 'm.room.power_levels', state_key: '' }],
  ['another membership', { content: { membership: 'join' } }],
  ['a ban', { content: { membership: 'ban' } }],
] as const) {
  attack(`F07: an invite with ${title} is not signed`, async ({ user, peer }) => {
    const [alice, evil] = [await user('alice'), await peer()]
    const room = EvilRoom.found(evil)
    const event = room.event({ ...member(alice.userId, 'invite'), ...change })
    const body = jsonObject({ room_version: '11', event: event.object, invite_room_state: stripped(room) })
    const answer = await evil.request('PUT', `/_matrix/federation/v2/invite/${enc(room.roomId)}/${enc(event.eventId)}`, body)
    assert.ok([400, 403].includes(answer.status), String(answer.status))
    assert.ok(!JSON.stringify(answer.body).includes('signatures'))
  })
}

attack('F07: an invite of somebody else, from somebody else, or for another room is not signed', async ({ user, peer }) => {
  const [alice, evil, stranger] = [await user('alice'), await peer(), await peer()]
  const room = EvilRoom.found(evil)
  const other = EvilRoom.found(evil)
  const bad: [string, Forged][] = [
    [room.roomId, room.event(member(stranger.user('x'), 'invite'))],
    [room.roomId, room.event({ ...member(alice.userId, 'invite'), sender: stranger.user('x') })],
    [room.roomId, room.event({ ...member(alice.userId, 'invite'), sender: alice.userId })],
    [other.roomId, room.event(member(alice.userId, 'invite'))],
    [room.roomId, room.event(member(alice.userId, 'invite'), { signers: [stranger.signer] })],
  ]
  for (const [path, event] of bad) {
    const body = jsonObject({ room_version: '11', event: event.object, invite_room_state: stripped(room) })
    const answer = await evil.request('PUT', `/_matrix/federation/v2/invite/${enc(path)}/${enc(event.eventId)}`, body)
    assert.ok([400, 403].includes(answer.status), String(answer.status))
    assert.ok(!JSON.stringify(answer.body).includes('signatures'))
  }
  await alice.sync()
  assert.equal(alice.view.room(room.roomId), undefined)
})

for (const [title, change] of [
  ['another type', { type: 'm.room.power_levels', state_key: '' }],
  ['another sender', { sender: '@somebody:elsewhere.example' }],
  ['another state key', { state_key: '@somebody:elsewhere.example' }],
  ['another room', { room_id: '!other:elsewhere.example' }],
  ['a ban instead of a join', { content: { membership: 'ban' } }],
] as const) {
  attack(`F08: a template of make_join with ${title} is not signed`, async ({ user, peer }) => {
    const [alice, evil] = [await user('alice'), await peer()]
    const room = EvilRoom.found(evil)
    serveRoom(evil, room)
    evil.onPath(/make_join/, () => ({ body: { room_version: '11', event: { ...template(room, alice.userId), ...change } } }))
    const answer = await alice.request('POST', `v3/join/${enc(room.roomId)}?via=${evil.serverName}`, {})
    assert.ok(answer.status >= 400 && answer.status !== 401, String(answer.status))
    // A field that we choose ourselves may be ours instead of theirs; what was signed is never what they chose.
    for (const { body } of evil.asked(/send_join/)) assert.equal(contradicts(body, change), false)
  })
}

attack('F08: the templates of make_leave and make_knock are checked as well', async ({ user, peer }) => {
  const [alice, evil] = [await user('alice'), await peer()]
  const room = EvilRoom.found(evil, { joinRule: { join_rule: 'knock' } })
  serveRoom(evil, room)
  const invite = room.event(member(alice.userId, 'invite'))
  const body = jsonObject({ room_version: '11', event: invite.object, invite_room_state: stripped(room) })
  const path = `/_matrix/federation/v2/invite/${enc(room.roomId)}/${enc(invite.eventId)}`
  assert.equal((await evil.request('PUT', path, body)).status, 200)
  const lie = { ...template(room, alice.userId), content: { membership: 'join' } }
  evil.onPath(/make_(leave|knock)/, () => ({ body: { room_version: '11', event: lie } }))
  // Leaving works for our user all the same, and nothing that the peer wrote is signed.
  assert.equal((await alice.request('POST', `v3/rooms/${enc(room.roomId)}/leave`, {})).status, 200)
  await evil.until('the attempt to leave', () => evil.asked(/make_leave/).length > 0)
  await alice.request('POST', `v3/knock/${enc(room.roomId)}?via=${evil.serverName}`, {})
  for (const { body: handed } of evil.asked(/send_(leave|knock)/)) {
    assert.notEqual(stringAt(handed, 'content', 'membership'), 'join')
  }
})

attack('F12: an invite whose stripped state is no list of events is refused, and the sync of whom it was for goes on', async (field) => {
  const [alice, evil] = [await field.user('alice'), await field.peer()]
  for (const state of [5, 'x', { a: 1 }, [5], ['x'], [{ type: 5 }], [null], [[]]]) {
    const room = EvilRoom.found(evil)
    const event = room.event(member(alice.userId, 'invite'))
    const body = jsonObject({ room_version: '11', event: event.object, invite_room_state: state })
    const answer = await evil.request('PUT', `/_matrix/federation/v2/invite/${enc(room.roomId)}/${enc(event.eventId)}`, body)
    assert.equal(answer.status, 400, JSON.stringify(state))
    await alice.sync()
    assert.equal(alice.view.room(room.roomId), undefined)
  }
})

attack('F13: an invite with a huge stripped state harms neither our user nor what we send to that server', async (field) => {
  const { alice, evil, room } = await scene(field)
  const own = EvilRoom.found(evil)
  const event = own.event(member(alice.userId, 'invite'))
  const huge = Array.from({ length: 5_000 }, (_, index) => ({
    type: `org.example.${index}`,
    state_key: '',
    sender: own.sender,
    content: { filler: 'x'.repeat(200) },
  }))
  const body = jsonObject({ room_version: '11', event: event.object, invite_room_state: [...stripped(own), ...huge] })
  const answer = await evil.request('PUT', `/_matrix/federation/v2/invite/${enc(own.roomId)}/${enc(event.eventId)}`, body)
  assert.ok([200, 400, 413].includes(answer.status), String(answer.status))
  const synced = await alice.sync()
  const shown = JSON.stringify(synced).length
  assert.ok(shown < 200_000, `${shown} characters of sync for one invite`)
  await alice.sendText(room.roomId, 'still flowing')
  await evil.until('our message', () => evil.pdus.some((pdu) => JSON.stringify(pdu).includes('still flowing')))
})

attack('F18: what a remote server says of tokens never logs our user out', async ({ user, peer }) => {
  const [alice, evil] = [await user('alice'), await peer()]
  for (const errcode of ['M_UNKNOWN_TOKEN', 'M_MISSING_TOKEN', 'M_USER_DEACTIVATED', 'M_USER_LOCKED']) {
    evil.on(({ path }) =>
      path.startsWith('/_matrix/federation/')
        ? { status: 401, body: { errcode, error: 'log out, please', soft_logout: false } }
        : undefined,
    )
    for (const [method, path, body] of [
      ['POST', `v3/join/${enc(`!r:${evil.serverName}`)}?via=${evil.serverName}`, {}],
      ['POST', `v3/knock/${enc(`!r:${evil.serverName}`)}?via=${evil.serverName}`, {}],
      ['GET', `v3/profile/${enc(evil.user('x'))}`, undefined],
      ['GET', `v3/directory/room/${enc(`#r:${evil.serverName}`)}`, undefined],
      ['GET', `v3/publicRooms?server=${evil.serverName}`, undefined],
      ['POST', 'v3/keys/query', { device_keys: { [evil.user('x')]: [] } }],
    ] as const) {
      const answer = await alice.request(method, path, body)
      assert.notEqual(answer.status, 401, path)
      assert.ok(!JSON.stringify(answer.body).includes(errcode), `${path}: ${JSON.stringify(answer.body)}`)
    }
  }
  await alice.call('GET', 'v3/account/whoami')
})

attack('S14: a remote server can neither join our user to a room nor take them out of it', async (field) => {
  const { alice, evil, room } = await scene(field)
  const bob = await field.user('bob')
  const bad = [
    room.event({ ...member(bob.userId, 'join'), sender: bob.userId }),
    room.event({ ...member(alice.userId, 'leave'), sender: alice.userId }),
    room.event(member(bob.userId, 'join')),
    room.event(member(alice.userId, 'leave')),
  ]
  const marker = room.message('marker')
  await room.send(...bad, marker)
  await alice.waitForEvent(room.roomId, marker.eventId)
  const join = bad[0]
  assert.ok(join !== undefined)
  assert.ok((await hand(evil, 'v2/send_join', join, room.roomId)).status >= 400)
  const joined = await alice.joinedMembers(room.roomId)
  assert.ok(joined.includes(alice.userId) && !joined.includes(bob.userId))
})

attack('S19: a restricted join without the signature of the server that let them in is refused', async (field) => {
  const { alice, evil } = await scene(field)
  const allowed = await alice.createRoom({ preset: 'private_chat' })
  const joinRules = { join_rule: 'restricted', allow: [{ type: 'm.room_membership', room_id: allowed }] }
  const ours = await alice.createRoom({
    room_version: '11',
    initial_state: [{ type: 'm.room.join_rules', state_key: '', content: joinRules }],
    power_level_content_override: { invite: 50 },
  })
  const bob = await field.user('bob')
  await alice.invite(ours, bob.userId)
  await bob.join(ours)
  // Somebody of the peer is in the room, by invitation, and knows its state.
  acceptInvites(evil)
  await alice.invite(ours, evil.user('inside'))
  const room = await EvilRoom.join(evil, 'inside', ours)
  const intruder = evil.user('intruder')
  const join = (authoriser: unknown): Forged => {
    const content = { membership: 'join', join_authorised_via_users_server: authoriser }
    return room.event({ type: 'm.room.member', state_key: intruder, sender: intruder, content })
  }
  const bad = [join(alice.userId), join(bob.userId), join(evil.user('inside')), join(intruder), join(5)]
  const marker = room.message('marker')
  await room.send(...bad, marker)
  await alice.waitForEvent(ours, marker.eventId)
  for (const event of bad) assert.ok((await hand(evil, 'v2/send_join', event, ours)).status >= 400)
  assert.ok(!(await alice.joinedMembers(ours)).includes(intruder))
})

/** Stripped state as an honest server sends it with an invite: whole events. */
function stripped(room: EvilRoom): unknown[] {
  return [...room.state.values()].map(({ object }) => object)
}

/** Does what we sent hold what they chose? */
function contradicts(sent: unknown, change: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(change).some(([key, value]) => JSON.stringify(objectsAt({ a: [sent] }, 'a')[0]?.[key]) === JSON.stringify(value))
}
