// Goal: what is below a space is found across servers, by those alone who may know of it, whatever links to what (attacks
// P09, D16); a room elsewhere is summed up through the servers that are in it.
// Method: plays in a simulated world.
import assert from 'node:assert/strict'
import { objectsAt } from '../../packages/testkit/src/client/json.ts'
import { scenario, type World } from '../../packages/testkit/src/scenario/scenario.ts'
import type { SimServer } from '../../packages/testkit/src/scenario/sim-server.ts'
import { SimRefused, type SimUser } from '../../packages/testkit/src/scenario/sim-user.ts'

type Json = Readonly<Record<string, unknown>>

function refusedWith(status: number): (error: unknown) => boolean {
  return (error) => error instanceof SimRefused && error.status === status
}

interface Plan {
  readonly space?: boolean
  readonly rule?: Json
  readonly open?: boolean
}

async function make(world: World, user: SimUser, plan: Plan = {}): Promise<string> {
  const initial = [
    ...(plan.rule === undefined ? [] : [{ type: 'm.room.join_rules', content: plan.rule }]),
    ...(plan.open === true ? [{ type: 'm.room.history_visibility', content: { history_visibility: 'world_readable' } }] : []),
  ]
  const body = {
    preset: 'public_chat',
    room_version: '11',
    initial_state: initial,
    ...(plan.space === true ? { creation_content: { type: 'm.space' } } : {}),
  }
  return String((await world.act(user.request('POST', '/createRoom', body)))['room_id'])
}

async function link(world: World, user: SimUser, space: string, room: string, via: SimServer, more: Json = {}): Promise<void> {
  await world.act(user.setState(space, 'm.space.child', { via: [via.name], ...more }, room))
}

async function page(world: World, user: SimUser, space: string, query = ''): Promise<Json> {
  return world.act(user.request('GET', `/_matrix/client/v1/rooms/${encodeURIComponent(space)}/hierarchy${query}`))
}

async function rooms(world: World, user: SimUser, space: string, query = ''): Promise<string[]> {
  return objectsAt(await page(world, user, space, query), 'rooms').map((room) => String(room['room_id']))
}

scenario('a tree of spaces on two servers, with a loop, in order and in pages', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(b.user('bob'))]
  const root = await make(world, alice, { space: true, open: true })
  const [tea, hut] = [await make(world, alice), await make(world, alice)]
  const beyond = await make(world, bob, { space: true, open: true })
  const [sea, deep] = [await make(world, bob), await make(world, bob, { space: true })]
  await link(world, alice, root, tea, a, { order: 'b', suggested: true })
  await link(world, alice, root, beyond, b, { order: 'a' })
  await link(world, alice, root, hut, a)
  await link(world, bob, beyond, sea, b)
  await link(world, bob, beyond, deep, b)
  await link(world, bob, deep, root, a)
  await link(world, bob, deep, beyond, b)
  // To somebody in none of them, and from the other server.
  const all = [root, beyond, sea, deep, tea, hut]
  assert.deepEqual(await rooms(world, alice, root), all)
  assert.deepEqual(await rooms(world, bob, root), [root, beyond, sea, deep, tea, hut])
  assert.deepEqual(await rooms(world, alice, root, '?max_depth=1'), [root, beyond, tea, hut])
  assert.deepEqual(await rooms(world, alice, root, '?suggested_only=true'), [root, tea])
  const given: string[] = []
  let from = ''
  for (let pages = 0; pages < 5; pages += 1) {
    const answer = await page(world, alice, root, `?limit=2${from}`)
    given.push(...objectsAt(answer, 'rooms').map((room) => String(room['room_id'])))
    if (answer['next_batch'] === undefined) break
    from = `&from=${String(answer['next_batch'])}`
  }
  assert.deepEqual(given, all)
  for (const query of [`?max_depth=3${from}`, `?suggested_only=true${from}`, '?from=nonsense', '?limit=0', '?max_depth=-1']) {
    await assert.rejects(page(world, alice, root, query), refusedWith(400), query)
  }
  assert.equal((await rooms(world, alice, root, '?limit=1000000000&max_depth=1000000000')).length, 6)
  // A link that is taken away leads nowhere.
  await world.act(alice.setState(root, 'm.space.child', {}, beyond))
  assert.deepEqual(await rooms(world, alice, root), [root, tea, hut])
})

scenario('nobody learns of a room that they may neither join nor read', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, bob, carol] = [await world.act(a.user('alice')), await world.act(b.user('bob')), await world.act(b.user('carol'))]
  const root = await make(world, alice, { space: true, open: true })
  const hidden = await make(world, alice, { rule: { join_rule: 'invite' } })
  const allow = [{ type: 'm.room_membership', room_id: root }]
  const inner = await make(world, alice, { rule: { join_rule: 'restricted', allow } })
  await link(world, alice, root, hidden, a)
  await link(world, alice, root, inner, a)
  await link(world, alice, root, '!none:a', a)
  assert.deepEqual(await rooms(world, bob, root), [root])
  const summary = (user: SimUser, room: string): Promise<Json> =>
    world.act(user.request('GET', `/_matrix/client/v1/room_summary/${encodeURIComponent(room)}?via=a`))
  // Hidden and absent: the same answer.
  const refusals = await Promise.all(
    [hidden, inner, '!none:a'].map((room) => summary(bob, room).catch((error: unknown) => (error instanceof Error ? error.message : ''))),
  )
  assert.equal(new Set(refusals).size, 1)
  assert.match(String(refusals[0]), /404 M_NOT_FOUND/)
  await assert.rejects(rooms(world, bob, hidden), refusedWith(403))
  await assert.rejects(rooms(world, bob, '!none:a'), refusedWith(403))

  await world.act(bob.join(root, a))
  // His server is in the space now, so it may know; she still may not, though it was told a moment ago.
  assert.deepEqual(await rooms(world, bob, root), [root, inner])
  assert.deepEqual(await rooms(world, carol, root), [root])
  const known = await summary(bob, inner)
  assert.deepEqual([known['join_rule'], known['room_version'], known['membership']], ['restricted', '11', 'leave'])
  assert.deepEqual(known['allowed_room_ids'], [root])
  await assert.rejects(summary(carol, inner), refusedWith(404))
  await world.act(alice.invite(hidden, bob))
  await world.settle()
  assert.deepEqual(await rooms(world, bob, root), [root, hidden, inner])
  assert.equal((await summary(bob, hidden))['membership'], 'invite')
  assert.deepEqual(await rooms(world, carol, root), [root])
})

scenario('a room that is closed to other servers is not told of', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(b.user('bob'))]
  const root = await make(world, alice, { space: true })
  const own = { preset: 'public_chat', creation_content: { 'm.federate': false } }
  const closed = String((await world.act(alice.request('POST', '/createRoom', own)))['room_id'])
  const kept = await make(world, alice)
  await world.act(alice.setState(kept, 'm.room.server_acl', { allow: ['*'], deny: ['b'] }))
  await link(world, alice, root, closed, a)
  await link(world, alice, root, kept, a)
  assert.deepEqual(await rooms(world, alice, root), [root, closed, kept])
  await world.act(bob.join(root, a))
  assert.deepEqual(await rooms(world, bob, root), [root])
})
