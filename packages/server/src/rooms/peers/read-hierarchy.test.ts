// Goal: what another server says of a space is taken only as far as it is about that space and of a bearable size.
// Method: a table of answers.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromPlain, isJsonObject, parseRoomId } from '@causeway/events'
import { spaceChildrenMax } from '../spaces/limits.ts'
import { readHierarchy, type RemoteSpace } from './read-hierarchy.ts'

const space = '!space:b'

function read(answer: unknown): RemoteSpace | undefined {
  const value = fromPlain(answer)
  const roomId = parseRoomId(space)
  assert.ok(isJsonObject(value) && roomId !== undefined)
  return readHierarchy(value, roomId)
}

function child(room: unknown, more: object = {}): object {
  return { type: 'm.space.child', state_key: room, sender: '@x:b', content: { via: ['b'] }, origin_server_ts: 1, ...more }
}

function answer(children: readonly unknown[], more: object = {}): object {
  return { room: { room_id: space, room_type: 'm.space', children_state: children }, children: [], inaccessible_children: [], ...more }
}

test('an answer about another room is none', () => {
  assert.equal(read({ room: { room_id: '!other:b' } }), undefined)
  assert.equal(read({ room: {} }), undefined)
  assert.equal(read({}), undefined)
  assert.equal(read({ room: [space] }), undefined)
})

test('what is no link to a room is left out', () => {
  const odd = [
    child('!a:b'),
    child('#b:b'),
    child(7),
    child('!c:b', { sender: 'nobody' }),
    child('!d:b', { content: {} }),
    child('!e:b', { content: { via: [] } }),
    child('!f:b', { content: { via: 'b' } }),
    child('!g:b', { content: { via: [1] } }),
    child('!h:b', { type: 'm.room.name' }),
    child('!i:b', { origin_server_ts: 'now' }),
    null,
  ]
  assert.deepEqual(
    read(answer(odd))?.children.map((link) => link.roomId),
    ['!a:b'],
  )
  assert.deepEqual(read({ ...answer([child('!a:b')]), room: { room_id: space, children_state: [child('!a:b')] } })?.children, [])
})

test('it describes only rooms that it links to', () => {
  const told = read(answer([child('!a:b')], { children: [{ room_id: '!a:b', name: 'A' }, { room_id: '!victim:c', name: 'Mine' }, 'x'] }))
  assert.deepEqual([...(told?.descriptions.keys() ?? [])], ['!a:b'])
})

test('lists and texts are cut', () => {
  const many = Array.from({ length: spaceChildrenMax + 5 }, (_, index) => child(`!${index}:b`))
  assert.equal(read(answer(many))?.children.length, spaceChildrenMax)
  const large = Array.from({ length: 20 }, (_, index) => child(`!${index}:b`, { content: { via: ['b'], x: 'x'.repeat(200_000) } }))
  assert.equal(read(answer(large))?.children.length, 4)
  const named = read({ room: { room_id: space, name: 'x'.repeat(70_000), topic: 'tea' } })
  assert.deepEqual([named?.room.name, named?.room.topic], [undefined, 'tea'])
})

test('children come by their order, then by time, then by room', () => {
  const ordered = [
    child('!d:b', { origin_server_ts: 5 }),
    child('!c:b', { origin_server_ts: 5 }),
    child('!z:b', { origin_server_ts: 4 }),
    child('!y:b', { content: { via: ['b'], order: 'b' } }),
    child('!x:b', { content: { via: ['b'], order: 'a' } }),
    child('!w:b', { content: { via: ['b'], order: 'ä' }, origin_server_ts: 0 }),
    child('!v:b', { content: { via: ['b'], order: 'a'.repeat(51) } }),
  ]
  assert.deepEqual(
    read(answer(ordered))?.children.map((link) => link.roomId),
    ['!x:b', '!y:b', '!w:b', '!v:b', '!z:b', '!c:b', '!d:b'],
  )
})
