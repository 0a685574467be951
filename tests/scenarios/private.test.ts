// Goal: what is private, or about to be, never leaves the server; presence is told to nobody but those who share a room.
// Method: plays in a simulated world in which everything on the wires is read.
import assert from 'node:assert/strict'
import { objectAt } from '../../packages/testkit/src/client/json.ts'
import { scenario, type World } from '../../packages/testkit/src/scenario/scenario.ts'
import { SimRefused, type SimUser } from '../../packages/testkit/src/scenario/sim-user.ts'

/** All requests that leave a server, as text, until `cut`. */
function overhear(world: World, from: string): string[] {
  const heard: string[] = []
  world.network.onDelivery = (sender, _to, { method, path, body }, answer) => {
    if (answer === undefined && sender === from) heard.push(`${method} ${path} ${body ?? ''}`)
    if (answer !== undefined && sender === from) heard.push(`answer ${answer.body}`)
  }
  return heard
}

scenario('P11: private receipts and markers, ignored users, account data and tags are never told to other servers', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(b.user('bob'))]
  const room = await world.act(alice.createRoom())
  await world.act(bob.join(room, a))
  const said: string[] = []
  for (let n = 0; n < 6; n += 1) said.push(await world.act(bob.say(room, `message ${n}`)))
  await world.settle()
  const heard = overhear(world, 'a')
  const [one, two, three, four, five, six] = said
  assert.ok(one !== undefined && two !== undefined && three !== undefined && four !== undefined && five !== undefined && six !== undefined)
  const inRoom = `/rooms/${encodeURIComponent(room)}`
  const own = `/user/${encodeURIComponent(alice.userId)}`
  const acts: [method: string, path: string, body: Record<string, unknown>][] = [
    ['POST', `${inRoom}/receipt/m.read.private/${encodeURIComponent(one)}`, {}],
    ['POST', `${inRoom}/receipt/m.read.private/${encodeURIComponent(one)}`, { thread_id: 'main' }],
    ['POST', `${inRoom}/receipt/m.fully_read/${encodeURIComponent(two)}`, {}],
    ['POST', `${inRoom}/read_markers`, { 'm.fully_read': three, 'm.read.private': four }],
    ['PUT', `${own}/account_data/m.ignored_user_list`, { ignored_users: { [bob.userId]: {} } }],
    ['PUT', `${own}/account_data/org.example.secret`, { is: 'secret-global' }],
    ['PUT', `${own}${inRoom}/account_data/org.example.secret`, { is: 'secret-room' }],
    ['PUT', `${own}${inRoom}/tags/u.secret-tag`, { order: 0.5 }],
    ['PUT', '/pushrules/global/content/secret-rule', { pattern: 'secret-pattern', actions: ['notify'] }],
    [
      'POST',
      '/room_keys/version',
      { algorithm: 'm.megolm_backup.v1.curve25519-aes-sha2', auth_data: { public_key: 'secret-backup', signatures: {} } },
    ],
    ['POST', `${own}/filter`, { event_fields: ['secret-filter'] }],
  ]
  for (const [method, path, body] of acts) await world.act(alice.request(method, path, body))
  await world.settle()
  // The control: what is public is heard, and with it would be what waited for company.
  await world.act(alice.request('POST', `${inRoom}/read_markers`, { 'm.fully_read': five, 'm.read.private': five, 'm.read': six }))
  await world.act(alice.say(room, 'the end'))
  await world.settle()
  const all = heard.join('\n')
  const reads = heard.filter((line) => line.includes('m.receipt'))
  assert.equal(reads.length, 1)
  assert.ok(reads[0]?.includes(six))
  for (const event of [one, two, three, four, five]) assert.equal(reads[0]?.includes(event), false)
  assert.ok(all.includes('the end'))
  for (const word of ['secret', 'm.read.private', 'm.fully_read', 'ignored']) assert.equal(all.includes(word), false, word)
})

async function presenceOf(reader: SimUser, of: SimUser): Promise<unknown> {
  try {
    return (await reader.request('GET', `/presence/${encodeURIComponent(of.userId)}/status`))['presence']
  } catch (error) {
    if (!(error instanceof SimRefused)) throw error
    return error.code
  }
}

function say(user: SimUser, status: string): Promise<unknown> {
  return user.request('PUT', `/presence/${encodeURIComponent(user.userId)}/status`, { presence: 'online', status_msg: status })
}

scenario('P12: presence is told to users and servers that share a room, and to no others', async (world) => {
  const [a, b, c] = [await world.server('a'), await world.server('b'), await world.server('c')]
  const [alice, near, bob, carol] = [
    await world.act(a.user('alice')),
    await world.act(a.user('near')),
    await world.act(b.user('bob')),
    await world.act(c.user('carol')),
  ]
  const room = await world.act(alice.createRoom())
  await world.act(bob.join(room, a))
  // Carol is known on a, and shares a room with near, not with alice.
  await world.act(carol.join(await world.act(near.createRoom()), a))
  await world.settle()
  const heard: string[] = []
  world.network.onDelivery = (from, to, { body }, answer) => {
    if (answer !== undefined || body?.includes('m.presence') !== true) return
    heard.push(`${from} ${to} ${body.includes(alice.userId) ? 'alice' : 'other'}`)
  }
  await world.act(say(alice, 'here'))
  await world.settle(5_000)
  assert.equal(await world.act(presenceOf(bob, alice)), 'online')
  for (const stranger of [near, carol]) {
    assert.match(String(await world.act(presenceOf(stranger, alice))), /M_FORBIDDEN|M_NOT_FOUND|offline/)
  }
  const answer = await world.act(near.request('GET', '/sync?timeout=0'))
  assert.equal(JSON.stringify(answer['presence'] ?? '').includes(alice.userId), false)
  assert.deepEqual(
    heard.filter((line) => line.endsWith('alice')).map((line) => line.split(' ').slice(0, 2).join(' ')),
    ['a b'],
  )

  // Who leaves is told no more.
  await world.act(bob.leave(room))
  await world.settle(40_000)
  heard.length = 0
  await world.act(say(alice, 'still here'))
  await world.settle(40_000)
  assert.deepEqual(
    heard.filter((line) => line.endsWith('alice')),
    [],
  )
})

scenario('P12: once presence is switched off nobody is told any, here or elsewhere, whatever others say', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, near, bob] = [await world.act(a.user('alice')), await world.act(a.user('near')), await world.act(b.user('bob'))]
  const room = await world.act(alice.createRoom())
  await world.act(near.join(room))
  await world.act(bob.join(room, a))
  await world.act(say(alice, 'here'))
  await world.act(say(bob, 'here'))
  await world.settle(5_000)
  assert.deepEqual([await world.act(presenceOf(near, alice)), await world.act(presenceOf(near, bob))], ['online', 'online'])
  a.kill()
  await a.start({ CAUSEWAY_PRESENCE: 'off' })
  const heard: string[] = []
  world.network.onDelivery = (from, _to, { body }, answer) => {
    if (answer === undefined && from === 'a' && body?.includes('m.presence') === true) heard.push(body)
  }
  await world.act(alice.request('GET', '/sync?timeout=0&set_presence=online'))
  await world.act(say(alice, 'off').catch(() => undefined))
  await world.act(say(bob, 'new'))
  await world.settle()
  for (const whom of [alice, bob]) assert.notEqual(await world.act(presenceOf(near, whom)), 'online')
  const { presence } = await world.act(near.request('GET', '/sync?timeout=0'))
  assert.deepEqual(objectAt(presence ?? {})['events'] ?? [], [])
  assert.deepEqual(heard, [])
})
