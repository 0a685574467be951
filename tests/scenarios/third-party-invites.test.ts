// Goal: people are invited by an address of theirs, whoever they turn out to be, and whichever servers are in the room.
// Method: plays in a simulated world with an identity server in it.
import assert from 'node:assert/strict'
import type { JsonObject } from '@causeway/events'
import { objectAt, objectsAt, stringAt } from '../../packages/testkit/src/client/json.ts'
import { identityToken, IdentityServer } from '../../packages/testkit/src/identity-server/identity-server.ts'
import { scenario, type World } from '../../packages/testkit/src/scenario/scenario.ts'
import type { SimServer } from '../../packages/testkit/src/scenario/sim-server.ts'
import { SimRefused, type SimUser } from '../../packages/testkit/src/scenario/sim-user.ts'

const address = 'bob@example.org'

function identityIn(world: World): IdentityServer {
  const identity = new IdentityServer('identity.example')
  world.network.attach(identity.name, async ({ method, path, headers, body }) => {
    const asked: unknown = body === undefined ? undefined : JSON.parse(body)
    const answer = identity.answer({ method, path, body: asked, authorization: headers['authorization'] ?? '' })
    return { status: answer?.status ?? 404, body: JSON.stringify(answer?.body ?? {}) }
  })
  return identity
}

function inviteAddress(user: SimUser, room: string, change: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
  const body = { id_server: 'identity.example', id_access_token: identityToken, medium: 'email', address, ...change }
  return user.request('POST', `/rooms/${encodeURIComponent(room)}/invite`, body)
}

async function onBind(server: SimServer, body: JsonObject): Promise<number> {
  const path = '/_matrix/federation/v1/3pid/onbind'
  return (await server.answer({ method: 'PUT', path, headers: {}, body: JSON.stringify(body) })).status
}

async function invitedTo(user: SimUser): Promise<string[]> {
  return Object.keys(objectAt(await user.request('GET', '/sync'), 'rooms', 'invite'))
}

function memberIn(user: SimUser, room: string, who: SimUser): Promise<Readonly<Record<string, unknown>>> {
  return user.request('GET', `/rooms/${encodeURIComponent(room)}/state/m.room.member/${encodeURIComponent(who.userId)}`)
}

const refusedWith = (code: string, status: number) => (error: unknown) =>
  error instanceof SimRefused && error.code === code && error.status === status

scenario('an address that is bound is invited as its user, wherever they are', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const identity = identityIn(world)
  const [alice, dave, bob] = [await world.act(a.user('alice')), await world.act(a.user('dave')), await world.act(b.user('bob'))]
  identity.bind('dave@example.org', dave.userId)
  identity.bind(address, bob.userId)
  const room = await world.act(alice.createRoom({ preset: 'private_chat' }))
  await world.act(inviteAddress(alice, room, { address: 'Dave@Example.org' }))
  await world.act(inviteAddress(alice, room))
  for (const user of [dave, bob]) {
    assert.deepEqual(await world.act(invitedTo(user)), [room])
    await world.act(user.join(room))
  }
  assert.deepEqual(identity.kept, [])
  // The address itself is not told, only a hash of it.
  assert.ok(!JSON.stringify(identity.requests).includes('example.org'))
})

for (const version of ['1', '11', '12']) {
  scenario(`an address that is nobody's yet is invited by the proof of whoever it becomes: here (version ${version})`, async (world) => {
    const a = await world.server('a')
    const identity = identityIn(world)
    const [alice, bob] = [await world.act(a.user('alice')), await world.act(a.user('bob'))]
    const room = await world.act(alice.createRoom({ preset: 'private_chat', version }))
    await world.act(alice.setState(room, 'm.room.name', { name: 'Kitchen' }))
    await world.act(inviteAddress(alice, room))
    const [kept] = identity.kept
    const { room_name: name, sender, room_join_rules: rule } = kept ?? {}
    assert.deepEqual([name, sender, rule], ['Kitchen', alice.userId, 'invite'])
    const token = identity.tokenOf(address)
    const pending = await world.act(alice.request('GET', `/rooms/${encodeURIComponent(room)}/state/m.room.third_party_invite/${token}`))
    assert.deepEqual(
      objectsAt(pending, 'public_keys').map((key) => key['public_key']),
      identity.publicKeys,
    )
    assert.equal(pending['display_name'], 'b...@e...')

    const told = identity.bind(address, bob.userId, 'ephemeral')
    assert.equal(await world.act(onBind(a, told)), 200)
    assert.deepEqual(await world.act(invitedTo(bob)), [room])
    const invite = await world.act(memberIn(alice, room, bob))
    assert.equal(stringAt(invite, 'third_party_invite', 'display_name'), 'b...@e...')
    await world.act(bob.join(room))
    // Told again, it changes nothing: who is in the room is not made an invited person.
    assert.equal(await world.act(onBind(a, told)), 200)
    assert.equal((await world.act(memberIn(alice, room, bob)))['membership'], 'join')
  })
}

for (const version of ['2', '11', '12']) {
  scenario(`the same on another server, which has the inviter's make the invite (version ${version})`, async (world) => {
    const [a, b] = [await world.server('a'), await world.server('b')]
    const identity = identityIn(world)
    const [alice, bob] = [await world.act(a.user('alice')), await world.act(b.user('bob'))]
    const room = await world.act(alice.createRoom({ preset: 'private_chat', version }))
    await world.act(inviteAddress(alice, room))
    assert.equal(await world.act(onBind(b, identity.bind(address, bob.userId))), 200)
    assert.deepEqual(await world.act(invitedTo(bob)), [room])
    await world.act(bob.join(room))
    await world.settle()
    assert.equal((await world.act(memberIn(alice, room, bob)))['membership'], 'join')
  })

  scenario(`the same on another server, which is in the room and makes the invite itself (version ${version})`, async (world) => {
    const [a, b, c] = [await world.server('a'), await world.server('b'), await world.server('c')]
    const identity = identityIn(world)
    const [alice, carol] = [await world.act(a.user('alice')), await world.act(b.user('carol'))]
    const [bob, other] = [await world.act(b.user('bob')), await world.act(c.user('other'))]
    const room = await world.act(alice.createRoom({ preset: 'private_chat', version }))
    for (const user of [carol, other]) {
      await world.act(alice.invite(room, user))
      await world.act(user.join(room))
    }
    await world.act(inviteAddress(alice, room))
    await world.settle()
    assert.equal(await world.act(onBind(b, identity.bind(address, bob.userId))), 200)
    assert.deepEqual(await world.act(invitedTo(bob)), [room])
    await world.settle()
    for (const user of [alice, other]) assert.equal((await world.act(memberIn(user, room, bob)))['membership'], 'invite')
    await world.act(bob.join(room))
    await world.settle()
    assert.deepEqual(await alice.state(room), await other.state(room))
    assert.equal((await world.act(memberIn(other, room, bob)))['membership'], 'join')
  })
}

scenario('an inviting server that is away is asked again when the identity server tells once more', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const identity = identityIn(world)
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(b.user('bob'))]
  const room = await world.act(alice.createRoom({ preset: 'private_chat' }))
  await world.act(inviteAddress(alice, room))
  const told = identity.bind(address, bob.userId)
  world.cut(a, b)
  assert.equal(await world.act(onBind(b, told)), 502)
  world.heal()
  assert.equal(await world.act(onBind(b, told)), 200)
  assert.deepEqual(await world.act(invitedTo(bob)), [room])
})

scenario('a key that was called back invites nobody, one that is still valid does', async (world) => {
  const a = await world.server('a')
  const identity = identityIn(world)
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(a.user('bob'))]
  const room = await world.act(alice.createRoom({ preset: 'private_chat' }))
  await world.act(inviteAddress(alice, room))
  const [longTerm = ''] = identity.publicKeys
  identity.revoked.add(longTerm)
  assert.equal(await world.act(onBind(a, identity.bind(address, bob.userId))), 200)
  assert.deepEqual(await world.act(invitedTo(bob)), [])
  assert.equal(await world.act(onBind(a, identity.bind(address, bob.userId, 'ephemeral'))), 200)
  assert.deepEqual(await world.act(invitedTo(bob)), [room])
})

scenario('a room is made with invites of addresses, and joined with the proof at once', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const identity = identityIn(world)
  const [alice, bob, mallory] = [await world.act(a.user('alice')), await world.act(b.user('bob')), await world.act(b.user('mallory'))]
  const invite = { id_server: identity.name, id_access_token: identityToken, medium: 'email', address }
  const made = await world.act(alice.request('POST', '/createRoom', { preset: 'private_chat', invite_3pid: [invite] }))
  const room = stringAt(made, 'room_id')
  const proof = { mxid: bob.userId, sender: alice.userId, token: identity.tokenOf(address) }
  const join = (user: SimUser, signed: unknown): Promise<unknown> =>
    user.request('POST', `/join/${encodeURIComponent(room)}?via=a`, { third_party_signed: signed })
  await assert.rejects(world.act(join(mallory, identity.sign(proof))), refusedWith('M_INVALID_PARAM', 400))
  await assert.rejects(world.act(join(bob, identity.sign({ ...proof, token: 'another' }))), refusedWith('M_FORBIDDEN', 403))
  await world.act(join(bob, identity.sign(proof)))
  await world.settle()
  assert.equal((await world.act(memberIn(alice, room, bob)))['membership'], 'join')
})

scenario('nobody is asked about an address by whom who may not invite, nor an identity server that is none', async (world) => {
  const a = await world.server('a', { CAUSEWAY_IDENTITY_SERVERS: 'identity.example' })
  const identity = identityIn(world)
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(a.user('bob'))]
  const room = await world.act(alice.createRoom({ preset: 'public_chat' }))
  await assert.rejects(world.act(inviteAddress(bob, room)), refusedWith('M_FORBIDDEN', 403))
  await world.act(bob.join(room))
  await assert.rejects(world.act(inviteAddress(bob, room)), refusedWith('M_FORBIDDEN', 403))
  assert.deepEqual(identity.requests, [])
  const cases: readonly (readonly [Readonly<Record<string, unknown>>, string, number])[] = [
    [{ medium: undefined }, 'M_MISSING_PARAM', 400],
    [{ id_access_token: undefined }, 'M_MISSING_PARAM', 400],
    [{ id_access_token: 'a b' }, 'M_BAD_JSON', 400],
    [{ id_server: 'identity.example/path' }, 'M_INVALID_PARAM', 400],
    [{ id_server: 'other.example' }, 'M_SERVER_NOT_TRUSTED', 403],
    // The identity server's 401 must not log our user out.
    [{ id_access_token: 'wrong' }, 'M_FORBIDDEN', 403],
  ]
  for (const [change, code, status] of cases) {
    await assert.rejects(world.act(inviteAddress(alice, room, change)), refusedWith(code, status), JSON.stringify(change))
  }
  world.network.detach(identity.name)
  await assert.rejects(world.act(inviteAddress(alice, room)), refusedWith('M_UNKNOWN', 502))
  assert.deepEqual(identity.kept, [])
})
