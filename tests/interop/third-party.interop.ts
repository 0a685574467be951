// Goal: an invite by address is exchanged for one of a user between us and Synapse, whoever invites and whoever is in the room.
// Method: the room's creator names a key, as an identity server's answer would; the test signs with it, and tells the invited server.

import assert from 'node:assert/strict'
import { IdentityServer } from '../../packages/testkit/src/identity-server/identity-server.ts'
import { HttpOrigin } from '../../packages/testkit/src/client/http-origin.ts'
import type { MatrixClient } from '../../packages/testkit/src/client/matrix-client.ts'
import type { Homeserver } from '../../packages/testkit/src/processes/homeserver.ts'
import { newUser } from './servers.ts'
import { assertSameState, scenario, sharedRoom, type Placement } from './scenario.ts'

const token = 'a-token'

/** Tells a server, as an identity server does, that the invite was for this user of its. */
async function onBind(
  { servers }: Placement,
  server: Homeserver,
  identity: IdentityServer,
  room: string,
  from: MatrixClient,
  to: MatrixClient,
) {
  const origin = new HttpOrigin(`https://127.0.0.1:${server.federationPort}`, { ca: servers.ca })
  const [mxid, sender] = [to.userId, from.userId]
  const signed = identity.sign({ mxid, sender, token })
  const address = { medium: 'email', address: 'somebody@example.org' }
  const body = { ...address, mxid, invites: [{ ...address, mxid, room_id: room, sender, signed }] }
  try {
    const answer = await origin.request({ method: 'POST', path: '/_matrix/federation/v1/3pid/onbind', body })
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
  } finally {
    origin.close()
  }
}

async function inviteAddress(alice: MatrixClient, room: string): Promise<IdentityServer> {
  const identity = new IdentityServer('identity.example')
  const [key] = identity.publicKeys
  const content = { display_name: 's...', public_key: key, public_keys: [{ public_key: key }] }
  await alice.call('PUT', `v3/rooms/${encodeURIComponent(room)}/state/m.room.third_party_invite/${token}`, content)
  return identity
}

scenario('an invite by address reaches somebody whose server is not in the room', async (placement) => {
  const { host, guest, version } = placement
  const [alice, bob] = await Promise.all([newUser(host, 'alice'), newUser(guest, 'bob')])
  const room = await alice.createRoom({ preset: 'private_chat', room_version: version })
  const identity = await inviteAddress(alice, room)
  await onBind(placement, guest, identity, room, alice, bob)
  await bob.waitForRoom(room, 'the invite', (seen) => seen.section === 'invite')
  await bob.join(room, [host.serverName])
  await alice.waitForRoom(room, "bob's join", (seen) => seen.membership(bob.userId) === 'join')
  await bob.sync()
  await assertSameState(room, alice, bob)
})

scenario('an invite by address is made by the invited server, which is in the room', async (placement) => {
  const { roomId, alice, bob } = await sharedRoom(placement)
  const carol = await newUser(placement.guest, 'carol')
  const identity = await inviteAddress(alice, roomId)
  await bob.waitForRoom(roomId, 'the pending invite', (seen) => seen.stateContent('m.room.third_party_invite', token) !== undefined)
  await onBind(placement, placement.guest, identity, roomId, alice, carol)
  await carol.waitForRoom(roomId, 'the invite', (seen) => seen.section === 'invite')
  await alice.waitForRoom(roomId, "carol's invite", (seen) => seen.membership(carol.userId) === 'invite')
  await carol.join(roomId)
  await alice.waitForRoom(roomId, "carol's join", (seen) => seen.membership(carol.userId) === 'join')
  await assertSameState(roomId, alice, carol)
})
