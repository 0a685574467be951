// Goal: relations, threads and their aggregations are told completely, to each reader as far as they may see, and end with
// a redaction.
// Method: the operations over HTTP, on rooms in a real SQLite file; the same questions warm and after a restart.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventId, JsonObject, RoomId, UserId } from '@causeway/events'
import { alice, bob, user } from '../../sync/sync.fixture.ts'
import { eventsIn, readingServer, type ReadingServer } from '../reading.fixture.ts'

const carol = user('carol')

interface Bundle {
  readonly 'm.replace'?: { readonly event_id: string; readonly unsigned: { readonly transaction_id?: string } }
  readonly 'm.thread'?: {
    readonly latest_event: { readonly event_id: string; readonly unsigned: { readonly 'm.relations'?: Bundle } }
    readonly count: number
    readonly current_user_participated: boolean
  }
  readonly 'm.reference'?: { readonly chunk: readonly { readonly event_id: string }[] }
}

class Room {
  readonly server: ReadingServer
  readonly id: RoomId

  constructor(server: ReadingServer, id: RoomId) {
    this.server = server
    this.id = id
  }

  say(sender: UserId, body: string, more: JsonObject = {}): Promise<EventId> {
    return this.server.world.say(this.id, sender, body, more)
  }

  relate(sender: UserId, type: string, to: EventId, more: JsonObject = {}): Promise<EventId> {
    return this.say(sender, type, { ...more, 'm.relates_to': { rel_type: type, event_id: to } })
  }

  edit(sender: UserId, of: EventId): Promise<EventId> {
    return this.relate(sender, 'm.replace', of, { 'm.new_content': { body: 'new', msgtype: 'm.text' } })
  }

  react(sender: UserId, to: EventId, key: string): Promise<EventId> {
    const content = { 'm.relates_to': { rel_type: 'm.annotation', event_id: to, key } }
    return this.server.world.send(this.id, sender, 'm.reaction', content)
  }

  path(rest: string): string {
    return `/_matrix/client/v1/rooms/${encodeURIComponent(this.id)}${rest}`
  }

  async related(reader: UserId, to: EventId, rest = '', query: Record<string, string> = {}) {
    const answer = await this.server.get(reader, this.path(`/relations/${encodeURIComponent(to)}${rest}`), query)
    return { answer, ids: eventsIn(answer, 'chunk').map((event) => event.event_id), next: String(answer.json['next_batch']) }
  }

  /** The aggregations of an event as /event, /messages and /sync give them; they must agree. */
  async bundle(reader: UserId, of: EventId): Promise<Bundle | undefined> {
    const { get, world } = this.server
    const room = encodeURIComponent(this.id)
    const event = await get(reader, `/rooms/${room}/event/${encodeURIComponent(of)}`)
    const page = eventsIn(await get(reader, `/rooms/${room}/messages`, { dir: 'b', limit: '100' }), 'chunk')
    const filter = { room: { timeline: { limit: 50 } } }
    const synced = (await world.sync(reader, { filter })).joined(this.id).timeline.events
    const context = (await get(reader, `/rooms/${room}/context/${encodeURIComponent(of)}`)).json['event'] as { unsigned: JsonObject }
    const all = [
      (event.json['unsigned'] as JsonObject)['m.relations'],
      page.find(({ event_id: id }) => id === of)?.unsigned['m.relations'],
      synced.find(({ event_id: id }) => id === of)?.unsigned['m.relations'],
      context.unsigned['m.relations'],
    ]
    for (const other of all) assert.deepEqual(names(other as Bundle | undefined), names(all[0] as Bundle | undefined))
    return all[0] as Bundle | undefined
  }
}

function names(bundle: Bundle | undefined): object | undefined {
  if (bundle === undefined) return undefined
  const thread = bundle['m.thread']
  return {
    edit: bundle['m.replace']?.event_id,
    thread: thread === undefined ? undefined : [thread.latest_event.event_id, thread.count, thread.current_user_participated],
    references: bundle['m.reference']?.chunk.map(({ event_id: id }) => id),
  }
}

async function open(t: Parameters<typeof readingServer>[0], visibility = 'shared'): Promise<Room> {
  const server = await readingServer(t)
  const initialState = [{ type: 'm.room.history_visibility', stateKey: '', content: { history_visibility: visibility } }]
  const room = await server.world.room(alice, { initialState })
  await server.world.member(room, bob, 'join')
  return new Room(server, room)
}

test('relations are paged both ways, by kind and type, and followed when asked for', async (t) => {
  const room = await open(t)
  const root = await room.say(alice, 'root')
  const replies: EventId[] = []
  for (let n = 0; n < 5; n += 1) replies.push(await room.relate(n % 2 === 0 ? bob : alice, 'm.thread', root))
  const reaction = await room.react(bob, root, 'yes')
  const indirect = await room.react(alice, replies[0] ?? root, 'no')
  const newest = replies.toReversed()
  assert.deepEqual((await room.related(bob, root)).ids, [reaction, ...newest])
  assert.deepEqual((await room.related(bob, root, '/m.thread')).ids, newest)
  assert.deepEqual((await room.related(bob, root, '/m.thread/m.reaction')).ids, [])
  assert.deepEqual((await room.related(bob, root, '/m.annotation/m.reaction')).ids, [reaction])
  const first = await room.related(bob, root, '/m.thread', { limit: '2' })
  assert.deepEqual(first.ids, newest.slice(0, 2))
  const second = await room.related(bob, root, '/m.thread', { limit: '2', from: first.next })
  assert.deepEqual(second.ids, newest.slice(2, 4))
  const third = await room.related(bob, root, '/m.thread', { limit: '2', from: second.next })
  assert.deepEqual([third.ids, third.answer.json['next_batch']], [newest.slice(4), undefined])
  const forward = await room.related(bob, root, '', { dir: 'f', limit: '3' })
  assert.deepEqual(forward.ids, replies.slice(0, 3))
  assert.deepEqual((await room.related(bob, root, '', { dir: 'f', from: forward.next })).ids, [...replies.slice(3), reaction])
  const followed = await room.related(bob, root, '', { recurse: 'true', limit: '3' })
  assert.deepEqual(followed.ids, [indirect, reaction, newest[0]])
  assert.equal(followed.answer.json['recursion_depth'], 2)
  assert.deepEqual((await room.related(bob, root, '', { recurse: 'true', from: followed.next })).ids, newest.slice(1))
  assert.equal((await room.related(carol, root)).answer.status, 404)
})

test('of edits the latest valid one counts, until it is redacted', async (t) => {
  const room = await open(t)
  const { world } = room.server
  const original = await room.say(alice, 'original')
  assert.equal(await room.bundle(bob, original), undefined)
  const first = await room.edit(alice, original)
  world.clock.advance(10)
  const second = await room.edit(alice, original)
  world.clock.advance(10)
  await room.edit(bob, original)
  await room.relate(alice, 'm.replace', original)
  await room.edit(alice, second)
  assert.deepEqual((await room.bundle(alice, original))?.['m.replace']?.event_id, second)
  // The edit's transaction id is for its sender's session alone.
  assert.equal((await room.bundle(bob, original))?.['m.replace']?.unsigned.transaction_id, undefined)
  assert.equal(await room.bundle(bob, second), undefined)
  await world.redact(room.id, alice, second)
  assert.equal((await room.bundle(bob, original))?.['m.replace']?.event_id, first)
  await world.redact(room.id, alice, original)
  assert.equal(await room.bundle(bob, original), undefined)
})

test('threads: latest reply with its own edit, count, participation; references; redaction of the latest', async (t) => {
  const room = await open(t)
  const { world } = room.server
  await world.member(room.id, carol, 'join')
  const root = await room.say(alice, 'root')
  const replies = [await room.relate(bob, 'm.thread', root), await room.relate(bob, 'm.thread', root)]
  const edit = await room.edit(bob, replies[1] ?? root)
  const reference = await room.relate(bob, 'm.reference', root)
  const seen = async (reader: UserId) => names(await room.bundle(reader, root))
  const thread = { edit: undefined, references: [reference] }
  assert.deepEqual(await seen(alice), { ...thread, thread: [replies[1], 2, true] })
  assert.deepEqual(await seen(bob), { ...thread, thread: [replies[1], 2, true] })
  assert.deepEqual(await seen(carol), { ...thread, thread: [replies[1], 2, false] })
  const latest = (await room.bundle(alice, root))?.['m.thread']?.latest_event
  assert.equal(latest?.unsigned['m.relations']?.['m.replace']?.event_id, edit)
  await world.redact(room.id, bob, replies[1] ?? root)
  await world.redact(room.id, bob, reference)
  assert.deepEqual(await seen(carol), { edit: undefined, references: undefined, thread: [replies[0], 1, false] })
  const ignored = { ignored_users: { [bob]: {} } }
  await world.ports.accountData.change({ userId: carol, roomId: '', type: 'm.ignored_user_list' }, () => JSON.stringify(ignored))
  const event = await room.server.get(carol, `/rooms/${encodeURIComponent(room.id)}/event/${encodeURIComponent(root)}`)
  assert.equal((event.json['unsigned'] as JsonObject)['m.relations'], undefined)
})

test('who came later sees of a thread what came after them', async (t) => {
  const room = await open(t, 'joined')
  const { world } = room.server
  const old = await room.say(alice, 'before')
  await room.relate(bob, 'm.thread', old)
  await world.member(room.id, carol, 'join')
  const root = await room.say(alice, 'after')
  await room.relate(bob, 'm.thread', root)
  const last = await room.relate(bob, 'm.thread', old)
  const roots = await room.server.get(carol, room.path('/threads'))
  assert.deepEqual(
    eventsIn(roots, 'chunk').map((event) => event.event_id),
    [root],
  )
  assert.equal((await room.related(carol, old)).answer.status, 404)
  await world.member(room.id, bob, 'leave')
  const reply = await room.relate(alice, 'm.thread', root)
  assert.deepEqual((await room.related(carol, root)).ids.includes(reply), true)
  const gone = (await room.server.get(bob, room.path('/threads'))).json['chunk'] as { unsigned: { 'm.relations': Bundle } }[]
  assert.deepEqual(
    gone.map(({ unsigned }) => names(unsigned['m.relations'])),
    [
      { edit: undefined, references: undefined, thread: [(await room.related(bob, root)).ids[0], 1, true] },
      { edit: undefined, references: undefined, thread: [last, 2, true] },
    ],
  )
})

test('threads are listed by their newest reply, in pages, and those of a user apart', async (t) => {
  const room = await open(t)
  const roots: EventId[] = []
  for (let n = 0; n < 4; n += 1) roots.push(await room.say(alice, `root ${n}`))
  const [a, b, c, d] = roots as [EventId, EventId, EventId, EventId]
  for (const root of [a, b, c, d, b]) await room.relate(root === c ? bob : alice, 'm.thread', root)
  const list = async (query: Record<string, string> = {}, reader = bob) => {
    const answer = await room.server.get(reader, room.path('/threads'), query)
    return { ids: eventsIn(answer, 'chunk').map((event) => event.event_id), next: answer.json['next_batch'] }
  }
  assert.deepEqual((await list()).ids, [b, d, c, a])
  const first = await list({ limit: '3' })
  assert.deepEqual(first.ids, [b, d, c])
  assert.deepEqual(await list({ limit: '3', from: String(first.next) }), { ids: [a], next: undefined })
  assert.deepEqual((await list({ include: 'participated' })).ids, [c])
  assert.deepEqual((await list({ include: 'participated' }, alice)).ids, [b, d, c, a])
  assert.equal((await room.server.get(carol, room.path('/threads'))).status, 403)
  assert.equal((await room.server.get(bob, room.path('/threads'), { from: 'x' })).status, 400)
})

test('the same reaction twice is refused, also before the first is durable; a thread in a thread as well', async (t) => {
  const room = await open(t)
  const root = await room.say(alice, 'root')
  const twice = await Promise.allSettled([room.react(bob, root, 'yes'), room.react(bob, root, 'yes')])
  assert.deepEqual(twice.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
  const duplicate = { code: 'M_DUPLICATE_ANNOTATION', status: 400 }
  await assert.rejects(room.react(bob, root, 'yes'), duplicate)
  await room.react(bob, root, 'no')
  await room.react(alice, root, 'yes')
  const [sent] = twice.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  assert.ok(sent !== undefined)
  await room.server.world.redact(room.id, bob, sent)
  await room.react(bob, root, 'yes')
  await assert.rejects(room.react(bob, root, 'yes'), duplicate)
  const reply = await room.relate(bob, 'm.thread', root)
  await assert.rejects(room.relate(bob, 'm.thread', reply), { code: 'M_UNKNOWN', status: 400 })
})

test('filters by relation', async (t) => {
  const room = await open(t)
  const one = await room.say(alice, 'one')
  const two = await room.say(alice, 'two')
  const reply = await room.relate(bob, 'm.thread', one)
  const reference = await room.relate(alice, 'm.reference', two)
  const found = async (filter: object) => {
    const messages = { dir: 'f', limit: '100', filter: JSON.stringify({ types: ['m.room.message'], ...filter }) }
    const answer = await room.server.get(bob, `/rooms/${encodeURIComponent(room.id)}/messages`, messages)
    const timeline = { room: { timeline: { types: ['m.room.message'], limit: 50, ...filter } } }
    const synced = (await room.server.world.sync(bob, { filter: timeline })).joined(room.id).timeline.events
    const ids = eventsIn(answer, 'chunk').map((event) => event.event_id)
    assert.deepEqual(
      synced.map((event) => event.event_id),
      ids,
    )
    return ids
  }
  assert.deepEqual(await found({ rel_types: ['m.thread'] }), [reply])
  assert.deepEqual(await found({ not_rel_types: ['m.thread'] }), [one, two, reference])
  assert.deepEqual(await found({ related_by_rel_types: ['m.thread'] }), [one])
  assert.deepEqual(await found({ related_by_senders: [alice] }), [two])
  assert.deepEqual(await found({ related_by_senders: [alice], related_by_rel_types: ['m.thread'] }), [])
})

test('threads are counted apart for those who ask, each read by receipts of its own', async (t) => {
  const room = await open(t)
  const { world } = room.server
  const root = await room.say(alice, 'one')
  const reply = await room.relate(alice, 'm.thread', root)
  await room.say(alice, 'bob?', { 'm.relates_to': { rel_type: 'm.thread', event_id: root } })
  await room.say(alice, 'two')
  const filter = { room: { timeline: { unread_thread_notifications: true } } }
  const apart = async () => {
    const { unread_notifications: main, unread_thread_notifications: threads } = (await world.sync(bob, { filter })).joined(room.id)
    return [main?.notification_count, threads?.[root]]
  }
  const together = async () => (await world.sync(bob)).joined(room.id).unread_notifications
  assert.deepEqual(await apart(), [2, { notification_count: 2, highlight_count: 1 }])
  assert.deepEqual(await together(), { notification_count: 4, highlight_count: 1 })
  await world.layer.readMarkers.set({ roomId: room.id, userId: bob, type: 'm.read', eventId: reply, thread: root })
  assert.deepEqual(await apart(), [2, { notification_count: 1, highlight_count: 1 }])
  await world.layer.readMarkers.set({ roomId: room.id, userId: bob, type: 'm.read', eventId: root, thread: 'main' })
  assert.deepEqual(await together(), { notification_count: 2, highlight_count: 1 })
  await room.relate(bob, 'm.thread', root)
  assert.deepEqual(await apart(), [1, undefined])
})
