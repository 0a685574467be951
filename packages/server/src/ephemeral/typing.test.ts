// Goal: what another server says of typing is heard of its own users in the room, and ends without another word.
// Method: a clock that the test moves.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRoomId, parseServerName, parseUserId } from '@causeway/events'
import { HandClock } from '../http/edge.fixture.ts'
import { typingMsDefault } from './limits.ts'
import { Typing } from './typing.ts'

test('what another server says of typing ends by itself', async () => {
  const [roomId, userId, origin, other] = [
    parseRoomId('!r:here'),
    parseUserId('@bob:away'),
    parseServerName('away'),
    parseServerName('other'),
  ]
  assert.ok(roomId !== undefined && userId !== undefined && origin !== undefined && other !== undefined)
  const clock = new HandClock()
  let joined = false
  const typing = new Typing({
    clock,
    isJoined: () => Promise.resolve(joined),
    broadcast: () => assert.fail('what others said is not passed on'),
  })
  await typing.receive(origin, { roomId, userId, typing: true })
  joined = true
  await typing.receive(other, { roomId, userId, typing: true })
  assert.deepEqual(typing.usersIn(roomId), [])
  await typing.receive(origin, { roomId, userId, typing: true })
  clock.advance(typingMsDefault - 1)
  assert.deepEqual(typing.usersIn(roomId), [userId])
  const { serial } = typing
  clock.advance(1)
  assert.deepEqual(typing.usersIn(roomId), [])
  assert.ok(typing.changedSince(roomId, serial))
})
