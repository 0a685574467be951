// Goal: nothing that a room's members or a client's request hold breaks a reader, costs them without bound, or shows what is gone.
// Method: the operations over HTTP, on rooms in a real SQLite file; the names begin with the attack's number in the requirements.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileRules, withDefaultRules, type EventId, type JsonObject, type RoomId } from '@causeway/events'
import { Sliding } from '../sync/sliding/sliding.fixture.ts'
import { alice, bob, user, type SyncJson } from '../sync/sync.fixture.ts'
import { readingServer, type ReadingServer } from './reading.fixture.ts'

const carol = user('carol')
const secret = 'the-secret'

const rules = { of: async () => ({ classId: 1, rules: compileRules(withDefaultRules({})) }), version: 1 }
const slidingBody = {
  lists: {
    all: {
      ranges: [[0, 99]],
      timeline_limit: 50,
      required_state: [['*', '*']],
      filters: { is_dm: false, not_room_types: ['m.space'], not_tags: ['m.favourite'] },
    },
    spaces: { ranges: [[0, 9]], timeline_limit: 1, required_state: [['m.room.member', '$LAZY']], filters: { spaces: ['!x:here'] } },
  },
  extensions: {
    account_data: { enabled: true },
    receipts: { enabled: true },
    typing: { enabled: true },
    'io.element.msc4308.thread_subscriptions': { enabled: true },
  },
}

/** Everything that tells a reader of a room, as text. */
async function everything(server: ReadingServer, reader: typeof alice, room: RoomId, around: EventId): Promise<Map<string, string>> {
  const { world, get } = server
  const id = encodeURIComponent(room)
  const event = encodeURIComponent(around)
  const texts = new Map<string, string>()
  const paths = [
    [`/rooms/${id}/context/${event}`, { limit: '50' }],
    [`/rooms/${id}/event/${event}`, {}],
    [`/rooms/${id}/messages`, { dir: 'b', limit: '100' }],
    [`/rooms/${id}/messages`, { dir: 'f', limit: '100' }],
    [`/rooms/${id}/state`, {}],
    [`/rooms/${id}/members`, {}],
    [`/_matrix/client/v1/rooms/${id}/threads`, {}],
    [`/_matrix/client/v1/rooms/${id}/threads`, { include: 'participated' }],
    [`/_matrix/client/v1/rooms/${id}/relations/${event}`, { recurse: 'true' }],
    [`/_matrix/client/v1/rooms/${id}/relations/${event}/m.thread`, {}],
  ] as const
  for (const [path, query] of paths) {
    const answer = await get(reader, path, query)
    assert.equal(answer.status, 200, `${path}: ${answer.text}`)
    texts.set(`${path} ${JSON.stringify(query)}`, answer.text)
  }
  const filters = [{}, { room: { state: { lazy_load_members: true }, timeline: { limit: 2, unread_thread_notifications: true } } }]
  for (const filter of filters) {
    for (const stateAfter of [false, true]) {
      const answer = await world.sync(reader, { filter, stateAfter })
      texts.set(`/sync ${JSON.stringify(filter)} ${String(stateAfter)}`, JSON.stringify(answer.json))
    }
  }
  texts.set('sliding sync', JSON.stringify(await new Sliding(world).ask(reader, slidingBody)))
  return texts
}

test('P07 a redacted event is pruned wherever it is shown, and threads and edits know of it', async (t) => {
  const server = await readingServer(t)
  const { world } = server
  const room = await world.room(alice)
  await world.member(room, bob, 'join')
  const related = (type: string, to: EventId, more: JsonObject = {}) =>
    world.say(room, alice, secret, { ...more, 'm.relates_to': { rel_type: type, event_id: to } })
  const root = await world.say(room, alice, 'root')
  const kept = await world.say(room, alice, 'kept', { 'm.relates_to': { rel_type: 'm.thread', event_id: root } })
  const gone = [
    await related('m.thread', root),
    await related('m.replace', kept, { 'm.new_content': { body: secret, msgtype: 'm.text' } }),
    await related('m.reference', root),
    await world.say(room, alice, secret),
    await world.send(room, alice, 'm.room.topic', { topic: secret }, ''),
  ]
  const lonely = await world.say(room, alice, 'another root')
  gone.push(await related('m.thread', lonely))
  await world.send(room, alice, 'm.room.topic', { topic: 'new' }, '')
  const before = await everything(server, bob, room, root)
  for (const [where, text] of before) if (where.includes('messages')) assert.ok(text.includes(secret), where)
  const { next } = await world.sync(bob)
  for (const id of gone) await world.redact(room, alice, id)
  for (const start of ['warm', 'cold']) {
    if (start === 'cold') world.engine.drop(room)
    for (const reader of [alice, bob]) {
      for (const [where, text] of await everything(server, reader, room, root)) assert.ok(!text.includes(secret), `${start}: ${where}`)
      for (const [where, text] of await everything(server, reader, room, kept)) assert.ok(!text.includes(secret), `${start}: ${where}`)
    }
    const threads = (await server.get(bob, `/_matrix/client/v1/rooms/${encodeURIComponent(room)}/threads`)).json['chunk']
    const listed = threads as {
      event_id: string
      unsigned: { 'm.relations': { 'm.thread': { count: number; latest_event: { event_id: string } } } }
    }[]
    assert.deepEqual(
      listed.map(({ event_id, unsigned }) => [
        event_id,
        unsigned['m.relations']['m.thread'].count,
        unsigned['m.relations']['m.thread'].latest_event.event_id,
      ]),
      [[root, 1, kept]],
    )
  }
  const later = JSON.stringify((await world.sync(bob, { since: next })).json)
  assert.ok(!later.includes(secret))
})

test("P07 bundled events tell nobody another's transaction id", async (t) => {
  const server = await readingServer(t)
  const { world } = server
  const room = await world.room(alice)
  await world.member(room, bob, 'join')
  const root = await world.say(room, alice, 'root')
  const relate = (type: string, to: EventId, more: JsonObject = {}) =>
    world.say(room, alice, type, { ...more, 'm.relates_to': { rel_type: type, event_id: to } })
  const reply = await relate('m.thread', root)
  for (const id of [root, reply]) await relate('m.replace', id, { 'm.new_content': { body: 'new', msgtype: 'm.text' } })
  for (const [where, text] of await everything(server, bob, room, root)) assert.ok(!text.includes('transaction_id'), where)
  const own = await everything(server, alice, room, root)
  assert.ok([...own.values()].some((text) => text.includes('transaction_id')))
})

test('D16 what a filter or a page may cost is bounded', async (t) => {
  const server = await readingServer(t)
  const { world, get } = server
  const room = await world.room(alice)
  for (let n = 0; n < 130; n += 1) await world.say(room, alice, `m${n}`)
  const root = await world.say(room, alice, 'root')
  for (let n = 0; n < 120; n += 1) await world.say(room, alice, 'r', { 'm.relates_to': { rel_type: 'm.thread', event_id: root } })
  const id = encodeURIComponent(room)
  const event = encodeURIComponent(root)
  const many = Array.from({ length: 100_000 }, (_, n) => `!r${n}:here`)
  const status = async (path: string, query: Record<string, string>) => {
    const answer = await get(alice, path, query)
    return `${answer.status} ${String(answer.json['errcode'] ?? (answer.json['chunk'] as unknown[] | undefined)?.length ?? '')}`
  }
  const huge = '1000000000'
  const listed = JSON.stringify({ types: Array.from({ length: 1_001 }, () => 'm') })
  const cases: readonly (readonly [path: string, query: Record<string, string>, expected: RegExp])[] = [
    ['/sync', { filter: JSON.stringify({ room: { rooms: many } }) }, /^4\d\d /],
    ['/sync', { filter: JSON.stringify({ room: { timeline: { types: Array.from({ length: 1_001 }, () => 'm') } } }) }, /^400 M_BAD_JSON/],
    ['/sync', { filter: '[1' }, /^400 /],
    ['/sync', { filter: 'none' }, /^400 /],
    ['/sync', { since: 'x' }, /^400 M_INVALID_PARAM/],
    ['/sync', { since: `s1_1_0_${'0.1_'.repeat(200)}` }, /^400 M_INVALID_PARAM/],
    ['/sync', { filter: JSON.stringify({ room: { timeline: { types: [`${'*a'.repeat(5_000)}`] } } }) }, /^200 /],
    [`/rooms/${id}/messages`, { dir: 'b', limit: huge }, /^200 (\d{1,3}|1000)$/],
    [`/rooms/${id}/messages`, { dir: 'b', limit: '-1' }, /^400 /],
    [`/rooms/${id}/messages`, { dir: 'b', from: 'x' }, /^400 M_INVALID_PARAM/],
    [`/rooms/${id}/messages`, { dir: 'b', from: 'p1_1_zzzzzzzzzzzz_0' }, /^400 M_INVALID_PARAM/],
    [`/rooms/${id}/messages`, { dir: 'b', filter: listed }, /^400 M_BAD_JSON/],
    [`/rooms/${id}/context/${event}`, { limit: '-1' }, /^400 /],
    [`/rooms/${id}/context/${event}`, { filter: listed }, /^400 M_BAD_JSON/],
    [`/_matrix/client/v1/rooms/${id}/relations/${event}`, { limit: huge }, /^200 100$/],
    [`/_matrix/client/v1/rooms/${id}/relations/${event}`, { limit: huge, recurse: 'true' }, /^200 100$/],
    [`/_matrix/client/v1/rooms/${id}/relations/${event}`, { from: 'x' }, /^400 M_INVALID_PARAM/],
    [`/_matrix/client/v1/rooms/${id}/threads`, { limit: huge }, /^200 1$/],
    [`/_matrix/client/v1/rooms/${id}/threads`, { limit: '0' }, /^400 /],
    [`/_matrix/client/v1/rooms/${id}/threads`, { from: 'x' }, /^400 M_INVALID_PARAM/],
  ]
  for (const [path, query, expected] of cases) {
    assert.match(await status(path, query), expected, `${path} ${JSON.stringify(query).slice(0, 80)}`)
  }
  const { json } = await get(alice, `/rooms/${id}/context/${event}`, { limit: huge })
  assert.ok((json['events_before'] as unknown[]).length + (json['events_after'] as unknown[]).length <= 100)
  const wide = await world.sync(alice, { filter: { room: { timeline: { limit: Number(huge) } } } })
  assert.ok(wide.joined(room).timeline.events.length <= 1_000)
})

/** State whose content is of other types than the specification says. */
const badState: readonly (readonly [type: string, content: JsonObject])[] = [
  ['m.room.join_rules', { join_rule: 'org.example.unknown', allow: 'x' }],
  ['m.room.name', { name: 5 }],
  ['m.room.topic', { topic: { a: 1 }, 'm.topic': 'x' }],
  ['m.room.avatar', { url: { a: 1 }, info: 'x' }],
  ['m.room.canonical_alias', { alias: ['x'], alt_aliases: 'x' }],
  ['m.room.history_visibility', { history_visibility: null }],
  ['m.room.guest_access', { guest_access: 1 }],
  ['m.room.encryption', { algorithm: null, rotation_period_ms: 'x' }],
  ['m.room.pinned_events', { pinned: 'x' }],
  ['m.room.server_acl', { allow: 'x', deny: { a: 1 }, allow_ip_literals: 'no' }],
  ['m.room.tombstone', { replacement_room: 5, body: null }],
  ['m.room.retention', { max_lifetime: 'x' }],
  ['m.space.child', { via: 'x', order: 5 }],
  ['m.space.parent', { via: 5, canonical: 'x' }],
]

const badMessages: readonly JsonObject[] = [
  { body: 5, msgtype: null },
  { body: 'x', msgtype: 'm.text', 'm.mentions': 'x' },
  { body: 'x', msgtype: 'm.text', 'm.mentions': { user_ids: 'x', room: 'yes' } },
  { body: 'x', msgtype: 'm.text', 'm.relates_to': 'x' },
  { body: 'x', msgtype: 'm.text', 'm.relates_to': { rel_type: 5, event_id: {}, 'm.in_reply_to': [] } },
  { body: 'x', msgtype: 'm.text', 'm.relates_to': { rel_type: 'm.thread', event_id: 'none' } },
  { body: 'x', msgtype: 'm.text', 'm.new_content': 'x' },
  {},
]

test('F28 content of the wrong types breaks nobody', async (t) => {
  const server = await readingServer(t, { rules })
  const { world } = server
  const room = await world.room(alice, {
    roomVersion: '5',
    creationContent: { predecessor: 'x', type: 5, 'm.federate': true },
    powerLevelOverride: { notifications: { room: null }, users: { [alice]: 100, [carol]: 50 } },
  })
  for (const member of [bob, carol]) await world.member(room, member, 'join')
  const good = await world.room(bob)
  const first = await world.sync(bob)
  const sliding = new Sliding(world)
  const slid = await sliding.ask(bob, { ...slidingBody, conn_id: 'going on' })
  const root = await world.say(room, alice, 'root')
  await world.send(room, carol, 'm.room.member', { membership: 'join', displayname: { a: 1 }, avatar_url: ['x'], is_direct: 'x' }, carol)
  for (const [type, content] of badState) await world.send(room, alice, type, content, type === 'm.space.child' ? '!x:here' : '')
  for (const content of badMessages) {
    await world.send(room, carol, 'm.room.message', content)
    await world.send(room, carol, 'm.reaction', content)
    await world.send(room, carol, 'm.room.encrypted', content)
  }
  const said = await world.say(room, alice, 'still here')
  const there = await world.say(good, bob, 'and there')
  // What users keep may be of any form as well.
  for (const [type, content] of [
    ['m.ignored_user_list', '{"ignored_users":[1]}'],
    ['m.direct', '{"@alice:here":5}'],
    ['m.direct', '[]'],
  ] as const) {
    await world.ports.accountData.change({ userId: bob, roomId: '', type }, () => content)
    await world.ports.accountData.change({ userId: bob, roomId: room, type: 'm.tag' }, () => '{"tags":"x"}')
    const shows = (answer: SyncJson): void => {
      assert.ok(answer.joined(room).timeline.events.some(({ event_id }) => event_id === said))
      assert.ok(answer.joined(good).timeline.events.some(({ event_id }) => event_id === there))
    }
    for (const filter of [
      {},
      { room: { state: { lazy_load_members: true }, timeline: { contains_url: false, not_rel_types: ['m.thread'] } } },
    ]) {
      shows(await world.sync(bob, { filter }))
      shows(await world.sync(bob, { filter, since: first.next }))
      shows(await world.sync(bob, { filter, since: first.next, fullState: true, stateAfter: true }))
    }
    for (const pos of [undefined, slid.pos]) {
      const { rooms } = await (pos === undefined
        ? sliding.ask(bob, slidingBody)
        : sliding.ask(bob, { ...slidingBody, conn_id: 'going on' }, { pos }))
      assert.ok(rooms[room]?.timeline?.some(({ event_id }) => event_id === said))
      assert.ok(rooms[good] !== undefined)
    }
  }
  for (const reader of [alice, bob]) await everything(server, reader, room, root)
  world.engine.drop(room)
  await everything(server, bob, room, said)
  const dave = user('dave')
  await world.member(room, dave, 'invite', alice)
  assert.ok((await world.sync(dave)).room('invite', room) !== undefined)
  assert.equal((await sliding.ask(dave, slidingBody)).rooms[room]?.membership, 'invite')
  await world.member(room, bob, 'leave')
  assert.ok((await world.sync(bob, { since: first.next })).room('leave', room) !== undefined)
})
