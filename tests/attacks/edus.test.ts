// Goal: what servers say beside events counts only as far as it is theirs to say, and however much they say, events go their way.
// Method: an evil peer sends EDUs to a real server; an honest one of its own comes last, so that what stood before was looked at.
import assert from 'node:assert/strict'
import { arrayAt, at, objectAt, objectsAt } from '../../packages/testkit/src/client/json.ts'
import type { MatrixClient } from '../../packages/testkit/src/client/matrix-client.ts'
import { battlefield } from '../../packages/testkit/src/evil-peer/battlefield.ts'
import type { EvilPeer } from '../../packages/testkit/src/evil-peer/evil-peer.ts'
import { jsonObject as json } from '../../packages/testkit/src/evil-peer/forge.ts'
import { scene, type Scene } from './scene.ts'

const attack = battlefield()

interface Edu {
  readonly edu_type: string
  readonly content: object
}

const typing = (roomId: string, userId: string, is = true): Edu => ({
  edu_type: 'm.typing',
  content: { room_id: roomId, user_id: userId, typing: is },
})

const receipt = (roomId: string, userId: string, eventId: string, data: object = {}): Edu => ({
  edu_type: 'm.receipt',
  content: { [roomId]: { 'm.read': { [userId]: { event_ids: [eventId], data: { ts: 1, ...data } } } } },
})

const presence = (...push: object[]): Edu => ({ edu_type: 'm.presence', content: { push } })

let messages = 0
const toDevice = (sender: string, to: MatrixClient, n: number): Edu => ({
  edu_type: 'm.direct_to_device',
  content: { sender, type: 'm.test', message_id: `m${messages++}`, messages: { [to.userId]: { '*': { n } } } },
})

/** Send EDUs that must say nothing, each for itself, then one message to a device; gives all that alice's /sync told until it came. */
async function heard({ alice, evil }: Pick<Scene, 'alice' | 'evil'>, edus: readonly Edu[]): Promise<unknown[]> {
  for (const edu of edus) assert.equal((await evil.transaction([], [edu])).status, 200)
  assert.equal((await evil.transaction([], [toDevice(evil.user('mallory'), alice, -1)])).status, 200)
  const answers: unknown[] = []
  for (;;) {
    const answer = await alice.sync(1_000)
    answers.push(answer)
    if (objectsAt(answer, 'to_device', 'events').some(({ content }) => objectAt(content)['n'] === -1)) return answers
    assert.ok(answers.length < 100, 'the message did not come')
  }
}

attack('F11: EDUs about users of other servers than their origin are dropped', async (field) => {
  const { alice, evil, room } = await scene(field)
  const bob = await field.user('bob')
  await bob.join(room.roomId)
  await bob.call('POST', 'v3/keys/upload', { device_keys: deviceKeys(bob) })
  const event = await alice.sendText(room.roomId, 'hello')
  await alice.sync()
  for (const victim of [bob.userId, '@somebody:elsewhere.example']) {
    const update = { user_id: victim, device_id: 'EVIL', stream_id: 1, prev_id: [], keys: {} }
    const told = await heard({ alice, evil }, [
      toDevice(victim, alice, 1),
      typing(room.roomId, victim),
      receipt(room.roomId, victim, event),
      presence({ user_id: victim, presence: 'online', status_msg: 'evil' }),
      { edu_type: 'm.device_list_update', content: update },
      { edu_type: 'm.device_list_update', content: { ...update, deleted: true } },
      { edu_type: 'm.signing_key_update', content: { user_id: victim, master_key: { user_id: victim, usage: ['master'], keys: {} } } },
    ])
    const text = JSON.stringify(told)
    assert.equal(text.includes(victim), false, text)
    assert.equal(text.includes('"n":1}'), false)
    assert.equal(alice.view.room(room.roomId)?.readUpTo(victim), undefined)
  }
  // The keys stand as they were.
  const { device_keys: found } = objectAt(await alice.call('POST', 'v3/keys/query', { device_keys: { [bob.userId]: [] } }))
  assert.deepEqual(Object.keys(objectAt(found, bob.userId)), [bob.deviceId])
})

attack('F11: typing and receipts of a server that is not in the room are dropped, those of its users elsewhere too', async (field) => {
  const { alice, evil, room } = await scene(field)
  const stranger = await field.peer()
  const closed = await alice.createRoom({ preset: 'public_chat' })
  const event = await alice.sendText(closed, 'hello')
  await alice.sync()
  for (const peer of [evil, stranger]) {
    const user = peer.user('mallory')
    const told = await heard({ alice, evil: peer }, [
      typing(closed, user),
      receipt(closed, user, event),
      presence({ user_id: peer.user('nobody'), presence: 'online' }),
      { edu_type: 'm.device_list_update', content: { user_id: peer.user('nobody'), device_id: 'X', stream_id: 2, prev_id: [1], keys: {} } },
    ])
    assert.equal(/m\.typing|m\.receipt|m\.presence|"changed":\["/.test(JSON.stringify(told)), false, JSON.stringify(told))
  }
  // Where it is in the room, it is heard.
  await evil.transaction([], [typing(room.roomId, evil.user('mallory'))])
  await alice.waitForRoom(room.roomId, 'typing', ({ typing: users }) => users.includes(evil.user('mallory')))
})

attack('P08: other servers are told keys and devices of our users alone', async (field) => {
  const { alice, evil } = await scene(field)
  const other = await scene(field)
  await alice.call('POST', 'v3/keys/upload', { device_keys: deviceKeys(alice), one_time_keys: { 'signed_curve25519:1': { key: 'k' } } })
  await alice.call('PUT', `v3/devices/${encodeURIComponent(alice.deviceId)}`, { display_name: 'the name of my device' })
  const foreign = other.evil.user('mallory')
  const asked = { [alice.userId]: [], [foreign]: [], '@nobody:elsewhere.example': [] }
  const query = await evil.request('POST', '/_matrix/federation/v1/user/keys/query', json({ device_keys: asked }))
  assert.deepEqual(Object.keys(objectAt(query.body, 'device_keys')), [alice.userId])
  const devices = await evil.request('GET', `/_matrix/federation/v1/user/devices/${encodeURIComponent(alice.userId)}`)
  assert.deepEqual([devices.status, arrayAt(devices.body, 'devices').length], [200, 1])
  assert.equal(JSON.stringify([query.body, devices.body]).includes('the name of'), false)
  for (const userId of [foreign, '@nobody:elsewhere.example']) {
    const refused = await evil.request('GET', `/_matrix/federation/v1/user/devices/${encodeURIComponent(userId)}`)
    assert.equal(refused.status, 404)
  }
  const wish = { [alice.userId]: { [alice.deviceId]: 'signed_curve25519' }, [foreign]: { X: 'signed_curve25519' } }
  const claimed = await evil.request('POST', '/_matrix/federation/v1/user/keys/claim', json({ one_time_keys: wish }))
  assert.deepEqual(Object.keys(objectAt(claimed.body, 'one_time_keys')), [alice.userId])
  // Nobody of the other peer's was asked on the way.
  assert.deepEqual(other.evil.asked(/user\/(keys|devices)/), [])
})

attack('D20: a flood of EDUs holds up no event, and only what was last said counts', async (field) => {
  const { alice, evil, room } = await scene(field)
  const mallory = evil.user('mallory')
  const event = await alice.sendText(room.roomId, 'hello')
  await alice.sync()
  const flood = (round: number): Edu[] =>
    Array.from({ length: 100 }, (_, n) =>
      n % 4 === 0
        ? presence({ user_id: mallory, presence: 'online', status_msg: `${round} ${n}` })
        : n % 4 === 1
          ? receipt(room.roomId, mallory, event, { thread_id: `$thread-${round}-${n}` })
          : typing(room.roomId, mallory, n % 2 === 0),
    )
  for (let round = 0; round < 20; round += 1) {
    const said = room.message(`round ${round}`)
    assert.equal((await evil.transaction([said.object], flood(round))).status, 200)
    await alice.waitForEvent(room.roomId, said.eventId)
  }
  await evil.transaction([], [presence({ user_id: mallory, presence: 'unavailable', status_msg: 'last' }), typing(room.roomId, mallory)])
  await alice.waitForRoom(room.roomId, 'typing', ({ typing: users }) => users.includes(mallory))
  const is = objectAt(await alice.call('GET', `v3/presence/${encodeURIComponent(mallory)}/status`))
  assert.deepEqual([is['presence'], is['status_msg']], ['unavailable', 'last'])
  // A receipt on the room as a whole counts whatever was said of threads.
  const last = room.message('the end')
  await room.send(last)
  await alice.waitForEvent(room.roomId, last.eventId)
  await evil.transaction([], [receipt(room.roomId, mallory, last.eventId)])
  await alice.waitForRoom(room.roomId, 'the receipt', (view) => view.readUpTo(mallory) === last.eventId)
})

attack('D20: what our users say beside messages is coalesced on its way out, and no message waits for it', async (field) => {
  const { alice, evil, room } = await scene(field)
  const path = `v3/rooms/${encodeURIComponent(room.roomId)}`
  const sent: string[] = []
  for (let round = 0; round < 30; round += 1) {
    sent.push(await alice.sendText(room.roomId, `message ${round}`))
    const acts = Array.from({ length: 10 }, (_, n) => [
      alice.call('PUT', `${path}/typing/${encodeURIComponent(alice.userId)}`, { typing: n % 2 === 1, timeout: 30_000 }),
      alice.call('PUT', `v3/presence/${encodeURIComponent(alice.userId)}/status`, { presence: 'online', status_msg: `${round} ${n}` }),
      alice.call('POST', `${path}/receipt/m.read/${encodeURIComponent(sent.at(-1) ?? '')}`, {}),
    ])
    await Promise.all(acts.flat())
  }
  const bodies = (): string[] =>
    evil.pdus.flatMap(({ content }) => (at(content, 'body') === undefined ? [] : [String(at(content, 'body'))]))
  await evil.until('all messages', () => bodies().length >= sent.length)
  assert.deepEqual(
    bodies(),
    sent.map((_, round) => `message ${round}`),
  )
  for (const transaction of transactions(evil)) {
    const kinds = objectsAt(transaction, 'edus').map(({ edu_type: type }) => String(type))
    for (const type of ['m.typing', 'm.receipt']) assert.ok(kinds.filter((each) => each === type).length <= 1, kinds.join())
  }
  // Few EDUs in a row, then one in half a minute.
  assert.ok(evil.edus.filter(({ edu_type: type }) => type === 'm.presence').length <= 4)
})

function transactions(peer: EvilPeer): unknown[] {
  return peer.asked(/^\/_matrix\/federation\/v1\/send\//).map(({ body }) => body)
}

function deviceKeys(client: MatrixClient): object {
  return {
    user_id: client.userId,
    device_id: client.deviceId,
    algorithms: ['m.olm.v1.curve25519-aes-sha2'],
    keys: { [`ed25519:${client.deviceId}`]: 'a key' },
    signatures: { [client.userId]: { [`ed25519:${client.deviceId}`]: 'a signature' } },
  }
}
