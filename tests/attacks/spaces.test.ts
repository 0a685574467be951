// Goal: spaces of others, and rooms that claim to be related to ours, neither cost us more than a bounded number of questions nor
// tell anybody of rooms that are not theirs to know.
// Method: an evil peer asks about rooms that it is not in, and answers about rooms that it made up.
import assert from 'node:assert/strict'
import { at, objectsAt } from '../../packages/testkit/src/client/json.ts'
import type { MatrixClient } from '../../packages/testkit/src/client/matrix-client.ts'
import { battlefield } from '../../packages/testkit/src/evil-peer/battlefield.ts'
import type { EvilPeer } from '../../packages/testkit/src/evil-peer/evil-peer.ts'
import { EvilRoom } from '../../packages/testkit/src/evil-peer/evil-room.ts'
import { serveRoom } from '../../packages/testkit/src/evil-peer/serve-room.ts'

const attack = battlefield()
const enc = encodeURIComponent
const hierarchyPath = /^\/_matrix\/federation\/v1\/hierarchy\//

async function rooms(user: MatrixClient, space: string): Promise<string[]> {
  return objectsAt(await user.call('GET', `v1/rooms/${enc(space)}/hierarchy?limit=100`), 'rooms').map((room) => String(room['room_id']))
}

/** A space of ours that links to rooms at the peer. */
async function spaceWith(alice: MatrixClient, evil: EvilPeer, ...children: readonly string[]): Promise<string> {
  const space = await alice.createRoom({ preset: 'public_chat', creation_content: { type: 'm.space' } })
  for (const child of children) await alice.sendState(space, 'm.space.child', { via: [evil.serverName] }, child)
  return space
}

function child(evil: EvilPeer, room: string, more: object = {}): object {
  const content = { via: [evil.serverName], ...more }
  return { type: 'm.space.child', state_key: room, sender: evil.user('x'), content, origin_server_ts: 1 }
}

function summary(room: string, children: readonly object[]): object {
  return { room_id: room, room_type: 'm.space', join_rule: 'public', num_joined_members: 1, children_state: children }
}

attack('P03: a server that is not in a room finds no event of it by time', async ({ user, peer }) => {
  const [alice, evil] = [await user('alice'), await peer()]
  const room = await alice.createRoom({ preset: 'public_chat' })
  await alice.sendText(room, 'not yours')
  const ask = (where: string) => evil.request('GET', `/_matrix/federation/v1/timestamp_to_event/${enc(where)}?ts=0&dir=f`)
  const [refused, absent] = [await ask(room), await ask('!none:victim')]
  assert.deepEqual([refused.status, absent.status], [403, 403])
  assert.deepEqual(refused.body, absent.body)
  await EvilRoom.join(evil, 'mallory', room)
  assert.equal((await ask(room)).status, 200)
  // Of a room whose history is its members' own, only what came after.
  const closed = await alice.createRoom({ preset: 'public_chat' })
  await alice.sendState(closed, 'm.room.history_visibility', { history_visibility: 'joined' })
  const before = await alice.sendText(closed, 'before')
  await EvilRoom.join(evil, 'mallory', closed)
  const time = at(await alice.call('GET', `v3/rooms/${enc(closed)}/event/${enc(before)}`), 'origin_server_ts')
  const found = await evil.request('GET', `/_matrix/federation/v1/timestamp_to_event/${enc(closed)}?ts=${String(time)}&dir=b`)
  assert.equal(found.status, 200)
  assert.notEqual(at(found.body, 'event_id'), before)
})

attack('P09: a hidden room and one that is not there are the same to a server that asks what they are', async ({ user, peer }) => {
  const [alice, evil] = [await user('alice'), await peer()]
  const hidden = await alice.createRoom({ preset: 'private_chat', name: 'Secret' })
  const open = await alice.createRoom({ preset: 'public_chat' })
  const space = await spaceWith(alice, evil, hidden, open, '!none:victim')
  const ask = (room: string) => evil.request('GET', `/_matrix/federation/v1/hierarchy/${enc(room)}`)
  const [refused, absent] = [await ask(hidden), await ask('!none:victim')]
  assert.equal(refused.status, 404)
  assert.deepEqual(refused.body, absent.body)
  const told = await ask(space)
  assert.deepEqual(
    [objectsAt(told.body, 'children').map((room) => room['room_id']), at(told.body, 'inaccessible_children')],
    [[open], [hidden]],
  )
  assert.ok(!JSON.stringify(told.body).includes('Secret'))
})

attack('D16: spaces without end are walked to an end', async ({ user, peer }) => {
  const [alice, evil] = [await user('alice'), await peer()]
  let made = 0
  // Each space has two more below it.
  evil.onPath(hierarchyPath, ({ path }) => {
    const room = decodeURIComponent(path.split('?')[0]?.split('/').at(-1) ?? '')
    made += 2
    return {
      body: { room: summary(room, [child(evil, `!${made}:x`), child(evil, `!${made + 1}:x`)]), children: [], inaccessible_children: [] },
    }
  })
  const space = await spaceWith(alice, evil, '!first:x')
  const found = await rooms(alice, space)
  assert.ok(found.length <= 31, `${found.length} rooms`)
  assert.ok(evil.asked(hierarchyPath).length <= 30)
  await rooms(alice, space)
  assert.ok(evil.asked(hierarchyPath).length <= 60, 'answers are kept')
})

attack('D16, E07: loops and rooms that contain themselves come once', async ({ user, peer }) => {
  const [alice, evil] = [await user('alice'), await peer()]
  const links: Record<string, string[]> = { '!a:x': ['!b:x', '!a:x'], '!b:x': ['!a:x', '!b:x'] }
  evil.onPath(hierarchyPath, ({ path }) => {
    const room = decodeURIComponent(path.split('?')[0]?.split('/').at(-1) ?? '')
    return {
      body: {
        room: summary(
          room,
          (links[room] ?? []).map((id) => child(evil, id)),
        ),
        children: [],
        inaccessible_children: [],
      },
    }
  })
  const space = await spaceWith(alice, evil, '!a:x')
  assert.deepEqual(await rooms(alice, space), [space, '!a:x', '!b:x'])
})

attack('D16: what is no answer about the room that was asked for is none', async ({ user, peer }) => {
  const [alice, evil] = [await user('alice'), await peer()]
  const secret = await alice.createRoom({ preset: 'private_chat', name: 'Ours' })
  const answers: unknown[] = [
    '{',
    [],
    { room: summary(secret, []) },
    { room: 7 },
    { room: summary('!r:x', []), children: 7 },
    `{"room":{"room_id":"!r:x","name":"${'x'.repeat(20_000_000)}"}}`,
  ]
  for (const [index, body] of answers.entries()) {
    const room = `!r${index === 4 ? '' : index}:x`
    const stop = evil.onPath(hierarchyPath, () => ({ body }))
    const space = await spaceWith(alice, evil, room)
    assert.deepEqual(await rooms(alice, space), index === 4 ? [space, room] : [space], `answer ${index}`)
    stop()
  }
  // Where we are in a room ourselves, nobody else describes it.
  evil.onPath(hierarchyPath, () => ({
    body: {
      room: summary('!s:x', [child(evil, secret)]),
      children: [{ ...summary(secret, []), name: 'Theirs' }],
      inaccessible_children: [secret],
    },
  }))
  const bob = await user('bob')
  const space = await spaceWith(alice, evil, '!s:x')
  assert.deepEqual(await rooms(bob, space), [space, '!s:x'])
  const seen = objectsAt(await alice.call('GET', `v1/rooms/${enc(space)}/hierarchy`), 'rooms')
  assert.equal(seen.find((room) => room['room_id'] === secret)?.['name'], 'Ours')
})

attack('F17, E07: a room that says it took the place of ours gets nothing of it', async ({ user, peer, victim }) => {
  const [alice, evil] = [await user('alice'), await peer()]
  const alias = `#ours${Date.now()}:${victim.serverName}`
  const ours = await alice.createRoom({ preset: 'public_chat', visibility: 'public', room_alias_name: alias.slice(1).split(':')[0] })
  const self = enc(alice.userId)
  await alice.call('PUT', `v3/user/${self}/rooms/${enc(ours)}/tags/m.favourite`, {})
  const claiming = EvilRoom.found(evil, { createContent: { predecessor: { room_id: ours, event_id: '$none' } } })
  serveRoom(evil, claiming)
  await alice.join(claiming.roomId, [evil.serverName])
  const tombstone = claiming.next({ type: 'm.room.tombstone', state_key: '', content: { body: '', replacement_room: ours } })
  await claiming.send(tombstone)
  await alice.waitForEvent(claiming.roomId, tombstone.eventId)
  assert.equal(at(await alice.call('GET', `v3/directory/room/${enc(alias)}`), 'room_id'), ours)
  assert.equal(at(await alice.call('GET', `v3/directory/list/room/${enc(ours)}`), 'visibility'), 'public')
  assert.deepEqual(at(await alice.call('GET', `v3/user/${self}/rooms/${enc(claiming.roomId)}/tags`), 'tags'), {})
  // Our own upgrade is not led astray by either.
  const made = String(at(await alice.call('POST', `v3/rooms/${enc(ours)}/upgrade`, { new_version: '12' }), 'replacement_room'))
  assert.deepEqual((await alice.state(made, 'm.room.create'))['predecessor'], { room_id: ours })
  assert.equal(at(await alice.call('GET', `v3/directory/room/${enc(alias)}`), 'room_id'), made)
})
