// Goal: nobody changes a room against its rules, whatever they send, replay or claim that its state is.
// Method: members on an evil peer, with little power or with power that they lost, send forged events to a real server.
import assert from 'node:assert/strict'
import { supportedRoomVersions } from '@causeway/events'
import { at, objectAt } from '../../packages/testkit/src/client/json.ts'
import { battlefield } from '../../packages/testkit/src/evil-peer/battlefield.ts'
import { EvilRoom } from '../../packages/testkit/src/evil-peer/evil-room.ts'
import { forge, type Forged } from '../../packages/testkit/src/evil-peer/forge.ts'
import { serveRoom } from '../../packages/testkit/src/evil-peer/serve-room.ts'
import { scene, sendWithHonest, text, type Scene } from './scene.ts'

const attack = battlefield()
const enc = encodeURIComponent

/** Send state that must not hold, wait for an honest message after it, and give the content that holds. */
async function holds({ alice, room }: Scene, type: string, bad: readonly Forged[]): Promise<unknown> {
  const marker = room.message('marker')
  await room.send(...bad, marker)
  await alice.waitForEvent(room.roomId, marker.eventId)
  const answer = await alice.request('GET', `v3/rooms/${encodeURIComponent(room.roomId)}/state/${type}/`)
  return answer.status === 404 ? undefined : answer.body
}

for (const version of ['1', '6', '11', '12']) {
  attack(
    `S02: in version ${version} nobody speaks below events_default, or raises their own level, however it is written`,
    async (field) => {
      const at = await scene(field, version)
      const before = await at.alice.state(at.room.roomId, 'm.room.power_levels')
      const levels = [100, '100', ' 100 ', '1e2', 50.5, 2 ** 53, -(2 ** 53), '-9223372036854775808', null, [], {}, true]
      const bad = levels.map((level) => {
        const users = { ...objectAt(before['users']), [at.room.sender]: level }
        return at.room.event({ type: 'm.room.power_levels', state_key: '', content: { ...before, users } })
      })
      assert.deepEqual(await holds(at, 'm.room.power_levels', bad), before)

      await at.alice.sendState(at.room.roomId, 'm.room.power_levels', { ...before, events_default: 50 })
      const changed = await at.evil.until('the new levels', () =>
        at.evil.pdus.find((pdu) => pdu['type'] === 'm.room.power_levels' && objectAt(pdu, 'content')['events_default'] === 50),
      )
      at.room.learn(changed)
      const whisper = at.room.event(text('below the level'))
      await at.room.send(whisper)
      const said = await at.alice.sendText(at.room.roomId, 'above it')
      const { events } = await at.alice.messages(at.room.roomId, { limit: 5 })
      assert.ok(events.some(({ eventId }) => eventId === said) && !events.some(({ eventId }) => eventId === whisper.eventId))
    },
  )
}

attack('S03: an event that was rejected stays rejected, by whichever way it comes again', async (field) => {
  const at = await scene(field)
  const bad = at.room.event({ type: 'm.room.topic', state_key: '', content: { topic: 'mine' } })
  assert.equal(await holds(at, 'm.room.topic', [bad]), undefined)
  // As a prev event, as an auth event, and in the state that the peer tells.
  at.room.events.set(bad.eventId, bad)
  const onIt = at.room.event({ ...text('on it'), prev_events: [bad.eventId] })
  const auth = at.room.authEvents({ type: 'm.room.message', sender: at.room.sender, stateKey: undefined, content: {} })
  const byIt = at.room.event({ ...text('by it'), auth_events: [...auth, bad.eventId] })
  at.room.state.set('m.room.topic\0', bad)
  const unknown = at.room.event({ ...text('unknown'), prev_events: at.room.tips })
  at.room.events.set(unknown.eventId, unknown)
  const gap = at.room.event({ ...text('after a gap'), prev_events: [unknown.eventId] })
  await at.room.send(bad, onIt, byIt, gap)
  assert.equal(await holds(at, 'm.room.topic', [bad]), undefined)
})

attack('S04: a peer that tells a tiny state for a gap does not replace the state of the room', async (field) => {
  const at = await scene(field)
  const topic = await at.alice.sendState(at.room.roomId, 'm.room.topic', { topic: 'ours' })
  assert.ok(topic !== '')
  const create = at.room.state.get('m.room.create\0')
  const own = at.room.state.get(`m.room.member\0${at.room.sender}`)
  assert.ok(create !== undefined && own !== undefined)
  const tiny = [create.eventId, own.eventId]
  at.evil.onPath(/\/state_ids\//, () => ({ body: { pdu_ids: tiny, auth_chain_ids: [create.eventId] } }))
  at.evil.onPath(/\/state\//, () => ({ body: { pdus: [create.object, own.object], auth_chain: [create.object] } }))
  const hidden = at.room.event(text('never shown'))
  at.room.events.set(hidden.eventId, hidden)
  const vouching = at.room.event({ ...text('vouching'), prev_events: [hidden.eventId] })
  at.evil.onPath(/get_missing_events/, () => ({ body: { events: [vouching.object] } }))
  const after = at.room.event({ ...text('after'), prev_events: [vouching.eventId], fields: { depth: at.room.depth + 50 } })
  await at.room.send(after)
  await at.alice.waitForEvent(at.room.roomId, after.eventId)
  assert.ok(at.evil.asked(/\/state_ids\//).length > 0)
  const marker = await at.alice.sendText(at.room.roomId, 'marker')
  await at.alice.waitForEvent(at.room.roomId, marker)
  assert.equal((await at.alice.state(at.room.roomId, 'm.room.topic'))['topic'], 'ours')
  assert.ok((await at.alice.joinedMembers(at.room.roomId)).includes(at.alice.userId))
  await at.alice.state(at.room.roomId, 'm.room.power_levels')
})

for (const version of supportedRoomVersions) {
  attack(`S05: in version ${version} auth events of another room are a reason to reject`, async (field) => {
    const at = await scene(field, version)
    const other = EvilRoom.found(at.evil, { version })
    for (const event of other.events.values()) at.room.events.set(event.eventId, event)
    const foreign = [...other.state.values()].filter(({ object }) => object['type'] !== 'm.room.create' || version !== '12')
    const bad = at.room.event({ ...text('foreign'), auth_events: foreign.slice(0, 3).map(({ eventId }) => eventId) })
    const own = at.room.authEvents({ type: 'm.room.message', sender: at.room.sender, stateKey: undefined, content: {} })
    const levels = other.state.get('m.room.power_levels\0')
    const mixed = at.room.event({ ...text('mixed'), auth_events: [...own.slice(0, 1), levels?.eventId ?? ''] })
    await sendWithHonest(at, bad, mixed)
  })
}

attack('S08: a room has one create event, and what claims to be another is refused', async (field) => {
  for (const version of ['10', '11', '12']) {
    const at = await scene(field, version)
    const content = { room_version: version, creator: at.room.sender }
    const second = at.room.event({ type: 'm.room.create', state_key: '', content })
    const first = at.room.event({ type: 'm.room.create', state_key: '', content, prev_events: [], auth_events: [], fields: { depth: 1 } })
    const before = await at.alice.state(at.room.roomId, 'm.room.create')
    assert.deepEqual(await holds(at, 'm.room.create', [second, first]), before)
    if (version !== '12') continue
    const create = at.room.state.get('m.room.create\0')
    assert.ok(create !== undefined)
    const auth = at.room.authEvents({ type: 'm.room.message', sender: at.room.sender, stateKey: undefined, content: {} })
    await sendWithHonest(at, at.room.event({ ...text('create among auth events'), auth_events: [...auth, create.eventId] }))
  }
})

attack('S08: in version 12 a room whose id is not the hash of its create event is no room', async ({ user, peer }) => {
  const [alice, evil] = [await user('alice'), await peer()]
  const room = EvilRoom.found(evil, { version: '12' })
  const other = EvilRoom.found(evil, { version: '12', createContent: { other: true } })
  serveRoom(evil, room)
  const create = other.state.get('m.room.create\0')
  assert.ok(create !== undefined)
  room.state.set('m.room.create\0', create)
  room.events.set(create.eventId, create)
  assert.ok((await alice.request('POST', `v3/join/${encodeURIComponent(room.roomId)}?via=${evil.serverName}`, {})).status >= 400)
  assert.ok(!JSON.stringify(await alice.call('GET', 'v3/joined_rooms')).includes(room.roomId))
})

attack('S09: creators are not listed among the power levels, and malformed additional creators make no room', async ({ user, peer }) => {
  const [alice, evil] = [await user('alice'), await peer()]
  for (const additional of [5, 'x', [5], ['nobody'], [null], { a: 1 }]) {
    const room = EvilRoom.found(evil, { version: '12', createContent: { additional_creators: additional } })
    serveRoom(evil, room)
    assert.ok((await alice.request('POST', `v3/join/${encodeURIComponent(room.roomId)}?via=${evil.serverName}`, {})).status >= 400)
  }
  const room = EvilRoom.found(evil, { version: '12', createContent: { additional_creators: [evil.user('second')] } })
  serveRoom(evil, room)
  await alice.join(room.roomId, [evil.serverName])
  const before = await alice.state(room.roomId, 'm.room.power_levels')
  const bad = [evil.user('mallory'), evil.user('second')].map((creator) =>
    room.event({ type: 'm.room.power_levels', state_key: '', content: { users: { [creator]: 50 } } }),
  )
  assert.deepEqual(await holds({ alice, evil, room }, 'm.room.power_levels', bad), before)
})

attack('S10: in a room without power levels ordinary people set no state', async ({ user, peer }) => {
  const [alice, evil] = [await user('alice'), await peer()]
  const room = EvilRoom.found(evil, { version: '11', powerLevels: null })
  serveRoom(evil, room)
  await alice.join(room.roomId, [evil.serverName])
  assert.equal((await alice.request('PUT', `v3/rooms/${encodeURIComponent(room.roomId)}/state/m.room.topic/`, { topic: 'x' })).status, 403)
  const bob = evil.user('bob')
  room.next({ type: 'm.room.member', sender: bob, state_key: bob, content: { membership: 'join' } })
  await room.send(...[...room.events.values()].slice(-1))
  const bad = room.event({ type: 'm.room.topic', sender: bob, state_key: '', content: { topic: 'x' } })
  assert.equal(await holds({ alice, evil, room }, 'm.room.topic', [bad]), undefined)
})

attack('S12: redactions that redact each other end', async (field) => {
  const at = await scene(field, '1')
  const id = (name: string): string => `$${name}${Date.now()}:${at.evil.serverName}`
  const [one, two] = [id('one'), id('two')]
  const first = at.room.next({ type: 'm.room.redaction', content: {}, fields: { event_id: one, redacts: two } })
  const second = at.room.next({ type: 'm.room.redaction', content: {}, fields: { event_id: two, redacts: one } })
  const own = id('own')
  const itself = at.room.next({ type: 'm.room.redaction', content: {}, fields: { event_id: own, redacts: own } })
  await at.room.send(first, second, itself)
  const marker = at.room.message('marker')
  await at.room.send(marker)
  await at.alice.waitForEvent(at.room.roomId, marker.eventId)
})

for (const version of ['1', '2', '3', '11', '12']) {
  attack(`S13: in version ${version} a redaction by somebody without power over the event changes nothing`, async (field) => {
    const at = await scene(field, version)
    const said = await at.alice.sendText(at.room.roomId, 'stays')
    at.room.learn(await at.evil.until('the message', () => at.evil.pdus.find((pdu) => JSON.stringify(pdu).includes('"stays"'))))
    const redacts = ['11', '12'].includes(version) ? { content: { redacts: said } } : { content: {}, fields: { redacts: said } }
    const bad = at.room.event({ type: 'm.room.redaction', ...redacts })
    const marker = at.room.message('marker')
    await at.room.send(bad, marker)
    await at.alice.waitForEvent(at.room.roomId, marker.eventId)
    assert.equal((await at.alice.event(at.room.roomId, said)).content['body'], 'stays')
    // Clients would redact by themselves what they are told to.
    const { events } = await at.alice.messages(at.room.roomId)
    assert.ok(!events.some(({ eventId }) => eventId === bad.eventId))
  })
}

attack('S13: a redaction that comes before its target takes the words away once the target comes, if it may', async (field) => {
  const at = await scene(field)
  const words = at.room.event(text('gone before they came'))
  const redaction = at.room.next({ type: 'm.room.redaction', content: { redacts: words.eventId } })
  await at.room.send(redaction)
  await at.alice.waitForEvent(at.room.roomId, redaction.eventId)
  const marker = at.room.message('marker')
  await at.room.send(words, marker)
  await at.alice.waitForEvent(at.room.roomId, marker.eventId)
  const { type, content } = await at.alice.event(at.room.roomId, words.eventId)
  assert.deepEqual([type, content], ['m.room.message', {}])
})

attack('S15: somebody banned who goes on along an old branch is not heard', async (field) => {
  const at = await scene(field)
  await at.alice.ban(at.room.roomId, at.room.sender)
  const ban = await at.evil.until('the ban', () =>
    at.evil.pdus.find((pdu) => JSON.stringify(pdu).includes('"ban"') && pdu['type'] === 'm.room.member'),
  )
  const old = at.room.message('from before')
  const state = at.room.event({ type: 'm.room.topic', state_key: '', content: { topic: 'x' } })
  const answer = await at.evil.transaction([old.object, state.object])
  assert.equal(answer.status, 200)
  const marker = await at.alice.sendText(at.room.roomId, 'marker')
  await at.alice.waitForEvent(at.room.roomId, marker)
  const { events } = await at.alice.messages(at.room.roomId)
  assert.ok(!events.some(({ eventId }) => eventId === old.eventId))
  assert.ok(ban !== undefined)
  // Neither do our own events build upon it.
  await at.alice.call('GET', `v3/rooms/${encodeURIComponent(at.room.roomId)}/members`)
  const after = await at.alice.sendText(at.room.roomId, 'after')
  const stored = await at.alice.event(at.room.roomId, after)
  assert.ok(!JSON.stringify(stored).includes(old.eventId))
})

attack('S20: a state of a fork with an event that is too large or malformed resolves all the same', async (field) => {
  const at = await scene(field)
  const create = at.room.state.get('m.room.create\0')
  assert.ok(create !== undefined)
  const huge = at.room.event({ type: 'm.room.name', state_key: '', content: { name: 'x'.repeat(70_000) } })
  const odd = forge({ ...JSON.parse(JSON.stringify(huge.object)), content: 5, depth: 'x' }, at.room.rules, at.evil.signer)
  const state = [...at.room.state.values(), huge, odd]
  at.evil.onPath(/\/state\//, () => ({
    body: { pdus: state.map(({ object }) => object), auth_chain: at.room.authChain(state).map(({ object }) => object) },
  }))
  at.evil.onPath(/\/state_ids\//, () => ({
    body: { pdu_ids: state.map(({ eventId }) => eventId), auth_chain_ids: at.room.authChain(state).map(({ eventId }) => eventId) },
  }))
  at.evil.onPath(/get_missing_events/, () => ({ body: { events: [] } }))
  at.room.events.set(huge.eventId, huge)
  at.room.events.set(odd.eventId, odd)
  const hidden = at.room.event(text('hidden'))
  const after = at.room.event({ ...text('after'), prev_events: [hidden.eventId] })
  await at.room.send(after)
  const marker = at.room.message('marker')
  await at.room.send(marker)
  await at.alice.waitForEvent(at.room.roomId, marker.eventId)
  assert.equal((await at.alice.request('GET', `v3/rooms/${encodeURIComponent(at.room.roomId)}/state/m.room.name/`)).status, 404)
})

for (const version of ['2', '6', '11', '12']) {
  attack(`S13: in version ${version} nobody takes the words of others of their own server away without the power to`, async ({ user }) => {
    const [alice, bob, carol] = [await user('alice'), await user('bob'), await user('carol')]
    const room = await alice.createRoom({ preset: 'public_chat', room_version: version })
    await bob.join(room)
    await carol.join(room)
    const said = await carol.sendText(room, 'stays')
    const own = await bob.sendText(room, 'goes')
    const redact = async (
      event: string,
      path = `redact/${enc(event)}/t${event.length}${version}`,
      body: object = {},
    ): Promise<unknown[]> => {
      const answer = await bob.request('PUT', `v3/rooms/${enc(room)}/${path}`, body)
      return [answer.status, at(answer.body, 'errcode')]
    }
    assert.deepEqual(await redact(said), [403, 'M_FORBIDDEN'])
    assert.deepEqual(await redact(said, 'send/m.room.redaction/raw', { redacts: said }), [403, 'M_FORBIDDEN'])
    assert.deepEqual((await redact(own, `redact/${enc(own)}/own`))[0], 200)
    assert.equal((await alice.event(room, said)).content['body'], 'stays')
    assert.equal((await alice.event(room, own)).content['body'], undefined)
    assert.equal((await alice.request('PUT', `v3/rooms/${enc(room)}/redact/${enc(said)}/moderator`, {})).status, 200)
    assert.equal((await alice.event(room, said)).content['body'], undefined)
  })
}
