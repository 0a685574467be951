// Goal: as a policy server we sign what passes the operator's rules, for rooms that want it of us, and nothing else for nobody.
// Method: a real server with rules; people of it and of other servers send into a room that it protects, and peers ask for signatures.
import assert from 'node:assert/strict'
import { decodeBase64, parsePdu, signedBytes, verifyBytes, type JsonObject } from '@causeway/events'
import type { HttpAnswer } from '../../packages/testkit/src/client/http-origin.ts'
import { stringAt } from '../../packages/testkit/src/client/json.ts'
import type { MatrixClient } from '../../packages/testkit/src/client/matrix-client.ts'
import { battlefield, type Field } from '../../packages/testkit/src/evil-peer/battlefield.ts'
import type { EvilPeer } from '../../packages/testkit/src/evil-peer/evil-peer.ts'
import { EvilRoom, type EventFields } from '../../packages/testkit/src/evil-peer/evil-room.ts'
import { jsonObject } from '../../packages/testkit/src/evil-peer/forge.ts'
import { text } from './scene.ts'

const path = '/_matrix/policy/v1/sign'
const keyName = 'ed25519:policy_server'

const attack = battlefield({
  'policy_server.enabled': true,
  'policy_server.blocked_texts': ['Free Coins'],
  'policy_server.blocked_servers': ['127.0.0.66'],
  'policy_server.mentions_max': 3,
  'policy_server.events_per_minute': 6,
  // Beside this no limit is near.
  rate_limits: true,
  ...Object.fromEntries(
    ['write', 'join', 'register', 'login', 'create', 'federation', 'federation_join'].map((name) => [`rates.${name}`, '10000/s, 100000']),
  ),
})

interface Scene {
  readonly alice: MatrixClient
  readonly bob: EvilPeer
  readonly room: EvilRoom
  readonly publicKey: string
}

/** The key that rooms name, as anybody can read it. */
async function publishedKey({ victim }: Field): Promise<string> {
  const answer = await victim.origin.request({ method: 'GET', path: '/.well-known/matrix/policy_server' })
  assert.equal(answer.status, 200)
  return stringAt(answer.body, 'public_keys', 'ed25519')
}

/** A room that our server protects, with somebody of another one. */
async function scene(field: Field, address?: string): Promise<Scene> {
  const [alice, bob, publicKey] = [await field.user('alice'), await field.peer(address), await publishedKey(field)]
  const roomId = await alice.createRoom({ preset: 'public_chat', room_version: '11' })
  const room = await EvilRoom.join(bob, 'bob', roomId)
  await alice.sendState(roomId, 'm.room.policy', { via: field.victim.serverName, public_keys: { ed25519: publicKey } })
  const policy = await bob.until('the policy', () => bob.pdus.find((pdu) => pdu['type'] === 'm.room.policy'))
  room.learn(policy)
  return { alice, bob, room, publicKey }
}

/** Ask for the signature on an event; gives the answer as `status errcode`, or the signature if it is good. */
async function ask({ bob, room, publicKey }: Scene, event: JsonObject): Promise<string> {
  const answer = await bob.request('POST', path, event)
  if (answer.status !== 200) return outcome(answer)
  const signature = stringAt(answer.body, bob.victim.serverName, keyName)
  const parsed = parsePdu(event, room.rules)
  assert.ok(parsed.ok)
  const [key, bytes] = [decodeBase64(publicKey), decodeBase64(signature)]
  assert.ok(key !== undefined && bytes !== undefined)
  assert.ok(verifyBytes(key, bytes, signedBytes(parsed.pdu, room.rules)), 'the signature is good')
  assert.deepEqual(Object.keys(Object(Object(answer.body)[bob.victim.serverName])), [keyName])
  return 'signed'
}

function outcome({ status, body }: HttpAnswer): string {
  return `${status} ${stringAt(body, 'errcode')}`
}

attack('what passes is signed, with the key that the room names, and then shown to all', async (field) => {
  const at = await scene(field)
  const good = at.room.event(text('good'))
  assert.equal(await ask(at, good.object), 'signed')
  // One that comes without the signature is asked about by the server itself.
  await at.room.send(at.room.apply(good))
  await at.alice.waitForEvent(at.room.roomId, good.eventId)
  // An event of ours has the signature beside our server's own.
  const sent = await at.alice.sendText(at.room.roomId, 'from here')
  const pdu = await at.bob.until('the message', () => at.bob.pdus.find((each) => Object(each['content']).body === 'from here'))
  const parsed = parsePdu(jsonObject(pdu), at.room.rules)
  assert.ok(parsed.ok && parsed.pdu.eventId === sent)
  const ours = Object.keys(Object(Object(pdu['signatures'])[field.victim.serverName]))
  assert.ok(ours.includes(keyName) && ours.length === 2, String(ours))
})

attack('what the rules name is not signed, not shown if it comes all the same, and not sent by our own people', async (field) => {
  const at = await scene(field)
  const mentions = (count: number): EventFields => ({
    type: 'm.room.message',
    content: {
      msgtype: 'm.text',
      body: 'all',
      'm.mentions': { user_ids: Array.from({ length: count }, (_, n) => `@u${n}:elsewhere.example`) },
    },
  })
  const spam = at.room.event(text('get FREE coins here'))
  assert.equal(await ask(at, spam.object), '400 M_FORBIDDEN')
  assert.equal(await ask(at, at.room.event(mentions(4)).object), '400 M_FORBIDDEN')
  assert.equal(await ask(at, at.room.event(mentions(3)).object), 'signed')
  const marker = at.room.event(text('marker'))
  await at.room.send(spam, marker)
  await at.alice.waitForEvent(at.room.roomId, marker.eventId)
  const refused = await at.alice.request('PUT', `v3/rooms/${encodeURIComponent(at.room.roomId)}/send/m.room.message/one`, {
    msgtype: 'm.text',
    body: 'FREE COINS',
  })
  assert.equal(outcome(refused), '400 M_FORBIDDEN')
  const { events } = await at.alice.messages(at.room.roomId)
  assert.ok(!JSON.stringify(events).toLowerCase().includes('free coins'))
})

attack('nothing passes of people of a server that is blocked', async (field) => {
  const at = await scene(field, '127.0.0.66')
  assert.equal(await ask(at, at.room.event(text('hello')).object), '400 M_FORBIDDEN')
})

attack('who sends too much is stopped, others in the room and in other rooms are not; asking again changes nothing', async (field) => {
  const at = await scene(field)
  const events = Array.from({ length: 30 }, (_, n) => at.room.event(text(`message ${n}`)))
  const answers: string[] = []
  for (const { object } of events) answers.push(await ask(at, object))
  // A few may pass because time passes while they are asked for.
  assert.deepEqual(
    answers.slice(0, 6),
    Array.from({ length: 6 }, () => 'signed'),
  )
  assert.ok(answers.includes('400 M_FORBIDDEN'))
  for (const [index, { object }] of events.entries()) assert.equal(await ask(at, object), answers[index])
  await at.alice.sendText(at.room.roomId, 'still here')
  assert.equal(await ask(at, at.room.event({ ...text('another'), sender: at.bob.user('carol') }).object), 'signed')
})

attack('a content that is not what its hash says is not signed: the signature would be for another one', async (field) => {
  const at = await scene(field)
  const spam = at.room.event(text('free coins'))
  const disguised = jsonObject({ ...spam.object, content: { msgtype: 'm.text', body: 'innocent' } })
  assert.equal(await ask(at, disguised), '400 M_FORBIDDEN')
})

attack('rooms that do not want it of us, and what is no event, get no signature', async (field) => {
  const at = await scene(field)
  const open = await at.alice.createRoom({ preset: 'public_chat', room_version: '11' })
  const other = await EvilRoom.join(at.bob, 'bob', open)
  const event = other.event(text('hello'))
  assert.equal(await ask({ ...at, room: other }, event.object), '404 M_NOT_FOUND')
  assert.equal(await ask(at, jsonObject({ ...event.object, room_id: '!nowhere:example.org' })), '404 M_NOT_FOUND')
  // A room that names us with a key that is not ours.
  await at.alice.sendState(open, 'm.room.policy', { via: field.victim.serverName, public_keys: { ed25519: 'A'.repeat(43) } })
  assert.equal(await ask({ ...at, room: other }, event.object), '404 M_NOT_FOUND')
  assert.equal(await ask(at, jsonObject({ room_id: at.room.roomId, type: 'm.room.message' })), '400 M_BAD_JSON')
  assert.equal(outcome(await at.bob.request('POST', path, jsonObject({}))), '400 M_BAD_JSON')
  assert.equal(outcome(await at.bob.request('POST', path, event.object, { authorization: '' })), '401 M_UNAUTHORIZED')
  const naming = at.room.event({ type: 'm.room.policy', state_key: '', content: {} })
  assert.equal(await ask(at, naming.object), '400 M_FORBIDDEN')
})

attack('a server that the ACL of the room keeps out gets no signature', async (field) => {
  const at = await scene(field)
  const event = at.room.event(text('hello'))
  await at.alice.sendState(at.room.roomId, 'm.room.server_acl', {
    allow: ['*'],
    deny: [at.bob.serverName.split(':')[0]],
    allow_ip_literals: true,
  })
  assert.equal(await ask(at, event.object), '403 M_FORBIDDEN')
})
