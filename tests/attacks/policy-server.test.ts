// Goal: in a room with a policy server nothing is shown that it did not sign, whoever sends it, and no one else's signature counts.
// Method: a peer is the policy server; it signs, refuses, is away or signs with another key, while people here and elsewhere send.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { addSignature, encodeBase64, parseKeyId, parsePdu, signingKeyFromSeed, type SigningKey } from '@causeway/events'
import { objectAt, stringAt } from '../../packages/testkit/src/client/json.ts'
import type { MatrixClient } from '../../packages/testkit/src/client/matrix-client.ts'
import { acceptInvites } from '../../packages/testkit/src/evil-peer/accept-invites.ts'
import { battlefield, type Field } from '../../packages/testkit/src/evil-peer/battlefield.ts'
import type { EvilPeer, PeerReply } from '../../packages/testkit/src/evil-peer/evil-peer.ts'
import { EvilRoom } from '../../packages/testkit/src/evil-peer/evil-room.ts'
import { jsonObject } from '../../packages/testkit/src/evil-peer/forge.ts'
import { text } from './scene.ts'

const attack = battlefield()

interface Scene {
  readonly alice: MatrixClient
  /** The policy server, whose member is in the room. */
  readonly police: EvilPeer
  readonly key: SigningKey
  readonly roomId: string
  /** Somebody of a third server in the room. */
  readonly stranger: EvilPeer
  readonly room: EvilRoom
  /** Bodies that the policy server was asked to sign, oldest first. */
  readonly asked: () => string[]
  /** What it says from now on; it signs if absent. */
  answer: ((body: unknown) => PeerReply) | undefined
}

async function scene({ user, peer }: Field): Promise<Scene> {
  const [alice, police, stranger] = [await user('alice'), await peer(), await peer()]
  const keyId = parseKeyId('ed25519:policy_server')
  assert.ok(keyId !== undefined)
  const key = signingKeyFromSeed(keyId, randomBytes(32))
  const roomId = await alice.createRoom({ preset: 'public_chat', room_version: '11' })
  await EvilRoom.join(police, 'warden', roomId)
  const room = await EvilRoom.join(stranger, 'mallory', roomId)
  const made: Scene = {
    alice,
    police,
    key,
    roomId,
    stranger,
    room,
    answer: undefined,
    asked: () => police.asked(/policy\/v1\/sign/).map(({ body }) => JSON.stringify(objectAt(body, 'content'))),
  }
  police.onPath(/^\/_matrix\/policy\/v1\/sign$/, ({ body }) => made.answer?.(body) ?? { body: signatures(made, body) })
  const content = { via: police.serverName, public_keys: { ed25519: encodeBase64(key.publicKey) } }
  await alice.sendState(roomId, 'm.room.policy', content)
  const event = await stranger.until('the policy', () => stranger.pdus.find((pdu) => pdu['type'] === 'm.room.policy'))
  room.learn(event)
  return made
}

/** What a policy server answers: its signature alone. */
function signatures({ police, room, key }: Scene, event: unknown, by = key): unknown {
  const parsed = parsePdu(jsonObject(event), room.rules)
  assert.ok(parsed.ok)
  const signed = addSignature(parsed.pdu, room.rules, police.serverName, by)
  assert.ok(signed.ok)
  return { [police.serverName]: { [by.keyId]: stringAt(signed.pdu.object, 'signatures', police.serverName, by.keyId) } }
}

attack('the event that names the policy server needs no signature; every other one of ours gets one before it leaves', async (field) => {
  const at = await scene(field)
  assert.deepEqual(at.asked(), [])
  const bob = await field.user('bob')
  await bob.join(at.roomId)
  await at.alice.sendText(at.roomId, 'good')
  await at.alice.sendState(at.roomId, 'm.room.topic', { topic: 'good' })
  const last = await at.alice.sendText(at.roomId, 'last')
  await at.alice.redact(at.roomId, last)
  const sent = await at.stranger.until('the redaction', () => {
    const pdus = at.stranger.pdus.filter((pdu) => pdu['type'] !== 'm.room.policy' && Number(pdu['depth']) > at.room.depth)
    return pdus.length >= 5 && pdus
  })
  for (const pdu of sent) stringAt(pdu, 'signatures', at.police.serverName, 'ed25519:policy_server')
  assert.equal(at.asked().length, 5)
})

attack("what the policy server refuses is not sent, and our user reads the policy server's words", async (field) => {
  const at = await scene(field)
  at.answer = () => ({ status: 400, body: { errcode: 'M_FORBIDDEN', error: 'this looks like spam' } })
  const path = `v3/rooms/${encodeURIComponent(at.roomId)}/send/m.room.message/one`
  const refused = await at.alice.request('PUT', path, { msgtype: 'm.text', body: 'spam' })
  assert.equal(refused.status, 400)
  assert.deepEqual(refused.body, { errcode: 'M_FORBIDDEN', error: 'this looks like spam' })
  // A code that would log our user out is not passed on.
  at.answer = () => ({ status: 401, body: { errcode: 'M_UNKNOWN_TOKEN', error: 'log out' } })
  assert.equal((await at.alice.request('PUT', `${path}2`, { msgtype: 'm.text', body: 'spam' })).status, 403)
  at.answer = () => ({ body: {} })
  assert.equal((await at.alice.request('PUT', `${path}3`, { msgtype: 'm.text', body: 'spam' })).status, 403)
  at.answer = undefined
  const good = await at.alice.sendText(at.roomId, 'good')
  const { events } = await at.alice.messages(at.roomId, { limit: 2 })
  assert.equal(events[0]?.eventId, good)
  assert.ok(!JSON.stringify(events).includes('spam'))
})

attack('a signature by another key is none', async (field) => {
  const at = await scene(field)
  const keyId = parseKeyId('ed25519:policy_server')
  assert.ok(keyId !== undefined)
  const wrong = signingKeyFromSeed(keyId, randomBytes(32))
  at.answer = (body) => ({ body: signatures(at, body, wrong) })
  const path = `v3/rooms/${encodeURIComponent(at.roomId)}/send/m.room.message/one`
  assert.equal((await at.alice.request('PUT', path, { msgtype: 'm.text', body: 'x' })).status, 403)
})

attack('events of others without the signature are asked about once, and not shown if it is refused', async (field) => {
  const at = await scene(field)
  const good = at.room.event(text('good'))
  await at.room.send(good)
  await at.alice.waitForEvent(at.roomId, good.eventId)
  assert.equal(at.asked().length, 1)

  at.answer = () => ({ status: 400, body: { errcode: 'M_FORBIDDEN', error: 'no' } })
  const bad = at.room.event(text('bad'))
  await at.room.send(bad)
  await at.police.until('the question', () => at.asked().length === 2)
  at.answer = undefined
  const marker = at.room.event(text('marker'))
  await at.room.send(bad, marker)
  await at.alice.waitForEvent(at.roomId, marker.eventId)
  const { events } = await at.alice.messages(at.roomId)
  assert.ok(!events.some(({ eventId }) => eventId === bad.eventId))
  assert.equal(at.asked().filter((content) => content.includes('bad')).length, 1)
})

attack('an event that brings the good signature is taken without a question, and joins of others are asked about', async (field) => {
  const at = await scene(field)
  const event = at.room.event(text('signed before'))
  const parsed = parsePdu(event.object, at.room.rules)
  assert.ok(parsed.ok)
  const signed = addSignature(parsed.pdu, at.room.rules, at.police.serverName, at.key)
  assert.ok(signed.ok)
  await at.room.send({ eventId: event.eventId, object: signed.pdu.object })
  await at.alice.waitForEvent(at.roomId, event.eventId)
  assert.deepEqual(at.asked(), [])

  at.answer = () => ({ status: 400, body: { errcode: 'M_FORBIDDEN', error: 'no' } })
  await assert.rejects(EvilRoom.join(at.stranger, 'second', at.roomId))
  at.answer = undefined
  await EvilRoom.join(at.stranger, 'third', at.roomId)
  const joined = await at.alice.joinedMembers(at.roomId)
  assert.ok(joined.includes(at.stranger.user('third')) && !joined.includes(at.stranger.user('second')))
})

attack('an invite of somebody elsewhere is signed before it goes out', async (field) => {
  const at = await scene(field)
  acceptInvites(at.stranger)
  at.answer = () => ({ status: 400, body: { errcode: 'M_FORBIDDEN', error: 'no' } })
  const invite = `v3/rooms/${encodeURIComponent(at.roomId)}/invite`
  assert.equal((await at.alice.request('POST', invite, { user_id: at.stranger.user('guest') })).status, 400)
  assert.equal(at.stranger.asked(/v2\/invite/).length, 0)
  at.answer = undefined
  await at.alice.invite(at.roomId, at.stranger.user('guest'))
  const [asked] = at.stranger.asked(/v2\/invite/)
  stringAt(asked?.body, 'event', 'signatures', at.police.serverName, 'ed25519:policy_server')
})

attack('without anybody of the policy server in the room, or with a policy that is none, nobody is asked', async (field) => {
  const at = await scene(field)
  for (const content of [
    {},
    { via: 5 },
    { via: at.police.serverName, public_keys: { ed25519: 'x' } },
    { via: 'elsewhere.example', public_keys: { ed25519: encodeBase64(at.key.publicKey) } },
  ]) {
    await at.alice.sendState(at.roomId, 'm.room.policy', content)
    await at.alice.sendText(at.roomId, 'free')
  }
  assert.deepEqual(at.asked(), [])
  await at.alice.sendState(at.roomId, 'm.room.policy', {
    via: at.police.serverName,
    public_keys: { ed25519: encodeBase64(at.key.publicKey) },
  })
  await at.alice.kick(at.roomId, at.police.user('warden'))
  const before = at.asked().length
  await at.alice.sendText(at.roomId, 'free again')
  assert.equal(at.asked().length, before)
})
