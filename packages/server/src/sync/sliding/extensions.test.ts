// Goal: extensions give what is new of the rooms that they are asked about, and wake who waits; devices' parts come by their port.
// Method: rooms and /sync on a real SQLite file; requests as a client sends them; an extension that notes what it is asked.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventId, RoomId, UserId } from '@causeway/events'
import { locateEvent } from '../../rooms/history/room-membership.ts'
import type { ExtensionRequest, SyncSection } from '../sync-ports.ts'
import { alice, bob, World } from '../sync.fixture.ts'
import { list, Sliding } from './sliding.fixture.ts'

const two = { lists: { all: list({ ranges: [[0, 1]] }) } }

async function read(
  world: World,
  roomId: RoomId,
  userId: UserId,
  eventId: EventId,
  type: 'm.read' | 'm.read.private' = 'm.read',
): Promise<void> {
  const located = await locateEvent(world.engine, roomId, eventId)
  assert.ok(located)
  await world.layer.receipts.set({ roomId, userId, type, thread: '', eventId }, located)
}

function change(world: World, roomId: RoomId | '', type: string, content: object): Promise<void> {
  return world.ports.accountData.change({ userId: alice, roomId, type }, () => JSON.stringify(content))
}

function note(content: object): object[] {
  return [{ content, type: 'x.note' }]
}

test('account data: all at first, then what changes; of a room out of sight when it comes back', async (t) => {
  const world = await World.open(t)
  const sliding = new Sliding(world)
  const [one, other, third] = [await world.room(alice), await world.room(alice), await world.room(alice)]
  await change(world, one, 'x.note', { n: 1 })
  await change(world, '', 'x.global', { g: 1 })
  const body = { ...two, extensions: { account_data: { enabled: true } } }
  const first = await sliding.ask(alice, body)
  const { global, rooms } = first.extensions['account_data'] as { global: { type: string }[]; rooms: object }
  assert.deepEqual(global.map(({ type }) => type).sort(), ['m.push_rules', 'x.global'])
  assert.deepEqual(rooms, {})
  await world.say(one, alice, 'up')
  const second = await sliding.ask(alice, body, { pos: first.pos })
  assert.deepEqual(second.extensions['account_data'], { global: [], rooms: { [one]: note({ n: 1 }) } })
  const woken = sliding.ask(alice, body, { pos: second.pos, timeoutMs: 30_000 })
  await change(world, one, 'x.other', {})
  assert.deepEqual((await woken).extensions['account_data'], { global: [], rooms: { [one]: [{ content: {}, type: 'x.other' }] } })
  // Two others move it out of sight.
  await world.say(other, alice, 'up')
  await world.say(third, alice, 'up')
  const fourth = await sliding.ask(alice, body, { pos: (await woken).pos })
  await change(world, one, 'x.note', { n: 2 })
  const fifth = await sliding.ask(alice, body, { pos: fourth.pos })
  assert.deepEqual(fifth.extensions, {})
  await world.say(one, alice, 'up again')
  const sixth = await sliding.ask(alice, body, { pos: fifth.pos })
  assert.deepEqual(sixth.extensions['account_data'], { global: [], rooms: { [one]: note({ n: 2 }) } })
})

test('receipts: the own ones and those on shown events at first, then what changes, and nobody sees private ones', async (t) => {
  const world = await World.open(t)
  const sliding = new Sliding(world)
  const room = await world.room(alice)
  await world.member(room, bob, 'join')
  const old = await world.say(room, alice, 'old')
  await read(world, room, bob, old)
  await world.say(room, alice, 'new')
  const ids = (answer: { readonly extensions: Readonly<Record<string, unknown>> }): string[] => {
    const receipts = answer.extensions['receipts'] as { rooms: Record<string, { content: object }> } | undefined
    return Object.keys(receipts?.rooms[room]?.content ?? {})
  }
  const body = { lists: { all: list({ timeline_limit: 1 }) }, extensions: { receipts: { enabled: true } } }
  const first = await sliding.ask(alice, body)
  assert.deepEqual(ids(first), [])
  const waiting = sliding.ask(alice, body, { pos: first.pos, timeoutMs: 30_000 })
  const newest = await world.say(room, bob, 'newest')
  const second = await waiting
  const woken = sliding.ask(alice, body, { pos: second.pos, timeoutMs: 30_000 })
  await read(world, room, bob, newest)
  const third = await woken
  assert.deepEqual(ids(third), [newest])
  assert.deepEqual(third.rooms, {})
  await world.say(room, alice, 'last')
  await read(world, room, bob, (await world.engine.view(room))?.recent.at(-1)?.pdu.eventId ?? newest, 'm.read.private')
  assert.deepEqual(ids(await sliding.ask(alice, body, { pos: third.pos })), [])
})

test('typing wakes, for the rooms of the lists that the extension names', async (t) => {
  const world = await World.open(t)
  const sliding = new Sliding(world)
  const room = await world.room(alice)
  await world.member(room, bob, 'join')
  const body = (lists: string[]): object => ({ ...two, extensions: { typing: { enabled: true, lists } } })
  const first = await sliding.ask(alice, body(['*']))
  const woken = sliding.ask(alice, body(['all']), { pos: first.pos, timeoutMs: 30_000 })
  world.layer.typing.set({ roomId: room, userId: bob, typing: true, timeoutMs: 30_000 })
  const second = await woken
  assert.deepEqual(second.extensions['typing'], { rooms: { [room]: { content: { user_ids: [bob] }, type: 'm.typing' } } })
  assert.equal(second.pos.split('~')[0], first.pos.split('~')[0], 'no new generation is made for it')
  assert.deepEqual((await sliding.ask(alice, body(['none']), { pos: first.pos })).extensions, {})
  assert.deepEqual((await sliding.ask(alice, body(['all']), { pos: second.pos })).extensions, {})
  world.layer.typing.set({ roomId: room, userId: bob, typing: false, timeoutMs: 0 })
  const third = await sliding.ask(alice, body(['all']), { pos: second.pos })
  assert.deepEqual(third.extensions['typing'], { rooms: { [room]: { content: { user_ids: [] }, type: 'm.typing' } } })
})

test('who types is told again of a room that comes back into sight', async (t) => {
  const world = await World.open(t)
  const sliding = new Sliding(world)
  const [room, other] = [await world.room(alice), await world.room(alice)]
  await world.member(room, bob, 'join')
  await world.say(room, alice, 'up')
  const body = { lists: { all: list({ ranges: [[0, 0]] }) }, extensions: { typing: { enabled: true } } }
  const first = await sliding.ask(alice, body)
  world.layer.typing.set({ roomId: room, userId: bob, typing: true, timeoutMs: 30_000 })
  const second = await sliding.ask(alice, body, { pos: first.pos })
  assert.deepEqual(second.extensions['typing'], { rooms: { [room]: { content: { user_ids: [bob] }, type: 'm.typing' } } })
  await world.say(other, alice, 'up')
  world.layer.typing.set({ roomId: room, userId: bob, typing: false, timeoutMs: 0 })
  const third = await sliding.ask(alice, body, { pos: second.pos })
  assert.deepEqual(Object.keys(third.rooms), [other])
  await world.say(room, alice, 'up again')
  const fourth = await sliding.ask(alice, body, { pos: third.pos })
  assert.deepEqual(fourth.extensions['typing'], { rooms: { [room]: { content: { user_ids: [] }, type: 'm.typing' } } })
})

test('messages to the device go by a token of their own', async (t) => {
  const asked: ExtensionRequest[] = []
  const extension = async (request: ExtensionRequest): Promise<readonly SyncSection[]> => {
    asked.push(request)
    return [
      { name: 'to_device', json: '{"events":[1]}', news: true },
      { name: 'device_lists', json: '{"changed":[]}', news: false },
      { name: 'device_one_time_keys_count', json: '{}', news: false },
    ]
  }
  const world = await World.open(t, { extensions: [extension] })
  const sliding = new Sliding(world)
  await world.room(alice)
  const ask = (toDevice: object, pos?: string) =>
    sliding.ask(
      alice,
      { ...two, extensions: { to_device: { enabled: true, ...toDevice }, e2ee: { enabled: true } } },
      pos === undefined ? {} : { pos },
    )
  const first = await ask({ limit: 5 })
  const { next_batch: next, events } = first.extensions['to_device'] as { next_batch: string; events: unknown[] }
  assert.deepEqual(events, [1])
  assert.deepEqual(first.extensions['e2ee'], { device_lists: { changed: [] }, device_one_time_keys_count: {} })
  assert.deepEqual(
    asked.map(({ since, limit, wants }) => [since, limit, wants?.has('to_device')]),
    [
      [undefined, 5, true],
      [undefined, undefined, false],
    ],
  )
  asked.length = 0
  await world.room(alice)
  await ask({ since: next }, first.pos)
  const positions = world.layer.sync.tokens.parse(next)
  assert.ok(positions?.kind === 'stream')
  assert.deepEqual(asked[0]?.since, positions.point.positions)
  // A connection that is new to lists but not to messages keeps what was acknowledged.
  asked.length = 0
  await ask({ since: next })
  assert.deepEqual(
    asked.map(({ since }) => since),
    [positions.point.positions, undefined],
  )
  await assert.rejects(ask({ since: 'nonsense' }), { code: 'M_INVALID_PARAM' })
  assert.deepEqual((await sliding.ask(alice, two)).extensions, {})
})
