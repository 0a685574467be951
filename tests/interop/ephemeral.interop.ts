// Goal: typing notices and read receipts cross servers, both ways; private receipts do not.
// Method: act on one server, long-poll /sync on the other.

import assert from 'node:assert/strict'
import { scenario, sharedRoom } from './scenario.ts'

scenario('typing starts and stops', async (placement) => {
  const { roomId, alice, bob } = await sharedRoom(placement)
  for (const [typist, reader] of [
    [alice, bob],
    [bob, alice],
  ] as const) {
    await typist.typing(roomId, true)
    await reader.waitForRoom(roomId, 'typing', (room) => room.typing.includes(typist.userId))
    await typist.typing(roomId, false)
    await reader.waitForRoom(roomId, 'the end of typing', (room) => !room.typing.includes(typist.userId))
  }
})

scenario('read receipts', async (placement) => {
  const { roomId, alice, bob } = await sharedRoom(placement)
  for (const [author, reader] of [
    [alice, bob],
    [bob, alice],
  ] as const) {
    const first = await author.sendText(roomId, 'read me in private')
    const second = await author.sendText(roomId, 'read me')
    await reader.waitForEvent(roomId, second)
    await reader.receipt(roomId, first, 'm.read.private')
    await reader.receipt(roomId, second)
    await author.waitForRoom(roomId, 'the receipt', (room) => room.readUpTo(reader.userId) === second)
    assert.equal(author.view.room(roomId)?.readUpTo(reader.userId, 'm.read.private'), undefined)
  }
})
