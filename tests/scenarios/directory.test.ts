// Goal: the public rooms of another server are found through one's own, and rooms are summed up for those who may know.
// Method: plays in a simulated world.
import assert from 'node:assert/strict'
import { objectsAt } from '../../packages/testkit/src/client/json.ts'
import { scenario } from '../../packages/testkit/src/scenario/scenario.ts'
import type { SimServer } from '../../packages/testkit/src/scenario/sim-server.ts'
import { SimRefused, type SimUser } from '../../packages/testkit/src/scenario/sim-user.ts'

type Json = Readonly<Record<string, unknown>>

function refusedWith(status: number): (error: unknown) => boolean {
  return (error) => error instanceof SimRefused && error.status === status
}

async function publish(user: SimUser, name: string): Promise<string> {
  const room = await user.createRoom()
  await user.setState(room, 'm.room.name', { name })
  await user.request('PUT', `/directory/list/room/${encodeURIComponent(room)}`, { visibility: 'public' })
  return room
}

function named(page: Json): string[] {
  return objectsAt(page, 'chunk').map((room) => String(room['name']))
}

scenario('the public rooms of another server, in pages and filtered', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(b.user('bob'))]
  for (const name of ['Tea', 'Coffee', 'Tea and coffee']) await world.act(publish(alice, name))
  await world.act(publish(bob, 'Water'))
  const all = await world.act(bob.request('GET', '/publicRooms?server=a'))
  assert.deepEqual(named(all).sort(), ['Coffee', 'Tea', 'Tea and coffee'])
  assert.equal(all['total_room_count_estimate'], 3)
  const first = await world.act(bob.request('GET', '/publicRooms?server=a&limit=2'))
  const rest = await world.act(bob.request('GET', `/publicRooms?server=a&limit=2&since=${String(first['next_batch'])}`))
  assert.deepEqual([...named(first), ...named(rest)].sort(), ['Coffee', 'Tea', 'Tea and coffee'])
  const found = await world.act(bob.request('POST', '/publicRooms?server=a', { filter: { generic_search_term: 'coffee' } }))
  assert.deepEqual(named(found).sort(), ['Coffee', 'Tea and coffee'])
  assert.deepEqual(named(await world.act(bob.request('GET', '/publicRooms?server=b'))), ['Water'])
  await assert.rejects(world.act(bob.request('GET', '/publicRooms?server=b%20b')), refusedWith(400))
  await assert.rejects(world.act(bob.request('GET', '/publicRooms?server=nowhere')), refusedWith(502))
  const stranger = await world.act(anonymous(b, '/_matrix/client/v3/publicRooms?server=a'))
  assert.equal(stranger.status, 401)
  assert.equal((await world.act(anonymous(b, '/_matrix/client/v3/publicRooms'))).status, 200)
})

async function anonymous(server: SimServer, path: string): Promise<{ readonly status: number; readonly body: string }> {
  return server.answer({ method: 'GET', path, headers: {}, body: undefined })
}

scenario('a room is summed up for whoever may join or read it', async (world) => {
  const a = await world.server('a')
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(a.user('bob'))]
  const room = await world.act(alice.createRoom({ preset: 'private_chat', version: '11', alias: 'den' }))
  await world.act(alice.setState(room, 'm.room.name', { name: 'Den' }))
  await world.act(alice.setState(room, 'm.room.encryption', { algorithm: 'm.megolm.v1.aes-sha2' }))
  const path = (id: string): string => `/_matrix/client/v1/room_summary/${encodeURIComponent(id)}`
  const ask = (user: SimUser, id = room): Promise<Json> => world.act(user.request('GET', path(id)))
  const anybody = async (id = room): Promise<number> =>
    (await world.act(anonymous(a, `/_matrix/client/v1/room_summary/${encodeURIComponent(id)}`))).status

  const own = await ask(alice)
  const { name, membership, room_version: version, encryption, join_rule: rule, num_joined_members: members } = own
  assert.deepEqual([name, membership, version, encryption, rule, members], ['Den', 'join', '11', 'm.megolm.v1.aes-sha2', 'invite', 1])
  await assert.rejects(ask(bob), refusedWith(404))
  await assert.rejects(ask(bob, '!none:a'), refusedWith(404))
  assert.equal(await anybody(), 404)

  await world.act(alice.setState(room, 'm.room.join_rules', { join_rule: 'knock' }))
  assert.equal((await ask(bob, '#den:a'))['membership'], 'leave')
  assert.equal(await anybody('#den:a'), 200)

  const club = await world.act(alice.createRoom())
  const allow = [{ type: 'm.room_membership', room_id: club }]
  await world.act(alice.setState(room, 'm.room.join_rules', { join_rule: 'restricted', allow }))
  await assert.rejects(ask(bob), refusedWith(404))
  assert.equal(await anybody(), 404)
  await world.act(bob.join(club))
  assert.deepEqual((await ask(bob))['allowed_room_ids'], [club])

  await world.act(alice.setState(room, 'm.room.join_rules', { join_rule: 'invite' }))
  await world.act(alice.invite(room, bob))
  assert.equal((await ask(bob))['membership'], 'invite')
  await world.act(bob.leave(room))
  await assert.rejects(ask(bob), refusedWith(404))
})

scenario('an alias that goes is no longer named by the room', async (world) => {
  const a = await world.server('a')
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(a.user('bob'))]
  const room = await world.act(alice.createRoom({ alias: 'one' }))
  await world.act(bob.join(room))
  const [other, of] = [encodeURIComponent('#two:a'), encodeURIComponent('#one:a')]
  await world.act(bob.request('PUT', `/directory/room/${other}`, { room_id: room }))
  await world.act(alice.setState(room, 'm.room.canonical_alias', { alias: '#one:a', alt_aliases: ['#two:a'], 'org.x': 1 }))
  const named = (): Promise<Json> => world.act(alice.request('GET', `/rooms/${room}/state/m.room.canonical_alias`))
  // Who may not say what the room is named takes their alias away all the same.
  await world.act(bob.request('DELETE', `/directory/room/${other}`))
  assert.deepEqual(await named(), { alias: '#one:a', alt_aliases: ['#two:a'], 'org.x': 1 })
  await world.act(alice.request('DELETE', `/directory/room/${of}`))
  assert.deepEqual(await named(), { alt_aliases: ['#two:a'], 'org.x': 1 })
})
