// Goal: the operation reads a request as clients write it, and refuses what is none by the error that they know.
// Method: over HTTP, on rooms in a real SQLite file.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { UserId } from '@causeway/events'
import type { EntryJson } from '../../sync/sliding/sliding.fixture.ts'
import { alice, bob, names } from '../../sync/sync.fixture.ts'
import { eventsIn, readingServer } from '../reading.fixture.ts'

const path = '/_matrix/client/unstable/org.matrix.simplified_msc3575/sync'

/** As the matrix-rust-sdk of Element X asks for its list of rooms. */
const roomList = {
  conn_id: 'room-list',
  txn_id: 'abc',
  lists: {
    all_rooms: {
      ranges: [[0, 19]],
      required_state: [
        ['m.room.name', ''],
        ['m.room.encryption', ''],
        ['m.room.member', '$LAZY'],
        ['m.room.member', '$ME'],
        ['m.room.topic', ''],
        ['m.room.canonical_alias', ''],
        ['m.room.power_levels', ''],
        ['org.matrix.msc3401.call.member', '*'],
        ['m.room.join_rules', ''],
        ['m.room.tombstone', ''],
        ['m.room.create', ''],
        ['m.room.history_visibility', ''],
      ],
      include_heroes: true,
      filters: { not_room_types: ['m.space'] },
      timeline_limit: 1,
    },
  },
  extensions: {
    account_data: { enabled: true },
    receipts: { enabled: true, rooms: ['*'] },
    typing: { enabled: true },
    'io.element.msc4308.thread_subscriptions': { enabled: true, limit: 10 },
  },
}

test('a list of rooms, and what comes next', async (t) => {
  const { world, send } = await readingServer(t)
  const room = await world.room(alice, { name: 'Tea' })
  const first = await send('POST', alice, `${path}?timeout=0`, roomList)
  assert.equal(first.status, 200)
  assert.deepEqual(Object.keys(first.json['rooms'] ?? {}), [room])
  assert.deepEqual(first.json['lists'], { all_rooms: { count: 1 } })
  assert.equal(first.json['txn_id'], 'abc')
  const pos = encodeURIComponent(String(first.json['pos']))
  const second = await send('POST', alice, `${path}?timeout=0&pos=${pos}`, roomList)
  assert.deepEqual(second.json['rooms'], {})
  const waiting = send('POST', alice, `${path}?timeout=30000&pos=${pos}`, roomList)
  await world.say(room, alice, 'hello')
  assert.deepEqual(Object.keys((await waiting).json['rooms'] ?? {}), [room])
  const empty = await send('POST', alice, path, {})
  assert.deepEqual([empty.json['lists'], empty.json['rooms'], empty.json['extensions']], [{}, {}, {}])
})

test('all that a client reads of a room: who sees it how, what is new in it, and how to read back', async (t) => {
  const { world, send, get } = await readingServer(t)
  const room = await world.room(alice)
  await world.member(room, bob, 'invite', alice)
  const old = await world.room(alice, { name: 'Old' })
  await world.send(old, alice, 'm.room.tombstone', { body: 'moved', replacement_room: room }, '')
  await world.ports.accountData.change({ userId: alice, roomId: '', type: 'm.direct' }, () => JSON.stringify({ [bob]: [room] }))
  for (let n = 0; n < 5; n += 1) await world.say(room, alice, `m${n}`)
  const ask = async (reader: UserId, pos?: string) => {
    const query = pos === undefined ? '' : `&pos=${encodeURIComponent(pos)}`
    const { json } = await send('POST', reader, `${path}?timeout=0${query}`, roomList)
    const rooms = json['rooms'] as Readonly<Record<string, EntryJson>>
    return { pos: String(json['pos']), entry: rooms[room] ?? assert.fail(), rooms }
  }
  const first = await ask(alice)
  const { timeline = [], required_state: state = [], prev_batch: back = '', ...facts } = first.entry
  const { bump_stamp: bump, ...rest } = facts
  assert.deepEqual(rest, {
    membership: 'join',
    is_dm: true,
    initial: true,
    avatar: null,
    heroes: [{ user_id: bob }],
    joined_count: 1,
    invited_count: 1,
    notification_count: 0,
    highlight_count: 0,
    limited: true,
    num_live: 0,
  })
  assert.deepEqual(names(timeline), ['m4'])
  assert.equal(timeline[0]?.unsigned['membership'], 'join')
  assert.deepEqual(names(state).sort(), ['create', 'history_visibility', 'join_rules', `member ${alice} join`, 'power_levels'])
  const page = await get(alice, `/rooms/${encodeURIComponent(room)}/messages`, { dir: 'b', from: back, limit: '4' })
  assert.deepEqual(names(eventsIn(page, 'chunk')), ['m3', 'm2', 'm1', 'm0'])
  const replaced = first.rooms[old]?.required_state?.find(({ type }) => type === 'm.room.tombstone')
  assert.equal(replaced?.content['replacement_room'], room)

  const invited = (await ask(bob)).entry
  assert.deepEqual([invited.membership, invited.initial, invited.timeline, invited.required_state], ['invite', true, undefined, undefined])
  assert.ok(invited.invite_state?.some(({ type, state_key: key }) => type === 'm.room.member' && key === bob))

  await world.member(room, bob, 'join')
  await world.say(room, bob, 'here I am')
  await world.send(room, bob, 'm.reaction', {
    'm.relates_to': { rel_type: 'm.annotation', event_id: timeline[0]?.event_id ?? '', key: '+' },
  })
  const second = await ask(alice, first.pos)
  assert.deepEqual([second.entry.joined_count, second.entry.invited_count, second.entry.initial], [2, 0, undefined])
  assert.deepEqual([second.entry.limited, second.entry.num_live, second.entry.notification_count], [true, 1, 1])
  // A reaction does not move the room up; what was said does.
  const seen = (await ask(alice)).entry
  assert.equal(seen.bump_stamp, second.entry.bump_stamp)
  assert.ok(second.entry.bump_stamp > bump)
  assert.deepEqual(Object.keys(second.rooms), [room])
})

test('bad requests', async (t) => {
  const { send } = await readingServer(t)
  const list = { timeline_limit: 1, required_state: [] }
  const cases: readonly (readonly [query: string, body: object, code: string])[] = [
    ['?pos=unknown', {}, '400 M_UNKNOWN_POS'],
    ['', { lists: { a: {} } }, '400 M_BAD_JSON'],
    ['', { lists: [] }, '400 M_BAD_JSON'],
    ['', { lists: { a: { ...list, ranges: [[0]] } } }, '400 M_BAD_JSON'],
    ['', { lists: { a: { ...list, ranges: [[5, 1]] } } }, '400 M_INVALID_PARAM'],
    ['', { lists: { a: { ...list, ranges: [[-1, 1]] } } }, '400 M_BAD_JSON'],
    ['', { lists: { a: { ...list, required_state: [['m.room.name']] } } }, '400 M_BAD_JSON'],
    ['', { room_subscriptions: { '!a:here': { timeline_limit: 'x' } } }, '400 M_BAD_JSON'],
    ['', { conn_id: 'a\0b' }, '400 M_INVALID_PARAM'],
    ['', { lists: Object.fromEntries(Array.from({ length: 101 }, (_, index) => [index, list])) }, '400 M_INVALID_PARAM'],
    ['?timeout=x', {}, '400 M_INVALID_PARAM'],
  ]
  for (const [query, body, code] of cases) {
    const answer = await send('POST', alice, `${path}${query}`, body)
    assert.equal(`${answer.status} ${String(answer.json['errcode'])}`, code, JSON.stringify(body))
  }
  // A room that is none, or is not theirs, is no reason to refuse.
  const other = await send('POST', alice, path, { room_subscriptions: { nonsense: list, '!other:here': list } })
  assert.deepEqual([other.status, other.json['rooms']], [200, {}])
})
