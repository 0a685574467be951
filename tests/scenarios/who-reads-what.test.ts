// Goal: every operation that reads a room gives each reader what its visibility and their membership allow, and nothing else
// (P05, P06, P09).
// Method: rooms of each visibility that everything happens in while readers come and go; what each phase said is marked, and looked for in
// every answer.
import assert from 'node:assert/strict'
import { objectAt } from '../../packages/testkit/src/client/json.ts'
import { scenario, type World } from '../../packages/testkit/src/scenario/scenario.ts'
import { SimRefused, type SimUser } from '../../packages/testkit/src/scenario/sim-user.ts'

const enc = encodeURIComponent
const slidingPath = '/_matrix/client/unstable/org.matrix.simplified_msc3575/sync'
const slidingBody = { lists: { all: { ranges: [[0, 9]], timeline_limit: 100, required_state: [['*', '*']] } } }

/** What a reader was to the room, in the order of its phases. */
const readerNames = ['stranger', 'invited', 'knocked', 'joined', 'left', 'banned'] as const
type ReaderName = (typeof readerNames)[number]

/** Phases whose messages each may read: before the invite, invited, joined, after leaving. */
const phases: Readonly<Record<string, Readonly<Record<ReaderName, string>>>> = {
  world_readable: { stranger: '0123', invited: '0123', knocked: '0123', joined: '0123', left: '0123', banned: '0123' },
  shared: { stranger: '', invited: '', knocked: '', joined: '0123', left: '012', banned: '012' },
  invited: { stranger: '', invited: '123', knocked: '', joined: '123', left: '12', banned: '12' },
  joined: { stranger: '', invited: '', knocked: '', joined: '23', left: '2', banned: '2' },
  'of my own making': { stranger: '', invited: '', knocked: '', joined: '0123', left: '012', banned: '012' },
}

/** A room of one visibility after all phases. */
interface Stage {
  readonly room: string
  readonly readers: Readonly<Record<ReaderName, SimUser>>
  readonly root: string
  /** The message and the reply of each phase. */
  readonly said: readonly (readonly [message: string, reply: string])[]
}

interface Got {
  readonly status: number
  readonly text: string
}

async function ask(world: World, user: SimUser, path: string, body?: object): Promise<Got> {
  try {
    const answer = await world.act(user.request(body === undefined ? 'GET' : 'POST', path, body === undefined ? undefined : { ...body }))
    return { status: 200, text: JSON.stringify(answer) }
  } catch (error) {
    if (error instanceof SimRefused) return { status: error.status, text: error.message }
    throw error
  }
}

async function stage(world: World, visibility: string): Promise<Stage> {
  const a = await world.server('a')
  const person = (name: string): Promise<SimUser> => world.act(a.user(name))
  const alice = await person('alice')
  const readers = {
    stranger: await person('stranger'),
    invited: await person('invited'),
    knocked: await person('knocked'),
    joined: await person('joined'),
    left: await person('left'),
    banned: await person('banned'),
  }
  const late = await person('late')
  const room = await world.act(alice.createRoom({ preset: 'private_chat', version: '11' }))
  await world.act(alice.setState(room, 'm.room.join_rules', { join_rule: 'knock' }))
  await world.act(alice.setState(room, 'm.room.history_visibility', { history_visibility: visibility }))
  const root = await world.act(alice.say(room, 'the root, PHASE0'))
  const said: [string, string][] = []
  const speak = async (phase: number): Promise<void> => {
    await world.act(alice.setState(room, 'org.example.state', { is: `STATE${phase}` }))
    const content = { msgtype: 'm.text', body: `PHASE${phase}`, 'm.relates_to': { rel_type: 'm.thread', event_id: root } }
    said.push([
      await world.act(alice.say(room, `PHASE${phase}`)),
      await world.act(alice.send(room, 'm.room.message', content, `r${phase}`)),
    ])
  }
  await speak(0)
  for (const user of [readers.invited, readers.joined, readers.left, readers.banned]) await world.act(alice.invite(room, user))
  await world.act(readers.knocked.request('POST', `/knock/${enc(room)}`, {}))
  await speak(1)
  for (const user of [readers.joined, readers.left, readers.banned]) await world.act(user.join(room))
  await speak(2)
  await world.act(readers.left.leave(room))
  await world.act(alice.ban(room, readers.banned))
  await world.act(alice.invite(room, late))
  await world.act(late.join(room))
  await speak(3)
  return { room, readers, root, said }
}

/** The operations that give lists, beside those about one event. */
function lists(room: string, root: string): readonly string[] {
  const id = enc(room)
  return [
    `/rooms/${id}/messages?dir=b&limit=100`,
    `/rooms/${id}/messages?dir=f&limit=100`,
    `/_matrix/client/v1/rooms/${id}/relations/${enc(root)}?limit=100`,
    `/_matrix/client/v1/rooms/${id}/relations/${enc(root)}/m.thread/m.room.message?limit=100&recurse=true`,
    `/_matrix/client/v1/rooms/${id}/threads`,
    `/rooms/${id}/state`,
    `/rooms/${id}/state/org.example.state`,
    `/rooms/${id}/members`,
    `/rooms/${id}/joined_members`,
    `/rooms/${id}/aliases`,
    `/_matrix/client/v1/rooms/${id}/timestamp_to_event?ts=0&dir=f`,
    `/_matrix/client/v1/rooms/${id}/timestamp_to_event?ts=99999999999999&dir=b`,
    `/_matrix/client/v1/rooms/${id}/hierarchy`,
    `/_matrix/client/v1/room_summary/${id}`,
    '/sync',
    `/sync?filter=${enc(JSON.stringify({ room: { include_leave: true, timeline: { limit: 100 } } }))}`,
    `/sync?use_state_after=true&filter=${enc(JSON.stringify({ room: { include_leave: true, state: { lazy_load_members: true } } }))}`,
  ]
}

function marks(text: string, mark: string): string {
  return [...new Set([...text.matchAll(new RegExp(`${mark}(\\d)`, 'g'))].map((found) => found[1] ?? ''))].sort().join('')
}

/** Nothing of phases, and nothing of the state, that are not for this reader. */
function holdsBack(text: string, reader: ReaderName, visibility: string, why: string): void {
  const allowed = phases[visibility]?.[reader] ?? ''
  for (const phase of marks(text, 'PHASE')) assert.ok(allowed.includes(phase), `${why}: a message of phase ${phase}`)
  // Who may read what was said last may read who came then.
  if (allowed.includes('3')) return
  assert.ok(!text.includes('@late:a'), `${why}: a member who came later`)
  assert.ok(!text.includes('STATE3'), `${why}: state that came later`)
  if (reader !== 'left' && reader !== 'banned' && allowed === '') assert.equal(marks(text, 'STATE'), '', `${why}: state`)
}

async function checkReader(world: World, { room, readers, root, said }: Stage, visibility: string, reader: ReaderName): Promise<void> {
  const user = readers[reader]
  const allowed = phases[visibility]?.[reader] ?? ''
  const isOrWas = reader === 'joined' || reader === 'left' || reader === 'banned'
  for (const path of lists(room, root)) {
    const { status, text } = await ask(world, user, path)
    const why = `${visibility}, ${reader}: ${path}`
    holdsBack(text, reader, visibility, why)
    assert.ok(status < 500, why)
    const open = isOrWas || visibility === 'world_readable'
    if (path.includes('/messages')) {
      assert.equal(status, open ? 200 : 403, why)
      assert.equal(marks(text, 'PHASE'), open ? allowed : '', why)
    }
    if (/\/(state|members|threads)/.test(path)) assert.equal(status, open ? 200 : 403, why)
    if (path.includes('/relations/')) assert.equal(status, allowed.includes('0') ? 200 : 404, why)
    if (path.includes('timestamp_to_event') && status === 200) {
      const found = String(objectAt(JSON.parse(text))['event_id'])
      assert.equal((await ask(world, user, `/rooms/${enc(room)}/event/${enc(found)}`)).status, 200, why)
    }
  }
  for (const [phase, events] of said.entries()) {
    for (const event of events) {
      const expected = allowed.includes(String(phase)) ? 200 : 404
      for (const path of [`/rooms/${enc(room)}/event/${enc(event)}`, `/rooms/${enc(room)}/context/${enc(event)}?limit=100`]) {
        const { status, text } = await ask(world, user, path)
        assert.equal(status, expected, `${visibility}, ${reader}: ${path}`)
        holdsBack(text, reader, visibility, path)
      }
    }
  }
  // What is hidden and what is not there are answered alike.
  const absent = `$${'A'.repeat(43)}`
  const hidden = said.find((_, phase) => !allowed.includes(String(phase)))?.[0]
  if (hidden !== undefined) {
    for (const name of ['event', 'context']) {
      const of = (id: string): Promise<Got> => ask(world, user, `/rooms/${enc(room)}/${name}/${enc(id)}`)
      assert.deepEqual(await of(hidden), await of(absent), `P10 ${visibility}, ${reader}`)
    }
  }
  const { text } = await ask(world, user, slidingPath, slidingBody)
  holdsBack(text, reader, visibility, `${visibility}, ${reader}: sliding sync`)
}

for (const visibility of Object.keys(phases)) {
  scenario(`P05 who reads what of a room with the visibility ${visibility}`, async (world) => {
    const set = await stage(world, visibility)
    for (const reader of readerNames) await checkReader(world, set, visibility, reader)
    const { text } = await ask(world, set.readers.joined, '/sync')
    assert.ok(marks(text, 'PHASE').includes('3'))
  })
}

scenario('P06 who left or was banned is told no more of the room, however they follow it', async (world) => {
  const a = await world.server('a')
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(a.user('bob'))]
  for (const how of ['leave', 'kick', 'ban'] as const) {
    const room = await world.act(alice.createRoom({ preset: 'public_chat' }))
    await world.act(bob.join(room))
    const slid = objectAt(await world.act(bob.request('POST', slidingPath, { ...slidingBody, conn_id: how })))
    const synced = objectAt(await world.act(bob.request('GET', '/sync')))
    if (how === 'leave') await world.act(bob.leave(room))
    else await world.act(alice[how](room, bob))
    await world.act(alice.setState(room, 'm.room.name', { name: 'SECRET' }))
    await world.act(alice.setState(room, 'org.example.state', { is: 'SECRET' }))
    await world.act(alice.say(room, 'SECRET'))
    const since = enc(String(synced['next_batch']))
    const body = { ...slidingBody, conn_id: how }
    const wide = { ...body, room_subscriptions: { [room]: { timeline_limit: 50, required_state: [['*', '*']] } } }
    for (const [path, asked] of [
      [`/sync?since=${since}`, undefined],
      [`/sync?since=${since}&full_state=true`, undefined],
      [`/sync?filter=${enc('{"room":{"include_leave":true}}')}`, undefined],
      [`${slidingPath}?pos=${enc(String(slid['pos']))}`, body],
      [`${slidingPath}?pos=${enc(String(slid['pos']))}`, wide],
      [slidingPath, { ...wide, conn_id: `${how} anew` }],
    ] as const) {
      const { status, text } = await ask(world, bob, path, asked)
      assert.equal(status, 200, path)
      assert.ok(!text.includes('SECRET'), `${how}: ${path}`)
    }
  }
})
