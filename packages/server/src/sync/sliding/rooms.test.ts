// Goal: entries of rooms by membership: joined, invited, left, banned; what they are called; which list has them.
// Method: rooms and /sync on a real SQLite file; requests as a client sends them, answers as it reads them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventId, RoomId, UserId } from '@causeway/events'
import { locateEvent } from '../../rooms/history/room-membership.ts'
import { alice, bob, names, user, World } from '../sync.fixture.ts'
import { entryOf, list, Sliding } from './sliding.fixture.ts'

const carol = user('carol')
const body = {
  lists: {
    all: list({
      required_state: [
        ['m.room.topic', ''],
        ['m.room.member', '$LAZY'],
      ],
    }),
  },
}

test('an invite shows its stripped state, joining the room', async (t) => {
  const world = await World.open(t)
  const sliding = new Sliding(world)
  const room = await world.room(alice, { name: 'Tea' })
  await world.say(room, alice, 'secret')
  const first = await sliding.ask(bob, body)
  await world.engine.settled(room)
  assert.deepEqual(first.rooms, {})
  await world.member(room, bob, 'invite', alice)
  const invited = await sliding.ask(bob, body, { pos: first.pos })
  const entry = entryOf(invited, room)
  assert.equal(entry.membership, 'invite')
  assert.equal(entry.name, 'Tea')
  assert.equal(entry.timeline, undefined)
  assert.ok(names(entry.invite_state).includes(`member ${bob} invite`))
  await world.say(room, alice, 'more')
  const quiet = await sliding.ask(bob, body, { pos: invited.pos })
  assert.deepEqual(quiet.rooms, {})
  await world.member(room, bob, 'join')
  const joined = await sliding.ask(bob, body, { pos: quiet.pos })
  assert.equal(entryOf(joined, room).initial, true)
  assert.equal(entryOf(joined, room).joined_count, 2)
  assert.deepEqual(names(entryOf(joined, room).timeline).slice(-1), [`member ${bob} join`])
})

test('who is banned learns of it, and of nothing that comes after it', async (t) => {
  const world = await World.open(t)
  const sliding = new Sliding(world)
  const room = await world.room(alice, { topic: 'before' })
  await world.member(room, bob, 'join')
  const first = await sliding.ask(bob, body)
  await world.member(room, bob, 'ban', alice)
  await world.send(room, alice, 'm.room.topic', { topic: 'after' }, '')
  await world.member(room, carol, 'join')
  const banned = await sliding.ask(bob, body, { pos: first.pos })
  const entry = entryOf(banned, room)
  assert.equal(entry.membership, 'ban')
  assert.deepEqual(names(entry.timeline), [`member ${bob} ban`])
  assert.ok(!names(entry.required_state).includes('topic'))
  assert.equal(entry.joined_count, undefined)
  await world.send(room, alice, 'm.room.topic', { topic: 'later' }, '')
  const quiet = await sliding.ask(bob, body, { pos: banned.pos })
  assert.deepEqual(quiet.rooms, {})
  // A new connection sees the room as it was left behind.
  const fresh = entryOf(await sliding.ask(bob, body), room)
  assert.equal(fresh.required_state?.find((event) => event.type === 'm.room.topic')?.content['topic'], 'before')
  assert.deepEqual(names(fresh.timeline).slice(-1), [`member ${bob} ban`])
})

test('who leaves is told once', async (t) => {
  const world = await World.open(t)
  const sliding = new Sliding(world)
  const room = await world.room(alice)
  await world.member(room, bob, 'join')
  const first = await sliding.ask(bob, body)
  await world.member(room, bob, 'leave')
  const left = await sliding.ask(bob, body, { pos: first.pos })
  assert.equal(entryOf(left, room).membership, 'leave')
  assert.deepEqual(names(entryOf(left, room).timeline), [`member ${bob} leave`])
  const after = await sliding.ask(bob, body, { pos: left.pos })
  assert.deepEqual(after.rooms, {})
  assert.equal(after.lists['all']?.count, 0)
  assert.deepEqual((await sliding.ask(bob, body)).rooms, {})
})

test('E08: what is no string is left out of names, and heroes stand in for a name', async (t) => {
  const world = await World.open(t)
  const sliding = new Sliding(world)
  const room = await world.room(alice)
  await world.member(room, bob, 'join')
  await world.send(room, bob, 'm.room.member', { membership: 'join', displayname: { no: 1 }, avatar_url: 'mxc://here/b' }, bob)
  await world.send(room, alice, 'm.room.name', { name: ['no'] }, '')
  await world.send(room, alice, 'm.room.avatar', { url: 7 }, '')
  const first = await sliding.ask(alice, body)
  const entry = entryOf(first, room)
  assert.equal('name' in entry, false)
  assert.equal('avatar' in entry, false)
  assert.deepEqual(entry.heroes, [{ user_id: bob, avatar_url: 'mxc://here/b' }])
  await world.send(room, alice, 'm.room.name', { name: 'Named' }, '')
  await world.send(room, alice, 'm.room.avatar', { url: 'mxc://here/r' }, '')
  const second = await sliding.ask(alice, body, { pos: first.pos })
  assert.equal(entryOf(second, room).name, 'Named')
  assert.equal(entryOf(second, room).avatar, 'mxc://here/r')
  assert.equal(entryOf(second, room).heroes, undefined)
  await world.send(room, alice, 'm.room.avatar', {}, '')
  const third = await sliding.ask(alice, body, { pos: second.pos })
  assert.equal(entryOf(third, room).avatar, null)
})

test('unread counts come with messages and with the own receipt', async (t) => {
  const world = await World.open(t)
  const sliding = new Sliding(world)
  const room = await world.room(alice)
  await world.member(room, bob, 'join')
  const first = await sliding.ask(bob, body)
  const said = await world.say(room, alice, 'hello bob')
  const second = await sliding.ask(bob, body, { pos: first.pos })
  assert.equal(entryOf(second, room).notification_count, 1)
  assert.equal(entryOf(second, room).highlight_count, 1)
  await read(world, room, bob, said)
  const third = await sliding.ask(bob, body, { pos: second.pos })
  assert.equal(entryOf(third, room).notification_count, 0)
})

async function read(world: World, roomId: RoomId, userId: UserId, eventId: EventId): Promise<void> {
  const located = await locateEvent(world.engine, roomId, eventId)
  assert.ok(located)
  await world.layer.receipts.set({ roomId, userId, type: 'm.read', thread: '', eventId }, located)
}

test('lists are filtered', async (t) => {
  const world = await World.open(t)
  const sliding = new Sliding(world)
  const plain = await world.room(alice, { name: 'Plain talk' })
  const encrypted = await world.room(alice, {
    initialState: [{ type: 'm.room.encryption', stateKey: '', content: { algorithm: 'm.megolm.v1.aes-sha2' } }],
  })
  const space = await world.room(alice, { creationContent: { type: 'm.space' } })
  await world.send(space, alice, 'm.space.child', { via: ['here'] }, plain)
  const invite = await world.room(bob)
  await world.member(invite, alice, 'invite', bob)
  const change = (roomId: typeof plain | '', type: string, content: object) =>
    world.ports.accountData.change({ userId: alice, roomId, type }, () => JSON.stringify(content))
  await change('', 'm.direct', { [bob]: [encrypted] })
  await change(plain, 'm.tag', { tags: { 'm.favourite': {} } })
  const ask = async (filters: object): Promise<string[]> =>
    Object.keys((await sliding.ask(alice, { lists: { l: list({ filters }) } })).rooms)
  const cases: [object, string[]][] = [
    [{}, [invite, space, encrypted, plain]],
    [{ is_dm: true }, [encrypted]],
    [{ is_dm: false, is_invite: false }, [space, plain]],
    [{ is_encrypted: true }, [encrypted]],
    [{ is_encrypted: false }, [invite, space, plain]],
    [{ is_invite: true }, [invite]],
    [{ room_types: ['m.space'] }, [space]],
    [{ room_types: [null] }, [invite, encrypted, plain]],
    [{ not_room_types: ['m.space'] }, [invite, encrypted, plain]],
    [{ room_types: ['m.space'], not_room_types: ['m.space'] }, []],
    [{ room_name_like: 'TALK' }, [plain]],
    [{ tags: ['m.favourite'] }, [plain]],
    [{ not_tags: ['m.favourite'] }, [invite, space, encrypted]],
    [{ spaces: [space] }, [plain]],
  ]
  for (const [filters, expected] of cases) assert.deepEqual(new Set(await ask(filters)), new Set(expected), JSON.stringify(filters))
  // Facts follow the room.
  await world.send(plain, alice, 'm.room.encryption', { algorithm: 'm.megolm.v1.aes-sha2' }, '')
  assert.deepEqual(new Set(await ask({ is_encrypted: true })), new Set([encrypted, plain]))
})
