// Goal: state set on either server is the same on both, and power levels are obeyed by both.
// Method: set state through one server, read it through the other, compare the whole state.

import assert from 'node:assert/strict'
import { newUser } from './servers.ts'
import { assertSameState, scenario, sharedRoom } from './scenario.ts'

scenario('state set on either server', async (placement) => {
  const { roomId, alice, bob } = await sharedRoom(placement)
  await alice.sendState(roomId, 'm.room.name', { name: 'From the host' })
  await bob.waitForRoom(roomId, 'the name', (room) => room.stateContent('m.room.name')?.['name'] === 'From the host')
  await bob.sendState(roomId, 'm.room.topic', { topic: 'From the guest' })
  await alice.waitForRoom(roomId, 'the topic', (room) => room.stateContent('m.room.topic')?.['topic'] === 'From the guest')
  await bob.sendState(roomId, 'org.example.keyed', { value: 1 }, 'a key / with "signs" 🔑')
  await alice.waitForRoom(roomId, 'keyed state', (room) => room.stateContent('org.example.keyed', 'a key / with "signs" 🔑') !== undefined)
  await alice.sendState(roomId, 'm.room.topic', { topic: 'Changed again' })
  await bob.waitForRoom(roomId, 'the second topic', (room) => room.stateContent('m.room.topic')?.['topic'] === 'Changed again')
  await assertSameState(roomId, alice, bob)
})

scenario('power levels bind both servers', async (placement) => {
  const { roomId, alice, bob } = await sharedRoom(placement)
  const carol = await newUser(placement.guest, 'carol')
  await carol.join(roomId, [placement.host.serverName])
  await alice.waitForRoom(roomId, "carol's join", (room) => room.membership(carol.userId) === 'join')
  await assert.rejects(carol.sendState(roomId, 'm.room.topic', { topic: 'no' }), { name: 'MatrixError', errcode: 'M_FORBIDDEN' })

  const levels = await alice.state(roomId, 'm.room.power_levels')
  const users = { ...(typeof levels['users'] === 'object' ? levels['users'] : {}), [carol.userId]: 50 }
  const promotion = await alice.sendState(roomId, 'm.room.power_levels', { ...levels, users })
  await carol.waitForEvent(roomId, promotion)
  const topic = await carol.sendState(roomId, 'm.room.topic', { topic: 'yes' })
  await Promise.all([alice.waitForEvent(roomId, topic), bob.waitForEvent(roomId, topic)])
  await assertSameState(roomId, alice, carol)
})

scenario('a changed display name and its profile', async (placement) => {
  const { roomId, alice, bob } = await sharedRoom(placement)
  for (const [user, reader] of [
    [alice, bob],
    [bob, alice],
  ] as const) {
    const name = `The renamed ${user.userId}`
    await user.setDisplayName(name)
    await reader.waitForRoom(roomId, 'the new name', (room) => room.stateContent('m.room.member', user.userId)?.['displayname'] === name)
    assert.equal((await reader.profile(user.userId))['displayname'], name)
  }
  await assertSameState(roomId, alice, bob)
})
