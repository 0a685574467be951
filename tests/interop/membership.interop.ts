// Goal: leaving, kicking and banning take effect on both servers, whoever does it.
// Method: a room with a member on each server; each membership change is read on the other server.

import assert from 'node:assert/strict'
import { newUser } from './servers.ts'
import { assertSameState, scenario, sharedRoom } from './scenario.ts'

scenario('leave and join again', async (placement) => {
  const { roomId, alice, bob } = await sharedRoom(placement)
  await bob.leave(roomId)
  await alice.waitForRoom(roomId, "bob's leave", (room) => room.membership(bob.userId) === 'leave')
  await bob.join(roomId, [placement.host.serverName])
  await alice.waitForRoom(roomId, "bob's return", (room) => room.membership(bob.userId) === 'join')
  const eventId = await alice.sendText(roomId, 'welcome back')
  await bob.waitForEvent(roomId, eventId)
  await assertSameState(roomId, alice, bob)
})

scenario('a kick reaches the other server', async (placement) => {
  const { roomId, alice, bob } = await sharedRoom(placement)
  await alice.kick(roomId, bob.userId, 'enough')
  await bob.waitForRoom(roomId, 'the kick', (room) => room.section === 'leave' && room.membership(bob.userId) === 'leave')
  assert.equal(bob.view.room(roomId)?.stateContent('m.room.member', bob.userId)?.['reason'], 'enough')
  await assert.rejects(bob.sendText(roomId, 'but'), { name: 'MatrixError', errcode: 'M_FORBIDDEN' })
})

scenario('a moderator elsewhere kicks a user of the host', async (placement) => {
  const { roomId, alice, bob } = await sharedRoom(placement)
  const carol = await newUser(placement.host, 'carol')
  await carol.join(roomId)
  await bob.waitForRoom(roomId, "carol's join", (room) => room.membership(carol.userId) === 'join')
  await bob.kick(roomId, carol.userId)
  await carol.waitForRoom(roomId, 'the kick', (room) => room.section === 'leave')
  await assertSameState(roomId, alice, bob)
})

scenario('a ban holds until it is lifted', async (placement) => {
  const { roomId, alice, bob } = await sharedRoom(placement)
  await alice.ban(roomId, bob.userId)
  await bob.waitForRoom(roomId, 'the ban', (room) => room.membership(bob.userId) === 'ban')
  await assert.rejects(bob.join(roomId, [placement.host.serverName]), { name: 'MatrixError', errcode: 'M_FORBIDDEN' })
  await alice.unban(roomId, bob.userId)
  await bob.join(roomId, [placement.host.serverName])
  await alice.waitForRoom(roomId, "bob's return", (room) => room.membership(bob.userId) === 'join')
  await assertSameState(roomId, alice, bob)
})
