// Goal: an invite by an address comes about by what the identity server of the room's invite has signed, for that user and that room,
// and by nothing else; and who vouches for a join still may when it comes.
// Method: an evil peer, which is its own identity server as well, brings proofs that prove something else.
import assert from 'node:assert/strict'
import type { JsonObject } from '@causeway/events'
import type { HttpAnswer } from '../../packages/testkit/src/client/http-origin.ts'
import type { MatrixClient } from '../../packages/testkit/src/client/matrix-client.ts'
import { objectAt, stringAt } from '../../packages/testkit/src/client/json.ts'
import { acceptInvites } from '../../packages/testkit/src/evil-peer/accept-invites.ts'
import { battlefield, type Field } from '../../packages/testkit/src/evil-peer/battlefield.ts'
import type { EvilPeer } from '../../packages/testkit/src/evil-peer/evil-peer.ts'
import { EvilRoom } from '../../packages/testkit/src/evil-peer/evil-room.ts'
import { forge, jsonObject } from '../../packages/testkit/src/evil-peer/forge.ts'
import { identityToken, IdentityServer } from '../../packages/testkit/src/identity-server/identity-server.ts'

const attack = battlefield()

const enc = encodeURIComponent
const address = 'somebody@example.org'

interface Lobby {
  readonly alice: MatrixClient
  readonly evil: EvilPeer
  readonly identity: IdentityServer
  readonly room: string
  readonly target: string
  /** What an honest server would hand over. */
  readonly exchange: Readonly<Record<string, unknown>>
}

/** A private room of the victim's into which whoever has an address is invited. */
async function lobby({ user, peer }: Field): Promise<Lobby> {
  const [alice, evil] = [await user('alice'), await peer()]
  const identity = new IdentityServer(evil.serverName)
  evil.on((request) => identity.answer(request))
  acceptInvites(evil)
  const room = await alice.createRoom({ preset: 'private_chat', room_version: '11' })
  const invite = { id_server: evil.serverName, id_access_token: identityToken, medium: 'email', address }
  await alice.call('POST', `v3/rooms/${enc(room)}/invite`, invite)
  const target = evil.user('somebody')
  const signed = identity.sign({ mxid: target, sender: alice.userId, token: identity.tokenOf(address) })
  return { alice, evil, identity, room, target, exchange: exchangeOf(room, alice.userId, target, signed) }
}

function exchangeOf(room: string, sender: string, target: string, signed: unknown): Record<string, unknown> {
  const content = { membership: 'invite', third_party_invite: { display_name: 's...', signed } }
  return { type: 'm.room.member', room_id: room, sender, state_key: target, content }
}

function hand(evil: EvilPeer, path: string, body: unknown): Promise<HttpAnswer> {
  return evil.request('PUT', `/_matrix/federation/v1/exchange_third_party_invite/${enc(path)}`, jsonObject(body))
}

async function membership(alice: MatrixClient, room: string, user: string): Promise<unknown> {
  const { body } = await alice.request('GET', `v3/rooms/${enc(room)}/state/m.room.member/${enc(user)}`)
  return objectAt(body)['membership']
}

attack('S18: an exchange with a bad proof, or of another user, is refused, and nobody is invited', async (field) => {
  const { alice, evil, identity, room, target, exchange } = await lobby(field)
  const token = identity.tokenOf(address)
  const stranger = await field.peer()
  const good = { mxid: target, sender: alice.userId, token }
  const other = new IdentityServer(stranger.serverName)
  const bad: readonly (readonly [string, unknown])[] = [
    ['nothing signed', good],
    ['signed by another identity server', other.sign(good)],
    ['in the name of the right one', { ...good, signatures: { [evil.serverName]: objectAt(other.sign(good), 'signatures', other.name) } }],
    ['another token', identity.sign({ ...good, token: 'other' })],
    ['another user', identity.sign({ ...good, mxid: evil.user('else') })],
    ['changed after signing', { ...identity.sign(good), sender: evil.user('else') }],
    ['no token', identity.sign({ mxid: target })],
    ['no object', 'signed'],
  ]
  for (const [why, signed] of bad) {
    const answer = await hand(evil, room, exchangeOf(room, alice.userId, target, signed))
    assert.ok([400, 403].includes(answer.status), `${why}: ${answer.status}`)
  }
  const wrong: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
    ['another type', { type: 'm.room.power_levels' }],
    ['a join', { content: { ...objectAt(exchange['content']), membership: 'join' } }],
    ['sent by somebody else', { sender: evil.user('else') }],
    ['a sender of ours who sent no such invite', { sender: (await field.user('bob')).userId }],
    ['a user of ours', { state_key: alice.userId }],
  ]
  for (const [why, change] of wrong) {
    const answer = await hand(evil, room, { ...exchange, ...change })
    assert.ok([400, 403].includes(answer.status), `${why}: ${answer.status}`)
  }
  // Another server brings the good proof.
  assert.equal((await hand(stranger, room, exchange)).status, 403)
  assert.equal(await membership(alice, room, target), undefined)
  assert.deepEqual(evil.asked(/\/invite\//), [])
  // And who it is for gets in by it.
  assert.equal((await hand(evil, room, exchange)).status, 200)
  assert.equal(await membership(alice, room, target), 'invite')
})

attack('S18, F05: an exchange for another room than its path names, or than the invite was for, is refused', async (field) => {
  const { alice, evil, room, target, exchange } = await lobby(field)
  const other = await alice.createRoom({ preset: 'private_chat', room_version: '11' })
  assert.equal((await hand(evil, other, exchange)).status, 400)
  assert.equal((await hand(evil, room, { ...exchange, room_id: other })).status, 400)
  assert.equal((await hand(evil, other, { ...exchange, room_id: other })).status, 403)
  for (const each of [room, other]) assert.equal(await membership(alice, each, target), undefined)
})

attack('S18: a proof makes no member an invited person, and lets nobody back in who is banned', async (field) => {
  const { alice, evil, room, target, exchange } = await lobby(field)
  assert.equal((await hand(evil, room, exchange)).status, 200)
  await EvilRoom.join(evil, 'somebody', room)
  assert.equal((await hand(evil, room, exchange)).status, 403)
  assert.equal(await membership(alice, room, target), 'join')
  await alice.call('POST', `v3/rooms/${enc(room)}/ban`, { user_id: target })
  assert.equal((await hand(evil, room, exchange)).status, 403)
  assert.equal(await membership(alice, room, target), 'ban')
})

attack('S18: a third-party invite in a transaction is judged by the keys in the room', async (field) => {
  const { alice, evil, identity, room, target } = await lobby(field)
  await alice.invite(room, evil.user('inside'))
  const inside = await EvilRoom.join(evil, 'inside', room)
  const token = identity.tokenOf(address)
  const invite = (signed: unknown, user: string) => {
    const content = { membership: 'invite', third_party_invite: { display_name: 's...', signed } }
    return inside.event({ type: 'm.room.member', sender: alice.userId, state_key: user, content })
  }
  const forged = new IdentityServer('elsewhere.example').sign({ mxid: evil.user('else'), token })
  const bad = [invite(forged, evil.user('else')), invite(identity.sign({ mxid: target, token }), evil.user('else'))]
  const good = invite(identity.sign({ mxid: target, token }), target)
  await inside.send(...bad, good)
  await evil.until('the good one', async () => (await membership(alice, room, target)) === 'invite')
  assert.equal(await membership(alice, room, evil.user('else')), undefined)
})

attack('M06: neither an identity server nor the address of a key leads into the network of the server', async (field) => {
  const { alice, evil, identity, room, target } = await lobby(field)
  for (const server of ['10.0.0.1', '169.254.169.254:80', '[::ffff:10.0.0.1]', 'a/../b', 'user@host']) {
    const invite = { id_server: server, id_access_token: identityToken, medium: 'email', address }
    const answer = await alice.request('POST', `v3/rooms/${enc(room)}/invite`, invite)
    assert.ok([400, 502].includes(answer.status), `${server}: ${answer.status}`)
  }
  for (const [token, url] of [
    ['inner', 'http://10.0.0.1/isvalid'],
    ['file', 'file:///etc/passwd'],
    ['none', 'nonsense'],
  ] as const) {
    const [key] = identity.publicKeys
    const content = { display_name: 'x', public_key: key, key_validity_url: url }
    await alice.call('PUT', `v3/rooms/${enc(room)}/state/m.room.third_party_invite/${token}`, content)
    const signed = identity.sign({ mxid: target, sender: alice.userId, token })
    const answer = await hand(evil, room, exchangeOf(room, alice.userId, target, signed))
    assert.ok([403, 502].includes(answer.status), `${url}: ${answer.status}`)
  }
  assert.equal(await membership(alice, room, target), undefined)
})

attack('anybody may say that an address was bound, and nothing comes of it', async (field) => {
  const { alice, evil, identity, room } = await lobby(field)
  const bob = await field.user('bob')
  const path = '/_matrix/federation/v1/3pid/onbind'
  const put = (body: unknown): Promise<HttpAnswer> => evil.request('PUT', path, jsonObject(body), { authorization: '' })
  const told = (signed: unknown, mxid = bob.userId): JsonObject =>
    jsonObject({
      medium: 'email',
      address,
      mxid,
      invites: [{ medium: 'email', address, mxid, room_id: room, sender: alice.userId, signed }],
    })
  const token = identity.tokenOf(address)
  assert.equal((await put(told(identity.sign({ mxid: evil.user('x'), token }), evil.user('x')))).status, 400)
  assert.equal((await put({ mxid: bob.userId, invites: 'all' })).status, 400)
  assert.equal((await put({ mxid: bob.userId, invites: Array.from({ length: 21 }, () => ({})) })).status, 400)
  assert.equal((await put({ mxid: bob.userId, invites: [5] })).status, 400)
  for (const signed of [{ mxid: bob.userId, token }, new IdentityServer('elsewhere.example').sign({ mxid: bob.userId, token })]) {
    assert.equal((await put(told(signed))).status, 200)
    assert.equal(await membership(alice, room, bob.userId), undefined)
  }
  assert.equal((await put(told(identity.sign({ mxid: bob.userId, token })))).status, 200)
  assert.equal(await membership(alice, room, bob.userId), 'invite')
})

attack('S19: who may no longer invite when the join comes vouches for it no more', async (field) => {
  const [alice, bob, evil] = [await field.user('alice'), await field.user('bob'), await field.peer()]
  const club = await alice.createRoom({ preset: 'public_chat', room_version: '11' })
  await EvilRoom.join(evil, 'mallory', club)
  const joinRules = { join_rule: 'restricted', allow: [{ type: 'm.room_membership', room_id: club }] }
  const room = await alice.createRoom({
    room_version: '11',
    initial_state: [{ type: 'm.room.join_rules', state_key: '', content: joinRules }],
    power_level_content_override: { invite: 50 },
  })
  await alice.invite(room, bob.userId)
  await bob.join(room)
  const mallory = evil.user('mallory')
  const made = await evil.request('GET', `/_matrix/federation/v1/make_join/${enc(room)}/${enc(mallory)}?ver=11`)
  const template = objectAt(made.body, 'event')
  assert.equal(stringAt(template, 'content', 'join_authorised_via_users_server'), alice.userId)
  const event = forge({ ...template, origin_server_ts: Date.now() }, (await EvilRoom.join(evil, 'other', club)).rules, evil.signer)
  const levels = { invite: 50, users: { [alice.userId]: 0, [bob.userId]: 100 } }
  await alice.call('PUT', `v3/rooms/${enc(room)}/state/m.room.power_levels`, {
    ...levels,
    users: { [alice.userId]: 100, [bob.userId]: 100 },
  })
  await alice.call('PUT', `v3/rooms/${enc(room)}/state/m.room.power_levels`, levels)
  const answer = await evil.request('PUT', `/_matrix/federation/v2/send_join/${enc(room)}/${enc(event.eventId)}`, event.object)
  assert.ok([400, 403].includes(answer.status), String(answer.status))
  assert.ok(!JSON.stringify(answer.body).includes('signatures'))
  assert.equal(await membership(bob, room, mallory), undefined)
})
