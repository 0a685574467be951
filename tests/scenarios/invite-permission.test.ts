// Goal: whoever wants no invites gets none, from wherever, and whoever sends them is told; too many stop (attack D24).
// Method: plays in a simulated world.
import assert from 'node:assert/strict'
import { objectAt } from '../../packages/testkit/src/client/json.ts'
import { scenario } from '../../packages/testkit/src/scenario/scenario.ts'
import { simPassword } from '../../packages/testkit/src/scenario/sim-server.ts'
import { SimRefused, type SimUser } from '../../packages/testkit/src/scenario/sim-user.ts'

const permission = 'm.invite_permission_config'
const lists = 'org.matrix.msc4155.invite_permission_config'

function put(user: SimUser, type: string, content: Readonly<Record<string, unknown>>): Promise<unknown> {
  return user.request('PUT', `/user/${encodeURIComponent(user.userId)}/account_data/${type}`, content)
}

/** Rooms whose invites both kinds of sync show. */
async function invitedTo(user: SimUser): Promise<string[]> {
  const whole = Object.keys(objectAt(await user.request('GET', '/sync'), 'rooms', 'invite'))
  const list = { lists: { all: { ranges: [[0, 50]], required_state: [], timeline_limit: 1, filters: { is_invite: true } } } }
  const sliding = await user.request('POST', '/_matrix/client/unstable/org.matrix.simplified_msc3575/sync', list)
  assert.deepEqual(Object.keys(objectAt(sliding, 'rooms')).toSorted(), whole.toSorted())
  return whole
}

const refusedWith = (code: string, status: number) => (error: unknown) =>
  error instanceof SimRefused && error.code === code && error.status === status

scenario('who blocks invites is invited by nobody, here and from elsewhere, and in no way', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, dave, bob] = [await world.act(a.user('alice')), await world.act(a.user('dave')), await world.act(b.user('bob'))]
  const before = await world.act(bob.createRoom({ preset: 'private_chat' }))
  await world.act(bob.invite(before, alice))
  assert.deepEqual(await world.act(invitedTo(alice)), [before])

  await world.act(put(alice, permission, { default_action: 'block' }))
  assert.deepEqual(await world.act(invitedTo(alice)), [])
  for (const inviter of [dave, bob]) {
    const room = await world.act(inviter.createRoom({ preset: 'private_chat' }))
    await assert.rejects(world.act(inviter.invite(room, alice)), refusedWith('M_INVITE_BLOCKED', 403))
    const invite = inviter.setState(room, 'm.room.member', { membership: 'invite' }, alice.userId)
    await assert.rejects(world.act(invite), refusedWith('M_INVITE_BLOCKED', 403))
  }
  const direct = dave.request('POST', '/createRoom', { invite: [alice.userId] })
  await assert.rejects(world.act(direct), refusedWith('M_INVITE_BLOCKED', 403))

  await world.act(put(alice, permission, {}))
  assert.deepEqual(await world.act(invitedTo(alice)), [before])
  const after = await world.act(dave.createRoom({ preset: 'private_chat' }))
  await world.act(dave.setState(after, 'm.room.member', { membership: 'invite' }, alice.userId))
  const [one, other] = await world.act(invitedTo(alice))
  assert.deepEqual([one, other].toSorted(), [before, after].toSorted())
})

scenario('an invite that is sent as a state event reaches its server like any other', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(b.user('bob'))]
  const room = await world.act(alice.createRoom({ preset: 'private_chat' }))
  await world.act(alice.setState(room, 'm.room.member', { membership: 'invite', reason: 'tea' }, bob.userId))
  assert.deepEqual(await world.act(invitedTo(bob)), [room])
  await world.act(bob.join(room))
})

scenario('invites of those who are ignored come in unseen', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, bob, carol] = [await world.act(a.user('alice')), await world.act(b.user('bob')), await world.act(b.user('carol'))]
  await world.act(put(alice, lists, { ignored_servers: ['b'], allowed_users: [carol.userId] }))
  const [unseen, seen] = [await world.act(bob.createRoom()), await world.act(carol.createRoom())]
  await world.act(bob.invite(unseen, alice))
  await world.act(carol.invite(seen, alice))
  assert.deepEqual(await world.act(invitedTo(alice)), [seen])
})

scenario('nobody invites somebody whose account has ended', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, dave, bob] = [await world.act(a.user('alice')), await world.act(a.user('dave')), await world.act(b.user('bob'))]
  const auth = { type: 'm.login.password', identifier: { type: 'm.id.user', user: alice.userId }, password: simPassword }
  await world.act(alice.request('POST', '/account/deactivate', { auth }))
  for (const inviter of [dave, bob]) {
    const room = await world.act(inviter.createRoom())
    await assert.rejects(world.act(inviter.invite(room, alice)), refusedWith('M_NOT_FOUND', 404))
  }
})

const limited = {
  CAUSEWAY_RATE_LIMITS: 'on',
  CAUSEWAY_RATES_INVITES_OF_PERSON: '0.001/s, 3',
  CAUSEWAY_RATES_INVITES_OF_SERVER: '0.001/s, 5',
  CAUSEWAY_RATES_INVITES_OF_USER: '0.001/s, 7',
}

scenario('D24: a flood of invites ends at the person, at the server, and at the invited user', async (world) => {
  const [a, b, c] = [await world.server('a', limited), await world.server('b'), await world.server('c')]
  const alice = await world.act(a.user('alice'))
  const taken = async (inviter: SimUser, tries: number): Promise<number> => {
    let count = 0
    for (let at = 0; at < tries; at++) {
      const room = await world.act(inviter.createRoom())
      try {
        await world.act(inviter.invite(room, alice))
        count += 1
      } catch (error) {
        assert.ok(error instanceof SimRefused && error.status !== 401)
      }
    }
    return count
  }
  assert.equal(await taken(await world.act(b.user('one')), 6), 3)
  assert.equal(await taken(await world.act(b.user('two')), 6), 2, 'the server has five in all')
  assert.equal(await taken(await world.act(b.user('three')), 2), 0)
  assert.equal(await taken(await world.act(c.user('one')), 6), 2, 'the invited user has seven in all')
  assert.equal((await world.act(invitedTo(alice))).length, 7)
  // Others are none the worse for it.
  const dave = await world.act(a.user('dave'))
  const bob = await world.act(b.user('one-more'))
  const room = await world.act(bob.createRoom())
  await world.act(bob.invite(room, dave))
  await world.act(dave.join(room))
})
