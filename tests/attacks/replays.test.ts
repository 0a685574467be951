// Goal: nobody wins back, by replaying the past, power that they lost; and odd contents of state spoil nobody's room.
// Method: an administrator of a room, on an evil peer, is demoted and goes on along old branches, with or without lies about the state
// there; a room founded by the peer has contents of state that no client would write.
import assert from 'node:assert/strict'
import { objectAt } from '../../packages/testkit/src/client/json.ts'
import { battlefield, type Field } from '../../packages/testkit/src/evil-peer/battlefield.ts'
import { EvilRoom } from '../../packages/testkit/src/evil-peer/evil-room.ts'
import type { Forged } from '../../packages/testkit/src/evil-peer/forge.ts'
import { serveRoom } from '../../packages/testkit/src/evil-peer/serve-room.ts'
import { scene, text, type Scene } from './scene.ts'

const attack = battlefield()

interface Coup extends Scene {
  /** The levels that made the peer's member an administrator, and those that took it back. */
  readonly rise: Forged
  readonly fall: Forged
  /** The room's tips before the fall. */
  readonly before: readonly string[]
}

/** A room whose administrator of the peer has been demoted. */
async function coup(field: Field, version: string): Promise<Coup> {
  const at = await scene(field, version)
  const { alice, evil, room } = at
  const levels = await alice.state(room.roomId, 'm.room.power_levels')
  const set = async (level: number): Promise<Forged> => {
    const users = { ...objectAt(levels['users']), [room.sender]: level }
    await alice.sendState(room.roomId, 'm.room.power_levels', { ...levels, users })
    const pdu = await evil.until('the levels', () =>
      evil.pdus.find((each) => each['type'] === 'm.room.power_levels' && objectAt(each, 'content', 'users')[room.sender] === level),
    )
    return room.learn(pdu)
  }
  const rise = await set(90)
  const said = room.message('as an administrator')
  await room.send(said)
  await alice.waitForEvent(room.roomId, said.eventId)
  const before = [...room.tips]
  const fall = await set(0)
  return { ...at, rise, fall, before }
}

/** What the demoted administrator would like to be true, each on the one before, from before the fall on. */
function wishes({ alice, room, rise, before }: Coup): Forged[] {
  const made: Forged[] = []
  const onOld = (type: string, stateKey: string, content: Record<string, unknown>): void => {
    const auth = room.authEvents({ type, sender: room.sender, stateKey, content })
    const fall = room.state.get('m.room.power_levels\0')?.eventId
    made.push(
      room.event({
        type,
        state_key: stateKey,
        content,
        prev_events: made.length === 0 ? before : made.slice(-1).map(({ eventId }) => eventId),
        auth_events: auth.map((id) => (id === fall ? rise.eventId : id)),
        fields: { origin_server_ts: Date.now() - 60_000, depth: room.depth - 1 },
      }),
    )
  }
  const levels = objectAt(rise.object['content'])
  onOld('m.room.join_rules', '', { join_rule: 'invite' })
  onOld('m.room.power_levels', '', {
    ...levels,
    users: { ...objectAt(levels['users']), [room.peer.user('accomplice')]: 90 },
    kick: 0,
    ban: 0,
  })
  onOld('m.room.member', alice.userId, { membership: 'ban' })
  onOld('m.room.topic', '', { topic: 'mine again' })
  return made
}

async function nothingChanged({ alice, room, fall }: Coup): Promise<void> {
  assert.deepEqual(await alice.state(room.roomId, 'm.room.power_levels'), JSON.parse(JSON.stringify(fall.object['content'])))
  assert.ok((await alice.joinedMembers(room.roomId)).includes(alice.userId))
  assert.equal((await alice.state(room.roomId, 'm.room.join_rules'))['join_rule'], 'public')
  assert.equal((await alice.request('GET', `v3/rooms/${encodeURIComponent(room.roomId)}/state/m.room.topic/`)).status, 404)
}

for (const version of ['2', '6', '11', '12']) {
  attack(
    `S06: in version ${version} a demoted administrator wins nothing along an old branch, nor by tying it to the new one`,
    async (field) => {
      const at = await coup(field, version)
      const { alice, room } = at
      const bad = wishes(at)
      await room.send(...bad)
      // A message ties both branches together, so that the states are resolved.
      const tied = room.event({ ...text('tied'), prev_events: [...room.tips, ...bad.slice(-1).map(({ eventId }) => eventId)] })
      const marker = room.event(text('marker'))
      await room.send(tied, marker)
      await alice.waitForEvent(room.roomId, marker.eventId)
      await nothingChanged(at)
      await alice.sendText(room.roomId, 'still mine')
    },
  )

  attack(`S07: in version ${version} it does not help to leave the demotion out of the state that the peer tells`, async (field) => {
    const at = await coup(field, version)
    const { alice, evil, room, rise, fall } = at
    const bad = wishes(at)
    for (const event of bad) room.events.set(event.eventId, event)
    const told = new Map([...room.state, ['m.room.power_levels\0', bad[1] ?? rise]])
    told.set(`m.room.member\0${alice.userId}`, bad[2] ?? rise)
    const state = [...told.values()]
    const chain = room.authChain(state).filter(({ eventId }) => eventId !== fall.eventId)
    const ids = (events: readonly Forged[]): string[] => events.map(({ eventId }) => eventId)
    evil.onPath(/\/state_ids\//, () => ({ body: { pdu_ids: ids(state), auth_chain_ids: ids(chain) } }))
    evil.onPath(/\/state\//, () => ({ body: { pdus: state.map(({ object }) => object), auth_chain: chain.map(({ object }) => object) } }))
    const hidden = room.event({ ...text('hidden'), prev_events: bad.slice(-1).map(({ eventId }) => eventId) })
    room.events.set(hidden.eventId, hidden)
    // What a gap is bridged by: the state is asked for before the first event that the peer shows of it.
    const vouching = room.event({ ...text('vouching'), prev_events: [hidden.eventId] })
    room.events.set(vouching.eventId, vouching)
    evil.onPath(/get_missing_events/, () => ({ body: { events: [vouching.object] } }))
    const after = room.event({ ...text('after'), prev_events: [vouching.eventId, ...room.tips] })
    await room.send(after)
    await alice.waitForEvent(room.roomId, after.eventId)
    assert.ok(evil.asked(/\/state_ids\//).length > 0)
    await nothingChanged(at)
  })
}

attack('S21: a storm of join rules and bans along two branches ends in the state of the one who may', async (field) => {
  const at = await scene(field)
  const { alice, evil, room } = at
  const levels = await alice.state(room.roomId, 'm.room.power_levels')
  await alice.sendState(room.roomId, 'm.room.power_levels', { ...levels, users: { ...objectAt(levels['users']), [room.sender]: 50 } })
  room.learn(
    await evil.until('the levels', () =>
      evil.pdus.find((pdu) => pdu['type'] === 'm.room.power_levels' && JSON.stringify(pdu).includes(room.sender)),
    ),
  )
  // The peer flips a thousand times on a branch of its own, while our side closes the room.
  const storm: Forged[] = []
  for (let turn = 0; turn < 500; turn += 1) {
    storm.push(room.next({ type: 'm.room.join_rules', state_key: '', content: { join_rule: turn % 2 === 0 ? 'invite' : 'public' } }))
    const membership = turn % 2 === 0 ? 'ban' : 'leave'
    storm.push(room.next({ type: 'm.room.member', state_key: evil.user('victim'), content: { membership } }))
  }
  const demoted = { ...levels, users: { ...objectAt(levels['users']), [room.sender]: 0 } }
  await alice.sendState(room.roomId, 'm.room.power_levels', demoted)
  await alice.sendState(room.roomId, 'm.room.join_rules', { join_rule: 'knock' })
  for (let start = 0; start < storm.length; start += 50) await room.send(...storm.slice(start, start + 50))
  const marker = room.message('marker')
  await room.send(marker)
  const said = await alice.sendText(room.roomId, 'after the storm')
  await alice.waitForEvent(room.roomId, said)
  assert.equal((await alice.state(room.roomId, 'm.room.join_rules'))['join_rule'], 'knock')
  assert.deepEqual(await alice.state(room.roomId, 'm.room.power_levels'), demoted)
})

attack('F28: a room whose state has contents of other kinds than they should be is a room, and everybody syncs', async ({ user, peer }) => {
  const [alice, evil] = [await user('alice'), await peer()]
  const room = EvilRoom.found(evil, {
    version: '9',
    createContent: { predecessor: 'a string', type: 5 },
    powerLevels: { users: { [evil.user('mallory')]: '100' }, notifications: { room: '50' }, events: {} },
  })
  serveRoom(evil, room)
  for (const [type, content] of [
    ['m.room.name', { name: 5 }],
    ['m.room.topic', { topic: ['x'], 'm.topic': 7 }],
    ['m.room.avatar', { url: {} }],
    ['m.room.canonical_alias', { alias: 5, alt_aliases: 'x' }],
    ['m.room.encryption', { algorithm: 5 }],
    ['m.room.server_acl', { allow: 5, deny: ['127.0.0.9', 5], allow_ip_literals: 'x' }],
    ['m.room.tombstone', { replacement_room: 5 }],
    ['m.room.pinned_events', { pinned: 'x' }],
    ['m.room.guest_access', { guest_access: 5 }],
    ['m.room.history_visibility', { history_visibility: ['joined'] }],
    ['m.room.policy', { via: 5, public_keys: 5 }],
    ['m.space.child', { via: 5 }],
  ] as const) {
    room.next({ type, state_key: '', content })
  }
  const odd = { membership: 'join', displayname: 5, avatar_url: {}, is_direct: 'x', third_party_invite: 5 }
  room.next({ type: 'm.room.member', state_key: evil.user('odd'), sender: evil.user('odd'), content: odd })
  room.state.set('m.room.server_acl\0', room.next({ type: 'm.room.server_acl', state_key: '', content: { allow: ['*'], deny: [5, null] } }))
  await alice.join(room.roomId, [evil.serverName])
  const other = await alice.createRoom()
  const said = room.message('hello')
  await room.send(said)
  await alice.waitForEvent(room.roomId, said.eventId)
  await alice.call('GET', 'v3/sync?full_state=true')
  await alice.call('POST', 'unstable/org.matrix.simplified_msc3575/sync', {
    lists: { all: { ranges: [[0, 10]], timeline_limit: 5, required_state: [['*', '*']] } },
  })
  for (const path of ['members', 'joined_members', 'state', 'messages?dir=b', 'aliases']) {
    await alice.call('GET', `v3/rooms/${encodeURIComponent(room.roomId)}/${path}`)
  }
  await alice.call('GET', `v1/rooms/${encodeURIComponent(room.roomId)}/hierarchy`)
  await alice.sendText(other, 'elsewhere')
  await alice.leave(room.roomId)
})
