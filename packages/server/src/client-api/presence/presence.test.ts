// Goal: one says of oneself alone whether one is there, and asks it of those with whom one shares a room.
// Method: the operations over HTTP, on rooms in a real SQLite file.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseServerName } from '@causeway/events'
import { Presence } from '../../ephemeral/presence.ts'
import { HandClock } from '../../http/edge.fixture.ts'
import { alice, bob, user } from '../../sync/sync.fixture.ts'
import { readingServer } from '../reading.fixture.ts'

const carol = user('carol')

test('presence is said and asked', async (t) => {
  const serverName = parseServerName('here')
  assert.ok(serverName !== undefined)
  const { world, get, send } = await readingServer(t, {
    presence: (typing) => new Presence({ serverName, clock: new HandClock(), tick: () => typing.tick(), changed() {}, tell() {} }),
  })
  await world.member(await world.room(alice), bob, 'join')
  const path = (userId: string): string => `/presence/${encodeURIComponent(userId)}/status`
  const ask = async (reader: typeof alice, userId = alice) => {
    const { status, json } = await get(reader, path(userId))
    return [status, json['presence'] ?? json['errcode'], json['status_msg']]
  }
  assert.deepEqual(await ask(bob), [200, 'offline', undefined])
  assert.equal((await send('PUT', alice, path(alice), { presence: 'online', status_msg: 'at sea' })).status, 200)
  assert.deepEqual(await ask(bob), [200, 'online', 'at sea'])
  assert.deepEqual(await ask(alice), [200, 'online', 'at sea'])
  assert.deepEqual(await ask(carol), [403, 'M_FORBIDDEN', undefined])
  assert.equal((await send('PUT', bob, path(alice), { presence: 'online' })).status, 403)
  assert.equal((await send('PUT', alice, path(alice), { presence: 'asleep' })).status, 400)
  assert.equal((await send('PUT', alice, path(alice), { presence: 'online', status_msg: 'x'.repeat(1_001) })).status, 400)
  await get(bob, '/sync', { set_presence: 'unavailable' })
  assert.deepEqual(await ask(alice, bob), [200, 'unavailable', undefined])
  assert.equal((await get(bob, '/sync', { set_presence: 'asleep' })).status, 400)
})
