// Goal: what is sent while the other server is away reaches it afterwards; a partition ends with one state on both sides.
// Method: stop and start a server; cut and mend the link between two servers while both change the room.

import assert from 'node:assert/strict'
import type { MatrixClient } from '../../packages/testkit/src/client/matrix-client.ts'
import { newUser } from './servers.ts'
import { assertSameState, scenario, sharedRoom } from './scenario.ts'

scenario(
  'a message sent while the other server is stopped',
  async (placement) => {
    const { roomId, alice, bob } = await sharedRoom(placement)
    await placement.guest.stop()
    const missed = [await alice.sendText(roomId, 'are you there?'), await alice.sendText(roomId, 'hello?')]
    await alice.sendState(roomId, 'm.room.topic', { topic: 'Changed meanwhile' })
    await placement.guest.start()
    // The sender may be waiting for the next try; hearing from the other server ends the wait.
    const back = await bob.sendText(roomId, 'I am back')
    await alice.waitForEvent(roomId, back)
    for (const eventId of missed) assert.equal((await bob.waitForEvent(roomId, eventId)).sender, alice.userId)
    await assertSameState(roomId, alice, bob)
  },
  ['12'],
)

scenario('a partition in which both sides change the room', async (placement) => {
  const { servers } = placement
  const { roomId, alice, bob } = await sharedRoom(placement)
  const [carol, dave] = await Promise.all([newUser(placement.host, 'carol'), newUser(placement.guest, 'dave')])
  await Promise.all([carol.join(roomId), dave.join(roomId, [placement.host.serverName])])
  for (const user of [alice, bob]) {
    await user.waitForRoom(roomId, 'both joins', (room) => [carol, dave].every(({ userId }) => room.membership(userId) === 'join'))
  }
  await assertSameState(roomId, alice, bob)

  const words: string[] = []
  servers.partition()
  try {
    // Each side: a message, the same state differently, its own state, and a member's fate that the other side does not know.
    words.push(await alice.sendText(roomId, 'on the side of the host'))
    await alice.sendState(roomId, 'm.room.topic', { topic: 'Topic of the host' })
    await alice.sendState(roomId, 'org.example.host', { side: 'host' })
    await alice.kick(roomId, carol.userId)
    words.push(await bob.sendText(roomId, 'on the side of the guest'))
    await bob.sendState(roomId, 'm.room.topic', { topic: 'Topic of the guest' })
    await bob.sendState(roomId, 'm.room.name', { name: 'Name by the guest' })
    await bob.ban(roomId, dave.userId)
    const levels = await alice.state(roomId, 'm.room.power_levels')
    await alice.sendState(roomId, 'm.room.power_levels', { ...levels, invite: 50 })
    await bob.sendState(roomId, 'm.room.topic', { topic: 'Last topic of the guest' })
    assert.deepEqual(await knownTo(alice, roomId, words), [true, false])
    assert.deepEqual(await knownTo(bob, roomId, words), [false, true])
  } finally {
    servers.mend()
  }

  const fromHost = await alice.sendText(roomId, 'together again, says the host')
  const fromGuest = await bob.sendText(roomId, 'together again, says the guest')
  await Promise.all([bob.waitForEvent(roomId, fromHost), alice.waitForEvent(roomId, fromGuest)])
  const state = await assertSameState(roomId, alice, bob)
  assert(
    state.some((line) => line.startsWith('org.example.host|') && line.includes('host')),
    'unconflicted state of one side is kept',
  )
  const membership = async (userId: string): Promise<unknown> => (await alice.state(roomId, 'm.room.member', userId))['membership']
  assert.deepEqual([await membership(carol.userId), await membership(dave.userId)], ['leave', 'ban'])

  for (const user of [alice, bob]) assert.deepEqual(await knownTo(user, roomId, words), [true, true])

  const after = await bob.sendText(roomId, 'and the room goes on')
  await alice.waitForEvent(roomId, after)
})

/** Which of the events a client's server has. */
function knownTo(client: MatrixClient, roomId: string, eventIds: readonly string[]): Promise<boolean[]> {
  const known = async (eventId: string): Promise<boolean> => {
    const answer = await client.request('GET', `v3/rooms/${encodeURIComponent(roomId)}/event/${encodeURIComponent(eventId)}`)
    return answer.status === 200
  }
  return Promise.all(eventIds.map(known))
}
