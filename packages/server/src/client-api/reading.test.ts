import { parseServerName } from '@causeway/events'
// Goal: each reader gets of a room what its history visibility allows at each event, and former members what was theirs.
// Method: the operations over HTTP, on rooms in a real SQLite file.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Answer } from '../http/edge.fixture.ts'
import { forgetRoom } from '../rooms/commands/forget-room.ts'
import { alice, bob, names, user } from '../sync/sync.fixture.ts'
import { eventsIn, readingServer } from './reading.fixture.ts'

const carol = user('carol')

function visibilityEvent(value: string) {
  return [{ type: 'm.room.history_visibility', stateKey: '', content: { history_visibility: value } }]
}

function error(answer: Answer): string {
  return `${answer.status} ${String(answer.json['errcode'])}`
}

// Columns: before the invite, invited, joined, after leaving; for bob, who leaves, and for a stranger.
const table: readonly (readonly [visibility: string, bob: readonly number[], stranger: readonly number[]])[] = [
  ['world_readable', [1, 1, 1, 1], [1, 1, 1, 1]],
  ['shared', [1, 1, 1, 0], [0, 0, 0, 0]],
  ['invited', [0, 1, 1, 0], [0, 0, 0, 0]],
  ['joined', [0, 0, 1, 0], [0, 0, 0, 0]],
  ['of my own making', [1, 1, 1, 0], [0, 0, 0, 0]],
]

for (const [visibility, forBob, forStranger] of table) {
  test(`history visibility ${visibility}`, async (t) => {
    const { world, get } = await readingServer(t)
    const room = await world.room(alice, { initialState: visibilityEvent(visibility) })
    const ids = [await world.say(room, alice, 'before')]
    await world.member(room, bob, 'invite', alice)
    ids.push(await world.say(room, alice, 'invited'))
    await world.member(room, bob, 'join')
    ids.push(await world.say(room, alice, 'joined'))
    await world.member(room, bob, 'leave')
    ids.push(await world.say(room, alice, 'left'))
    for (const [reader, expected] of [
      [bob, forBob],
      [carol, forStranger],
    ] as const) {
      const seen: number[] = []
      for (const id of ids) {
        const answer = await get(reader, `/rooms/${room}/event/${id}`)
        if (answer.status !== 200) assert.equal(error(answer), '404 M_NOT_FOUND')
        seen.push(answer.status === 200 ? 1 : 0)
      }
      assert.deepEqual(seen, expected)
      const page = await get(reader, `/rooms/${room}/messages`, { dir: 'b', limit: '100' })
      const bodies = names(eventsIn(page, 'chunk'))
        .filter((name) => ['before', 'invited', 'joined', 'left'].includes(name))
        .reverse()
      assert.deepEqual(
        bodies,
        ['before', 'invited', 'joined', 'left'].filter((_, index) => expected[index] === 1),
      )
      if (!expected.includes(1)) assert.equal(error(page), '403 M_FORBIDDEN')
    }
  })
}

test('a change of visibility is itself seen by whom either side lets see it', async (t) => {
  const { world, get } = await readingServer(t)
  const room = await world.room(alice, { initialState: visibilityEvent('joined') })
  const opened = await world.send(room, alice, 'm.room.history_visibility', { history_visibility: 'world_readable' }, '')
  const closed = await world.send(room, alice, 'm.room.history_visibility', { history_visibility: 'joined' }, '')
  const hidden = await world.say(room, alice, 'hidden')
  assert.equal((await get(carol, `/rooms/${room}/event/${opened}`)).status, 200)
  assert.equal((await get(carol, `/rooms/${room}/event/${closed}`)).status, 200)
  assert.equal((await get(carol, `/rooms/${room}/event/${hidden}`)).status, 404)
})

test('a page that a filter thinned out has an end, and the empty one after it has none', async (t) => {
  const { world, get } = await readingServer(t)
  const room = await world.room(alice)
  await world.say(room, alice, 'said')
  await world.say(room, alice, 'a file', { url: 'mxc://here/file' })
  for (const dir of ['b', 'f'] as const) {
    const query = { dir, filter: '{"contains_url":true}' }
    const page = await get(alice, `/rooms/${room}/messages`, query)
    assert.deepEqual(names(eventsIn(page, 'chunk')), ['a file'])
    const next = await get(alice, `/rooms/${room}/messages`, { ...query, from: String(page.json['end']) })
    assert.deepEqual([eventsIn(next, 'chunk'), next.json['end']], [[], undefined])
    const whole = await get(alice, `/rooms/${room}/messages`, { dir, limit: '100' })
    assert.deepEqual([names(eventsIn(whole, 'chunk')).includes('create'), whole.json['end']], [true, undefined])
  }
})

test('pages meet without gap or repetition in both directions', async (t) => {
  const { world, get } = await readingServer(t)
  const room = await world.room(alice)
  const { next } = await world.sync(alice)
  for (let n = 0; n < 23; n += 1) await world.say(room, alice, `m${n}`)
  for (const dir of ['b', 'f'] as const) {
    const all: string[] = []
    let query: Record<string, string> = { dir, limit: '7' }
    for (let pages = 0; pages < 10; pages += 1) {
      const page = await get(alice, `/rooms/${room}/messages`, query)
      all.push(...names(eventsIn(page, 'chunk')))
      if (typeof page.json['end'] !== 'string') break
      query = { ...query, from: page.json['end'] }
    }
    if (dir === 'b') all.reverse()
    assert.equal(all[0], 'create')
    assert.deepEqual(
      all.slice(-23),
      Array.from({ length: 23 }, (_, n) => `m${n}`),
    )
    assert.equal(new Set(all).size, all.length)
  }
  // A token of /sync is a place as well.
  const since = await get(alice, `/rooms/${room}/messages`, { dir: 'f', from: next, limit: '3' })
  assert.deepEqual(names(eventsIn(since, 'chunk')), ['m0', 'm1', 'm2'])
  assert.equal(since.json['start'], next)
  const back = await get(alice, `/rooms/${room}/messages`, { dir: 'b', to: next, limit: '100' })
  assert.equal(eventsIn(back, 'chunk').length, 23)
  // prev_batch leads to what comes before the timeline.
  const timeline = (await world.sync(alice)).joined(room).timeline
  const before = await get(alice, `/rooms/${room}/messages`, { dir: 'b', from: timeline.prev_batch, limit: '1' })
  assert.deepEqual(names(eventsIn(before, 'chunk')), ['m12'])
  assert.equal(error(await get(alice, `/rooms/${room}/messages`, { dir: 'b', from: 'nonsense' })), '400 M_INVALID_PARAM')
  assert.equal(error(await get(alice, '/rooms/!nowhere:here/messages', { dir: 'b' })), '403 M_FORBIDDEN')
})

test('a page by type, with the members that it takes to show it', async (t) => {
  const { world, get } = await readingServer(t)
  const room = await world.room(alice)
  for (const member of [bob, carol]) await world.member(room, member, 'join')
  await world.say(room, bob, 'hi')
  for (let n = 0; n < 30; n += 1) await world.send(room, alice, 'noise', { n })
  const filter = JSON.stringify({ types: ['m.room.message'], lazy_load_members: true })
  const page = await get(alice, `/rooms/${room}/messages`, { dir: 'b', limit: '5', filter })
  assert.deepEqual(names(eventsIn(page, 'chunk')), ['hi'])
  assert.deepEqual(
    eventsIn(page, 'state').map(({ state_key: key }) => key),
    [bob],
  )
})

test('paging back asks other servers for what is missing, and gives what they have', async (t) => {
  const asked: number[] = []
  const { world, get } = await readingServer(t, {
    backfill: async (_view, place) => {
      asked.push(place.depth)
      return false
    },
  })
  const room = await world.room(alice)
  await world.say(room, alice, 'one')
  const view = await world.engine.view(room)
  assert.ok(view)
  await get(alice, `/rooms/${room}/messages`, { dir: 'b', limit: '100' })
  assert.deepEqual(asked, [])
  const elsewhere = parseServerName('elsewhere')
  assert.ok(elsewhere)
  view.servers.set(elsewhere, 1)
  const child = view.recent.at(-1)?.event ?? 0
  const { addMissingEvent } = await import('../storage/tables/rooms.ts')
  await world.ports.db.commit({ rows: [{ write: addMissingEvent, rows: [[view.room, '$missing', child]] }] })
  await get(alice, `/rooms/${room}/messages`, { dir: 'b', limit: '3' })
  assert.equal(asked.length, 1)
})

test('an event with what is around it', async (t) => {
  const { world, get } = await readingServer(t)
  const room = await world.room(alice)
  const ids: string[] = []
  for (let n = 0; n < 9; n += 1) ids.push(await world.say(room, alice, `m${n}`))
  const context = await get(alice, `/rooms/${room}/context/${ids[4] ?? ''}`, { limit: '4' })
  assert.deepEqual(names(eventsIn(context, 'events_before')), ['m3', 'm2'])
  assert.deepEqual(names(eventsIn(context, 'events_after')), ['m5', 'm6'])
  assert.equal(eventsIn(context, 'state').length, 5)
  const later = await get(alice, `/rooms/${room}/messages`, { dir: 'f', from: String(context.json['end']), limit: '1' })
  assert.deepEqual(names(eventsIn(later, 'chunk')), ['m7'])
  const earlier = await get(alice, `/rooms/${room}/messages`, { dir: 'b', from: String(context.json['start']), limit: '1' })
  assert.deepEqual(names(eventsIn(earlier, 'chunk')), ['m1'])
  const alone = await get(alice, `/rooms/${room}/context/${ids[4] ?? ''}`, { limit: '0' })
  assert.equal(eventsIn(alone, 'events_before').length + eventsIn(alone, 'events_after').length, 0)
  assert.equal(error(await get(bob, `/rooms/${room}/context/${ids[4] ?? ''}`)), '404 M_NOT_FOUND')
})

test('a former member reads the room as it was when they left', async (t) => {
  const { world, get } = await readingServer(t)
  const room = await world.room(alice, { initialState: visibilityEvent('joined') })
  await world.member(room, bob, 'join')
  await world.send(room, alice, 'm.room.name', { name: 'before' }, '')
  await world.say(room, alice, 'm1')
  await world.say(room, alice, 'm2')
  await world.member(room, bob, 'leave')
  const { next } = await world.sync(bob)
  await world.send(room, alice, 'm.room.name', { name: 'after' }, '')
  await world.say(room, alice, 'm3')
  await world.member(room, carol, 'join')
  assert.equal((await get(bob, `/rooms/${room}/state/m.room.name`)).json['name'], 'before')
  assert.equal((await get(alice, `/rooms/${room}/state/m.room.name/`)).json['name'], 'after')
  const members = names(eventsIn(await get(bob, `/rooms/${room}/members`), 'chunk')).sort()
  assert.deepEqual(members, ['member @alice:here join', 'member @bob:here leave'])
  const back = await get(bob, `/rooms/${room}/messages`, { dir: 'b', limit: '3', from: next })
  assert.deepEqual(names(eventsIn(back, 'chunk')), ['member @bob:here leave', 'm2', 'm1'])
  const forth = await get(bob, `/rooms/${room}/messages`, { dir: 'f', limit: '100', from: next })
  assert.deepEqual(eventsIn(forth, 'chunk'), [])
  assert.equal(error(await get(bob, `/rooms/${room}/joined_members`)), '403 M_FORBIDDEN')
  assert.ok(!JSON.stringify(JSON.parse((await get(bob, `/rooms/${room}/state`)).text)).includes('after'))

  await forgetRoom(world.engine, room, bob)
  assert.equal(error(await get(bob, `/rooms/${room}/state/m.room.name`)), '403 M_FORBIDDEN')
  assert.equal(error(await get(bob, `/rooms/${room}/messages`, { dir: 'b' })), '403 M_FORBIDDEN')
  assert.equal(error(await get(bob, `/rooms/${room}/messages`)), '403 M_FORBIDDEN')
  assert.equal(error(await get(alice, `/rooms/${room}/messages`)), '400 M_MISSING_PARAM')
  assert.equal(error(await get(bob, `/rooms/${room}/context/${eventsIn(back, 'chunk')[1]?.event_id ?? ''}`)), '404 M_NOT_FOUND')
})

test('state, members and joined rooms', async (t) => {
  const { world, get } = await readingServer(t)
  const room = await world.room(alice, { creatorProfile: { displayname: 'Alice' } })
  const early = (await world.sync(alice)).joined(room).timeline.prev_batch
  const { next } = await world.sync(alice)
  await world.member(room, bob, 'join')
  await world.member(room, carol, 'join')
  await world.member(room, carol, 'leave')
  const event = await get(alice, `/rooms/${room}/state/m.room.member/${alice}`, { format: 'event' })
  assert.equal(event.json['room_id'], room)
  assert.equal(error(await get(alice, `/rooms/${room}/state/none/x`)), '404 M_NOT_FOUND')
  assert.equal(error(await get(user('dave'), `/rooms/${room}/state`)), '403 M_FORBIDDEN')
  const joined = await get(alice, `/rooms/${room}/joined_members`)
  assert.deepEqual(joined.json['joined'], {
    [alice]: { display_name: 'Alice', avatar_url: null },
    [bob]: { display_name: null, avatar_url: null },
  })
  const members = async (query: Record<string, string>) =>
    eventsIn(await get(alice, `/rooms/${room}/members`, query), 'chunk').map(({ state_key: key }) => key)
  assert.deepEqual(await members({}), [alice, bob, carol])
  assert.deepEqual(await members({ membership: 'join' }), [alice, bob])
  assert.deepEqual(await members({ not_membership: 'leave' }), [alice, bob])
  assert.deepEqual(await members({ at: next }), [alice])
  // A place before the reader came is answered with the first state that was theirs.
  assert.deepEqual(await members({ at: early }), [alice])
  assert.deepEqual((await get(bob, '/joined_rooms')).json, { joined_rooms: [room] })
  assert.deepEqual((await get(carol, '/joined_rooms')).json, { joined_rooms: [] })
})

test('receipts and markers move forward only, and stay in their thread', async (t) => {
  const sent: string[] = []
  const { world, send } = await readingServer(t, { federateReceipt: (_room, receipt) => void sent.push(receipt.eventId) })
  const room = await world.room(alice)
  await world.member(room, bob, 'join')
  const root = await world.say(room, alice, 'root')
  const reply = await world.say(room, alice, 'reply', { 'm.relates_to': { rel_type: 'm.thread', event_id: root } })
  const last = await world.say(room, alice, 'last')
  const post = (type: string, id: string, body: object = {}) => send('POST', bob, `/rooms/${room}/receipt/${type}/${id}`, body)
  assert.equal((await post('m.read', last)).status, 200)
  assert.equal((await post('m.read', root)).status, 200)
  assert.deepEqual(sent, [last])
  assert.equal((await post('m.read', reply, { thread_id: root })).status, 200)
  assert.equal((await post('m.read', root, { thread_id: 'main' })).status, 200)
  assert.equal(error(await post('m.read', reply, { thread_id: 'main' })), '400 M_INVALID_PARAM')
  assert.equal(error(await post('m.read', last, { thread_id: '' })), '400 M_INVALID_PARAM')
  assert.equal(error(await post('m.read', '$nothing')), '404 M_NOT_FOUND')
  assert.equal(error(await post('m.other', last)), '400 M_INVALID_PARAM')
  assert.equal(error(await send('POST', carol, `/rooms/${room}/receipt/m.read/${last}`, {})), '403 M_FORBIDDEN')
  assert.equal((await send('POST', bob, `/rooms/${room}/read_markers`, { 'm.fully_read': last, 'm.read.private': root })).status, 200)
  assert.equal((await send('POST', bob, `/rooms/${room}/read_markers`, { 'm.fully_read': root })).status, 200)
  const joined = (await world.sync(bob)).joined(room)
  assert.deepEqual(joined.account_data?.events, [{ type: 'm.fully_read', content: { event_id: last } }])
  const receipts = joined.ephemeral?.events[0]?.content as Record<string, Record<string, Record<string, { thread_id?: string }>>>
  assert.equal(receipts[last]?.['m.read']?.[bob]?.thread_id, undefined)
  assert.equal(receipts[reply]?.['m.read']?.[bob]?.thread_id, root)
  assert.ok(receipts[root]?.['m.read.private']?.[bob])
})

test('typing is for members, about oneself', async (t) => {
  const told: boolean[] = []
  const { world, send } = await readingServer(t, { broadcastTyping: (notice) => void told.push(notice.typing) })
  const room = await world.room(alice)
  const put = (caller: typeof alice, about: typeof alice, body: object) => send('PUT', caller, `/rooms/${room}/typing/${about}`, body)
  assert.equal((await put(alice, alice, { typing: true, timeout: 5_000 })).status, 200)
  assert.equal(error(await put(alice, bob, { typing: true })), '403 M_FORBIDDEN')
  assert.equal(error(await put(bob, bob, { typing: true })), '403 M_FORBIDDEN')
  assert.equal((await put(alice, alice, { typing: false })).status, 200)
  assert.deepEqual(told, [true, false])
})

test('/sync over HTTP', async (t) => {
  const { world, get, waiting: waitingRoom } = await readingServer(t)
  const room = await world.room(alice)
  const filter = JSON.stringify({ room: { timeline: { limit: 1 } } })
  const first = await get(alice, '/sync', { filter, use_state_after: 'true' })
  const parsed = JSON.parse(first.text) as { next_batch: string; rooms: { join: Record<string, { state_after: object }> } }
  assert.ok(parsed.rooms.join[room]?.state_after)
  const waiting = get(alice, '/sync', { since: parsed.next_batch, timeout: '30000' })
  while (waitingRoom.size === 0) await new Promise(setImmediate)
  await world.say(room, alice, 'woken')
  assert.ok((await waiting).text.includes('woken'))
  assert.equal(error(await get(alice, '/sync', { since: 'x' })), '400 M_INVALID_PARAM')
  assert.equal(error(await get(alice, '/sync', { filter: '{"room":[]}' })), '400 M_BAD_JSON')
  assert.equal(error(await get(alice, '/sync', { filter: '99' })), '400 M_INVALID_PARAM')
})
