// Goal: users of one server join rooms of the other, by alias and by invitation, and both servers then know the same room.
// Method: real servers, the Client-Server API on both; the whole state is compared event by event.

import assert from 'node:assert/strict'
import { newUser } from './servers.ts'
import { assertSameState, publicRoom, scenario } from './scenario.ts'

scenario('join by alias', async ({ host, guest, version }) => {
  const [alice, bob] = await Promise.all([newUser(host, 'alice'), newUser(guest, 'bob')])
  const aliasName = alice.userId.slice(1).split(':')[0]
  const roomId = await publicRoom(alice, version, [], { room_alias_name: aliasName, name: 'Found by its alias' })
  assert.equal(await bob.join(`#${aliasName}:${host.serverName}`), roomId)
  await alice.waitForRoom(roomId, "bob's join", (room) => room.membership(bob.userId) === 'join')
  await bob.waitForRoom(
    roomId,
    'the name',
    (room) => room.section === 'join' && room.stateContent('m.room.name')?.['name'] === 'Found by its alias',
  )
  assert.deepEqual((await bob.joinedMembers(roomId)).sort(), [alice.userId, bob.userId].sort())
  await assertSameState(roomId, alice, bob)
})

scenario('accept an invitation to a private room', async ({ host, guest, version }) => {
  const [alice, bob] = await Promise.all([newUser(host, 'alice'), newUser(guest, 'bob')])
  const roomId = await alice.createRoom({ preset: 'private_chat', room_version: version, name: 'By invitation' })
  await alice.invite(roomId, bob.userId)
  await bob.waitForRoom(roomId, 'the invitation', (room) => room.section === 'invite' && room.membership(bob.userId) === 'invite')
  assert.equal(bob.view.room(roomId)?.stateContent('m.room.name')?.['name'], 'By invitation')
  await bob.join(roomId)
  await alice.waitForRoom(roomId, "bob's join", (room) => room.membership(bob.userId) === 'join')
  await bob.waitForRoom(roomId, 'the room', (room) => room.section === 'join')
  await assertSameState(roomId, alice, bob)
})

scenario('decline an invitation', async ({ host, guest, version }) => {
  const [alice, bob] = await Promise.all([newUser(host, 'alice'), newUser(guest, 'bob')])
  const roomId = await alice.createRoom({ preset: 'private_chat', room_version: version })
  await alice.invite(roomId, bob.userId)
  await bob.waitForRoom(roomId, 'the invitation', (room) => room.section === 'invite')
  await bob.leave(roomId)
  await alice.waitForRoom(roomId, "bob's refusal", (room) => room.membership(bob.userId) === 'leave')
})

scenario('a private room stays closed', async ({ host, guest, version }) => {
  const [alice, bob] = await Promise.all([newUser(host, 'alice'), newUser(guest, 'bob')])
  const roomId = await alice.createRoom({ preset: 'private_chat', room_version: version })
  await assert.rejects(bob.join(roomId, [host.serverName]), { name: 'MatrixError', errcode: 'M_FORBIDDEN' })
})
