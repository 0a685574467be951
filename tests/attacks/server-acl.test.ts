// Goal: a server that a room's ACL shuts out is shut out by every way there is.
// Method: an evil peer that is shut out asks each operation, sends events and EDUs, and has them passed on by another server; the rule
// is written in other letters than its name, which is an IP address with a port.
import assert from 'node:assert/strict'
import type { MatrixClient } from '../../packages/testkit/src/client/matrix-client.ts'
import { battlefield, type Field } from '../../packages/testkit/src/evil-peer/battlefield.ts'
import type { EvilPeer } from '../../packages/testkit/src/evil-peer/evil-peer.ts'
import { EvilRoom } from '../../packages/testkit/src/evil-peer/evil-room.ts'
import { jsonObject } from '../../packages/testkit/src/evil-peer/forge.ts'
import { serveRoom } from '../../packages/testkit/src/evil-peer/serve-room.ts'
import { text } from './scene.ts'

const attack = battlefield()
const enc = encodeURIComponent

interface Scene {
  readonly alice: MatrixClient
  /** Shut out, with a member who was there before. */
  readonly evil: EvilPeer
  readonly room: EvilRoom
  /** Let in. */
  readonly friend: EvilPeer
  readonly friends: EvilRoom
  readonly said: string
}

/** A room with both, and then an ACL of these contents. */
async function shutOut({ user, peer }: Field, acl: Readonly<Record<string, unknown>>): Promise<Scene> {
  const [alice, evil, friend] = [await user('alice'), await peer(), await peer('127.0.0.2')]
  const roomId = await alice.createRoom({ preset: 'public_chat', room_version: '11' })
  const room = await EvilRoom.join(evil, 'mallory', roomId)
  const friends = await EvilRoom.join(friend, 'carol', roomId)
  serveRoom(friend, friends)
  const said = await alice.sendText(roomId, 'before')
  await alice.sendState(roomId, 'm.room.server_acl', acl)
  const rule = await friend.until('the rule', () => friend.pdus.find((pdu) => pdu['type'] === 'm.room.server_acl'))
  for (const each of [room, friends]) each.learn(rule)
  return { alice, evil, room, friend, friends, said }
}

const shut = { allow: ['*'], deny: ['127.0.0.1'], allow_ip_literals: true }

attack('S17: every operation of a room refuses a server that its ACL shuts out', async (field) => {
  const { evil, room, said } = await shutOut(field, shut)
  const [id, event, user] = [enc(room.roomId), enc(said), enc(evil.user('other'))]
  const other = evil.user('other')
  const join = room.event({ type: 'm.room.member', sender: other, state_key: other, content: { membership: 'join' } })
  const leave = room.event({ type: 'm.room.member', state_key: room.sender, content: { membership: 'leave' } })
  const knock = room.event({ type: 'm.room.member', sender: other, state_key: other, content: { membership: 'knock' } })
  const v1 = '/_matrix/federation/v1'
  const asked: [string, string, Parameters<EvilPeer['request']>[2]?][] = [
    ['GET', `${v1}/make_join/${id}/${user}?ver=11`],
    ['GET', `${v1}/make_leave/${id}/${enc(room.sender)}`],
    ['GET', `${v1}/make_knock/${id}/${user}?ver=11`],
    ['PUT', `/_matrix/federation/v2/send_join/${id}/${enc(join.eventId)}`, join.object],
    ['PUT', `/_matrix/federation/v2/send_leave/${id}/${enc(leave.eventId)}`, leave.object],
    ['PUT', `${v1}/send_knock/${id}/${enc(knock.eventId)}`, knock.object],
    ['GET', `${v1}/state/${id}?event_id=${event}`],
    ['GET', `${v1}/state_ids/${id}?event_id=${event}`],
    ['GET', `${v1}/backfill/${id}?v=${event}&limit=1`],
    ['GET', `${v1}/event_auth/${id}/${event}`],
    ['GET', `${v1}/event/${event}`],
    ['GET', `${v1}/timestamp_to_event/${id}?ts=0&dir=f`],
    ['POST', `${v1}/get_missing_events/${id}`, jsonObject({ earliest_events: [], latest_events: [said], limit: 5 })],
  ]
  for (const [method, path, body] of asked) {
    const answer = await evil.request(method, path, body)
    assert.ok([403, 404].includes(answer.status), `${path} ${answer.status}`)
  }
})

for (const [title, acl] of [
  ['by its address', shut],
  ['by a pattern', { allow: ['*'], deny: ['127.?.*.1'], allow_ip_literals: true }],
  ['by an empty list of those that are let in', { allow: ['127.0.0.2'], deny: [], allow_ip_literals: true }],
] as const) {
  attack(`S17: events and EDUs of a server that is shut out ${title} are dropped, whoever brings them`, async (field) => {
    const { alice, evil, room, friend, friends } = await shutOut(field, acl)
    const direct = room.event(text('direct'))
    const passedOn = room.event(text('passed on'))
    const typing = { edu_type: 'm.typing', content: { room_id: room.roomId, user_id: room.sender, typing: true } }
    const receipt = {
      edu_type: 'm.receipt',
      content: { [room.roomId]: { 'm.read': { [room.sender]: { event_ids: [room.tips[0]], data: { ts: 1 } } } } },
    }
    const answer = await evil.transaction([direct.object], [typing, receipt])
    assert.equal(answer.status, 200)
    assert.ok(JSON.stringify(answer.body).includes('error'))
    // Another server, which is let in, has no say about who is heard.
    friends.events.set(passedOn.eventId, passedOn)
    const honest = friends.message('honest')
    const carols = { edu_type: 'm.typing', content: { room_id: room.roomId, user_id: friends.sender, typing: true } }
    await friend.transaction([passedOn.object, honest.object], [carols])
    await alice.waitForEvent(room.roomId, honest.eventId)
    const typists = await alice.waitForRoom(room.roomId, 'carol types', (view) =>
      view.typing.includes(friends.sender) ? view.typing : undefined,
    )
    assert.ok(!typists.includes(room.sender))
    const { events } = await alice.messages(room.roomId)
    for (const { eventId } of [direct, passedOn]) assert.ok(!events.some((event) => event.eventId === eventId))
    assert.ok(!JSON.stringify(await alice.call('GET', 'v3/sync?full_state=true')).includes(`"${room.sender}":{"ts":1}`))
  })
}

attack('S17: names are compared without regard to letters and ports, and an ACL without names shuts everybody out', async (field) => {
  const { alice, friend, room } = await shutOut(field, { allow: ['127.0.0.2'], deny: ['127.0.0.2:*', 'X'], allow_ip_literals: true })
  const path = `/_matrix/federation/v1/make_join/${enc(room.roomId)}/${enc(friend.user('x'))}?ver=11`
  assert.equal((await friend.request('GET', path)).status, 200)
  await alice.sendState(room.roomId, 'm.room.server_acl', { allow: ['*'], deny: [], allow_ip_literals: false })
  assert.equal((await friend.request('GET', path)).status, 403)
  await alice.sendState(room.roomId, 'm.room.server_acl', { allow: ['*'], deny: [] })
  assert.equal((await friend.request('GET', path)).status, 200)
})
