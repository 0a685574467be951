// Goal: a room's successor is all that the room was, in every direction of versions; both appear at once or not at all; what users
// set for the old room goes along when both rooms say so, and never because one of them claims it (attacks E07, F17).
// Method: plays in a simulated world, with netsplits and kills.
import assert from 'node:assert/strict'
import { objectAt } from '../../packages/testkit/src/client/json.ts'
import { scenario, type World } from '../../packages/testkit/src/scenario/scenario.ts'
import { SimRefused, type SimUser } from '../../packages/testkit/src/scenario/sim-user.ts'

type Json = Readonly<Record<string, unknown>>

function refusedWith(status: number, code: string): (error: unknown) => boolean {
  return (error) => error instanceof SimRefused && error.status === status && error.code === code
}

async function upgrade(world: World, user: SimUser, room: string, version: string, more: Json = {}): Promise<string> {
  const body = { new_version: version, ...more }
  return String((await world.act(user.request('POST', `/rooms/${encodeURIComponent(room)}/upgrade`, body)))['replacement_room'])
}

async function content(world: World, user: SimUser, room: string, type: string, key = ''): Promise<Json | undefined> {
  const path = `/rooms/${encodeURIComponent(room)}/state/${type}/${encodeURIComponent(key)}`
  return world.act(user.request('GET', path)).catch((error: unknown) => {
    if (error instanceof SimRefused && error.status === 404) return undefined
    throw error
  })
}

scenario('all that a room is goes along', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, mallory] = [await world.act(a.user('alice')), await world.act(a.user('mallory'))]
  const bob = await world.act(b.user('bob'))
  const club = await world.act(alice.createRoom())
  const old = String(
    (
      await world.act(
        alice.request('POST', '/createRoom', {
          preset: 'public_chat',
          visibility: 'public',
          room_version: '9',
          room_alias_name: 'den',
          name: 'Den',
          topic: 'Tea',
          creation_content: { type: 'm.space' },
        }),
      )
    )['room_id'],
  )
  await world.act(bob.join(old, a))
  await world.act(alice.ban(old, mallory))
  const allow = [{ type: 'm.room_membership', room_id: club }]
  const set: readonly (readonly [string, Json, string])[] = [
    ['m.room.join_rules', { join_rule: 'restricted', allow }, ''],
    ['m.room.history_visibility', { history_visibility: 'joined' }, ''],
    ['m.room.encryption', { algorithm: 'm.megolm.v1.aes-sha2' }, ''],
    ['m.room.server_acl', { allow: ['*'], deny: ['evil'] }, ''],
    ['m.room.guest_access', { guest_access: 'forbidden' }, ''],
    ['m.room.avatar', { url: 'mxc://a/b' }, ''],
    ['m.room.pinned_events', { pinned: ['$one'] }, ''],
    ['m.space.child', { via: ['a'], order: 'x' }, club],
    ['m.space.parent', { via: ['a'] }, club],
    ['org.own', { of: 'somebody' }, ''],
    ['m.room.power_levels', { users: { [alice.userId]: '100', [bob.userId]: 50 }, events_default: '0', state_default: 60 }, ''],
    ['m.room.canonical_alias', { alias: '#den:a', alt_aliases: ['#far:b'] }, ''],
  ]
  const far = encodeURIComponent('#far:b')
  await world.act(bob.request('PUT', `/directory/room/${far}`, { room_id: old }))
  for (const [type, value, key] of set) await world.act(alice.setState(old, type, value, key))

  const made = await upgrade(world, alice, old, '11')
  const create = (await content(world, alice, made, 'm.room.create')) ?? {}
  const tombstone = (await world.act(alice.state(old))).get('m.room.tombstone|')
  assert.deepEqual([create['room_version'], create['type']], ['11', 'm.space'])
  assert.deepEqual(create['predecessor'], { room_id: old, event_id: tombstone })
  for (const [type, value, key] of set) {
    if (!['org.own', 'm.room.power_levels', 'm.room.canonical_alias'].includes(type)) {
      assert.deepEqual(await content(world, alice, made, type, key), value, type)
    }
  }
  assert.deepEqual(
    [await content(world, alice, made, 'm.room.name'), await content(world, alice, made, 'org.own')],
    [{ name: 'Den' }, undefined],
  )
  assert.equal((await content(world, alice, made, 'm.room.topic'))?.['topic'], 'Tea')
  assert.deepEqual(await content(world, alice, made, 'm.room.power_levels'), {
    users: { [alice.userId]: 100, [bob.userId]: 50 },
    events_default: 0,
    state_default: 60,
  })
  assert.equal((await content(world, alice, made, 'm.room.member', mallory.userId))?.['membership'], 'ban')
  // Our alias moved, the other server's did not; so did the listing.
  assert.equal((await world.act(alice.request('GET', `/directory/room/${encodeURIComponent('#den:a')}`)))['room_id'], made)
  assert.equal((await world.act(bob.request('GET', `/directory/room/${far}`)))['room_id'], old)
  assert.deepEqual(await content(world, alice, made, 'm.room.canonical_alias'), { alias: '#den:a' })
  assert.deepEqual(await content(world, alice, old, 'm.room.canonical_alias'), { alt_aliases: ['#far:b'] })
  const listed = (await world.act(alice.request('GET', '/publicRooms')))['chunk']
  assert.deepEqual(Array.isArray(listed) ? listed.map((room: unknown) => objectAt(room)['room_id']) : [], [made])
  // The old room is closed, on the other server too; who moderates it still speaks.
  await world.settle()
  assert.deepEqual(await content(world, bob, old, 'm.room.tombstone'), { body: 'This room has been replaced', replacement_room: made })
  const levels = (await content(world, bob, old, 'm.room.power_levels')) ?? {}
  assert.deepEqual([levels['events_default'], levels['invite'], levels['state_default']], [50, 50, 60])
  assert.match(await world.act(bob.say(old, 'so long')), /^\$/)
  // Asked again, it is the same room.
  assert.equal(await upgrade(world, alice, old, '11'), made)
})

scenario('who may not end a room may not replace it', async (world) => {
  const a = await world.server('a')
  const [alice, bob, carol] = [await world.act(a.user('alice')), await world.act(a.user('bob')), await world.act(a.user('carol'))]
  const room = await world.act(alice.createRoom({ version: '10' }))
  await world.act(bob.join(room))
  for (const [user, where] of [
    [bob, room],
    [carol, room],
    [carol, '!none:a'],
  ] as const) {
    await assert.rejects(upgrade(world, user, where, '11'), refusedWith(403, 'M_FORBIDDEN'))
  }
  await assert.rejects(upgrade(world, alice, room, '99'), refusedWith(400, 'M_UNSUPPORTED_ROOM_VERSION'))
  await assert.rejects(upgrade(world, alice, room, '12', { additional_creators: ['bob'] }), refusedWith(400, 'M_INVALID_PARAM'))
  await assert.rejects(upgrade(world, alice, room, '12', { additional_creators: 'bob' }), refusedWith(400, 'M_BAD_JSON'))
  assert.equal(await content(world, alice, room, 'm.room.tombstone'), undefined)
  assert.match(await world.act(bob.say(room, 'still here')), /^\$/)
})

scenario('to version 12, among its rooms, and back', async (world) => {
  const a = await world.server('a')
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(a.user('bob'))]
  const old = await world.act(alice.createRoom({ version: '11' }))
  await world.act(bob.join(old))
  await world.act(alice.setState(old, 'm.room.power_levels', { users: { [alice.userId]: 100, [bob.userId]: 100 } }))
  const first = await upgrade(world, alice, old, '12', { additional_creators: [alice.userId, bob.userId, bob.userId] })
  const create = (await content(world, alice, first, 'm.room.create')) ?? {}
  assert.deepEqual([create['predecessor'], create['additional_creators']], [{ room_id: old }, [bob.userId]])
  assert.deepEqual((await content(world, alice, first, 'm.room.power_levels'))?.['users'], {})
  await world.act(bob.join(first))
  await world.act(alice.setState(first, 'm.room.power_levels', { users: {}, events: { x: 120 } }))
  const second = await upgrade(world, bob, first, '12')
  assert.equal((await content(world, bob, second, 'm.room.create'))?.['additional_creators'], undefined)
  const back = await upgrade(world, bob, second, '10')
  // Nobody stands above all levels there: who did gets a level that reaches everything.
  assert.deepEqual((await content(world, bob, back, 'm.room.power_levels'))?.['users'], { [bob.userId]: 120 })
})

scenario('a kill in the midst of it leaves both rooms or none', async (world) => {
  const a = await world.server('a')
  const alice = await world.act(a.user('alice'))
  for (let turns = 0; turns < 12; turns += 1) {
    const old = await world.act(alice.createRoom({ version: '10', alias: `room${turns}` }))
    const asked = alice.request('POST', `/rooms/${encodeURIComponent(old)}/upgrade`, { new_version: '11' })
    asked.catch(() => undefined)
    for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => void setImmediate(resolve))
    a.kill()
    await a.start()
    const tombstone = await content(world, alice, old, 'm.room.tombstone')
    const target = (await world.act(alice.request('GET', `/directory/room/${encodeURIComponent(`#room${turns}:a`)}`)))['room_id']
    const joined = (await world.act(alice.request('GET', '/joined_rooms')))['joined_rooms']
    assert.ok(Array.isArray(joined))
    if (tombstone === undefined) assert.equal(target, old)
    else assert.deepEqual([target, joined.includes(tombstone['replacement_room'])], [tombstone['replacement_room'], true])
    const made = await upgrade(world, alice, old, '11')
    if (tombstone !== undefined) assert.equal(made, tombstone['replacement_room'])
  }
})

const rule = { actions: ['notify'] }

async function prefer(world: World, user: SimUser, room: string): Promise<void> {
  const self = encodeURIComponent(user.userId)
  await world.act(user.request('PUT', `/pushrules/global/room/${encodeURIComponent(room)}`, rule))
  await world.act(user.request('PUT', `/user/${self}/rooms/${encodeURIComponent(room)}/tags/m.favourite`, { order: 0.5 }))
  await world.act(user.request('PUT', `/user/${self}/account_data/m.direct`, { '@friend:x': [room], '@other:x': ['!else:x'], odd: 7 }))
}

async function preferences(world: World, user: SimUser, room: string): Promise<unknown[]> {
  const self = encodeURIComponent(user.userId)
  const found = await world
    .act(user.request('GET', `/pushrules/global/room/${encodeURIComponent(room)}`))
    .then(() => true)
    .catch(() => false)
  const { tags } = await world.act(user.request('GET', `/user/${self}/rooms/${encodeURIComponent(room)}/tags`))
  const direct = await world.act(user.request('GET', `/user/${self}/account_data/m.direct`)).catch(() => ({ '@friend:x': [] }))
  const friend = objectAt(direct)['@friend:x']
  return [found, Object.keys(objectAt(tags)).length, Array.isArray(friend) && friend.includes(room)]
}

const moved = [true, 1, true]
const notMoved = [false, 0, false]

scenario('settings go along, for those here and elsewhere, whenever they join', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, bob, late] = [await world.act(a.user('alice')), await world.act(b.user('bob')), await world.act(b.user('late'))]
  const old = await world.act(alice.createRoom({ version: '10' }))
  for (const user of [bob, late]) await world.act(user.join(old, a))
  for (const user of [alice, bob, late]) await prefer(world, user, old)
  const muted = {
    actions: [],
    conditions: [{ kind: 'event_match', key: 'room_id', pattern: old }],
  }
  await world.act(bob.request('PUT', `/pushrules/global/override/${encodeURIComponent(old)}`, muted))
  const made = await upgrade(world, alice, old, '11')
  await world.settle()
  assert.deepEqual(await preferences(world, alice, made), moved)
  assert.deepEqual(await preferences(world, bob, made), notMoved)
  await world.act(bob.join(made, a))
  await world.settle()
  assert.deepEqual(await preferences(world, bob, made), moved)
  assert.deepEqual(await preferences(world, bob, old), moved)
  const override = await world.act(bob.request('GET', `/pushrules/global/override/${encodeURIComponent(made)}`))
  assert.deepEqual(override['conditions'], [{ kind: 'event_match', key: 'room_id', pattern: made }])
  // After a restart between the join and the copying, it is done all the same.
  const joining = late.join(made)
  joining.catch(() => undefined)
  await world.time.advance(0)
  b.kill()
  await b.start()
  await world.act(late.join(made))
  await world.settle()
  assert.deepEqual(await preferences(world, late, made), moved)
})

scenario('settings go along when the tombstone comes last', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(b.user('bob'))]
  const old = await world.act(alice.createRoom({ version: '10' }))
  await world.act(bob.join(old, a))
  await prefer(world, bob, old)
  const body = { preset: 'public_chat', room_version: '11', creation_content: { predecessor: { room_id: old } } }
  const made = String((await world.act(alice.request('POST', '/createRoom', body)))['room_id'])
  await world.act(bob.join(made, a))
  await world.settle()
  assert.deepEqual(await preferences(world, bob, made), notMoved)
  await world.act(alice.setState(old, 'm.room.tombstone', { body: '', replacement_room: made }))
  await world.settle()
  assert.deepEqual(await preferences(world, bob, made), moved)
})

scenario('a room that claims a predecessor, or a successor, gets nothing', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, mallory] = [await world.act(a.user('alice')), await world.act(b.user('mallory'))]
  const ours = await world.act(alice.createRoom({ version: '10', alias: 'ours' }))
  await world.act(alice.request('PUT', `/directory/list/room/${encodeURIComponent(ours)}`, { visibility: 'public' }))
  await prefer(world, alice, ours)
  const claim = async (predecessor: string): Promise<string> => {
    const body = { preset: 'public_chat', room_version: '11', creation_content: { predecessor: { room_id: predecessor } } }
    return String((await world.act(mallory.request('POST', '/createRoom', body)))['room_id'])
  }
  // A remote room claims ours; we even join it.
  const false1 = await claim(ours)
  await world.act(alice.join(false1, b))
  await world.settle()
  assert.deepEqual(await preferences(world, alice, false1), notMoved)
  // A remote room's tombstone names ours, which says nothing of it.
  await prefer(world, alice, false1)
  await world.act(mallory.setState(false1, 'm.room.tombstone', { body: '', replacement_room: ours }))
  const other = await world.act(alice.createRoom({ version: '10' }))
  await world.act(mallory.setState(false1, 'm.room.tombstone', { body: '', replacement_room: other }))
  await world.settle()
  assert.deepEqual((await preferences(world, alice, other)).slice(0, 2), [false, 0])
  // Two rooms that are each other's predecessor and successor, and one that is its own.
  const false2 = await claim(false1)
  await world.act(alice.join(false2, b))
  await world.act(mallory.setState(false2, 'm.room.tombstone', { body: '', replacement_room: false1 }))
  await world.act(mallory.setState(false1, 'm.room.tombstone', { body: '', replacement_room: false2 }))
  await world.act(mallory.setState(false2, 'm.room.tombstone', { body: '', replacement_room: false2 }))
  await world.settle()
  assert.deepEqual((await preferences(world, alice, false2)).slice(0, 2), [true, 1])
  // Nothing of ours has moved.
  assert.equal((await world.act(alice.request('GET', `/directory/room/${encodeURIComponent('#ours:a')}`)))['room_id'], ours)
  const listing = await world.act(alice.request('GET', `/directory/list/room/${encodeURIComponent(ours)}`))
  assert.equal(listing['visibility'], 'public')
  assert.match(await world.act(alice.say(ours, 'still here')), /^\$/)
})
