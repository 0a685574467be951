// Goal: whatever another server says of its users' devices, our lists hold what is theirs to say, become true again, and nobody waits.
// Method: an evil peer serves lists that lie, lack something, are endless or never come, and says in EDUs what it likes.
import assert from 'node:assert/strict'
import { objectAt } from '../../packages/testkit/src/client/json.ts'
import type { MatrixClient } from '../../packages/testkit/src/client/matrix-client.ts'
import { battlefield } from '../../packages/testkit/src/evil-peer/battlefield.ts'
import type { EvilPeer } from '../../packages/testkit/src/evil-peer/evil-peer.ts'
import { scene } from './scene.ts'

const attack = battlefield()

function keysOf(userId: string, deviceId: string, more: object = {}): Readonly<Record<string, unknown>> {
  return { user_id: userId, device_id: deviceId, algorithms: [], keys: { [`ed25519:${deviceId}`]: 'k' }, signatures: {}, ...more }
}

interface Served {
  streamId: number
  devices: unknown[]
  more: object
}

/** The peer answers for mallory's devices what `served` says then. */
function serve(evil: EvilPeer, served: Served): void {
  const userId = evil.user('mallory')
  evil.onPath(/\/user\/devices\//, () => {
    return { body: { user_id: userId, stream_id: served.streamId, devices: served.devices, ...served.more } }
  })
  evil.onPath(/\/user\/keys\/query$/, () => ({ body: { device_keys: { [userId]: { FIRST: keysOf(userId, 'FIRST') } } } }))
}

/** Mallory's devices, as alice is told them. */
async function seen(alice: MatrixClient, userId: string): Promise<string[]> {
  const answer = await alice.call('POST', 'v3/keys/query', { device_keys: { [userId]: [] }, timeout: 1_000 })
  return Object.keys(objectAt(answer, 'device_keys', userId)).sort()
}

/** The server keeps mallory's list: it asks nobody any more. */
async function followed(alice: MatrixClient, evil: EvilPeer): Promise<void> {
  await seen(alice, evil.user('mallory'))
  await evil.until('the list', () => evil.asked(/\/user\/devices\//).length > 0)
  await evil.until('the list to be kept', async () => {
    const before = evil.asked(/\/user\/keys\/query/).length
    await seen(alice, evil.user('mallory'))
    return evil.asked(/\/user\/keys\/query/).length === before
  })
}

function update(evil: EvilPeer, content: object): Promise<unknown> {
  return evil.transaction([], [{ edu_type: 'm.device_list_update', content: { user_id: evil.user('mallory'), ...content } }])
}

attack('E05: a gap in the updates makes the whole list be asked for, and what it says then holds', async (field) => {
  const { alice, evil } = await scene(field)
  const userId = evil.user('mallory')
  const served: Served = { streamId: 1, devices: [{ device_id: 'FIRST', keys: keysOf(userId, 'FIRST') }], more: {} }
  serve(evil, served)
  await followed(alice, evil)
  assert.deepEqual(await seen(alice, userId), ['FIRST'])

  // One that follows needs no question.
  const asked = (): number => evil.asked(/\/user\/devices\//).length
  const before = asked()
  await update(evil, { device_id: 'NEXT', stream_id: 2, prev_id: [1], keys: keysOf(userId, 'NEXT') })
  await evil.until('the update', async () => (await seen(alice, userId)).length === 2)
  assert.equal(asked(), before)

  served.streamId = 9
  served.devices = ['FIRST', 'LOST', 'LAST'].map((name) => ({ device_id: name, keys: keysOf(userId, name) }))
  await alice.sync()
  await update(evil, { device_id: 'LAST', stream_id: 9, prev_id: [8], keys: keysOf(userId, 'LAST') })
  await alice.waitFor('the change', () => asked() > before)
  await evil.until('the whole list', async () => (await seen(alice, userId)).join() === 'FIRST,LAST,LOST')
  // A repetition asks nothing; what says otherwise than the list counts for nothing, and the list is asked for again.
  const then = asked()
  await update(evil, { device_id: 'LAST', stream_id: 9, prev_id: [8], keys: keysOf(userId, 'LAST') })
  await update(evil, { device_id: 'MORE', stream_id: 10, prev_id: [9], keys: keysOf(userId, 'MORE') })
  await evil.until('what follows', async () => (await seen(alice, userId)).join() === 'FIRST,LAST,LOST,MORE')
  assert.equal(asked(), then)
  await update(evil, { device_id: 'NEXT', stream_id: 2, prev_id: [1], keys: keysOf(userId, 'NEXT') })
  await evil.until('the list again', async () => asked() > then && (await seen(alice, userId)).join() === 'FIRST,LAST,LOST')
})

attack('E05: a server that went on from a backup, with numbers that it had used, is believed', async (field) => {
  const { alice, evil } = await scene(field)
  const userId = evil.user('mallory')
  const served: Served = { streamId: 50, devices: [{ device_id: 'FIRST', keys: keysOf(userId, 'FIRST') }], more: {} }
  serve(evil, served)
  await followed(alice, evil)
  served.streamId = 21
  served.devices = ['FIRST', 'SECOND'].map((name) => ({ device_id: name, keys: keysOf(userId, name) }))
  await update(evil, { device_id: 'SECOND', stream_id: 21, prev_id: [20], keys: keysOf(userId, 'SECOND') })
  await evil.until('the new device', async () => (await seen(alice, userId)).join() === 'FIRST,SECOND')
  // From there its numbers are followed.
  await update(evil, { device_id: 'THIRD', stream_id: 22, prev_id: [21], keys: keysOf(userId, 'THIRD') })
  await evil.until('the next one', async () => (await seen(alice, userId)).join() === 'FIRST,SECOND,THIRD')
})

attack('F11: a list that speaks of others, or lies about whose keys it holds, changes nothing of theirs', async (field) => {
  const { alice, evil } = await scene(field)
  const userId = evil.user('mallory')
  const own = keysOf(alice.userId, alice.deviceId)
  await alice.call('POST', 'v3/keys/upload', { device_keys: own })
  const forged = { user_id: alice.userId, usage: ['master'], keys: { 'ed25519:x': 'x' } }
  const served: Served = {
    streamId: 1,
    devices: [
      { device_id: 'GOOD', keys: keysOf(userId, 'GOOD') },
      { device_id: alice.deviceId, keys: own },
      { device_id: 'OTHER', keys: keysOf(userId, 'ANOTHER') },
      { device_id: 'nul\0', keys: keysOf(userId, 'nul\0') },
      { device_id: 5, keys: {} },
      { device_id: 'BIG', keys: keysOf(userId, 'BIG', { more: 'x'.repeat(100_000) }) },
      7,
    ],
    more: { master_key: forged, self_signing_key: { ...forged, usage: ['self_signing'] } },
  }
  serve(evil, served)
  await followed(alice, evil)
  assert.deepEqual(await seen(alice, userId), ['GOOD'])
  const answer = await alice.call('POST', 'v3/keys/query', { device_keys: { [userId]: [], [alice.userId]: [] } })
  assert.deepEqual(objectAt(answer, 'master_keys'), {})
  assert.deepEqual(objectAt(answer, 'self_signing_keys'), {})
  assert.deepEqual(objectAt(answer, 'device_keys', alice.userId, alice.deviceId)['keys'], own['keys'])

  // A list without an end is cut off.
  served.streamId = 30
  served.devices = Array.from({ length: 5_000 }, (_, n) => ({ device_id: `D${n}`, keys: keysOf(userId, `D${n}`) }))
  await update(evil, { device_id: 'X', stream_id: 30, prev_id: [29], keys: keysOf(userId, 'X') })
  await evil.until('the long list', async () => (await seen(alice, userId)).length > 1)
  assert.equal((await seen(alice, userId)).length, 1_000)
})

attack("D19: a server that never answers holds up nobody else's lists, nor its own transactions", async (field) => {
  const { alice, evil } = await scene(field)
  const other = await scene(field)
  await alice.join(other.room.roomId)
  evil.onPath(/\/user\/devices\//, () => ({ write: () => undefined }))
  evil.onPath(/\/user\/keys\/query$/, () => ({ write: () => undefined }))
  // Many of its users, all of whom are wanted.
  const queried = Array.from({ length: 30 }, (_, n) => evil.user(`user${n}`))
  for (const userId of [evil.user('mallory'), ...queried]) void seen(alice, userId).catch(() => undefined)
  const served: Served = { streamId: 1, devices: [{ device_id: 'FIRST', keys: keysOf(other.evil.user('mallory'), 'FIRST') }], more: {} }
  serve(other.evil, served)
  await followed(alice, other.evil)
  served.streamId = 7
  served.devices = []
  await update(other.evil, { device_id: 'FIRST', stream_id: 7, prev_id: [6], deleted: true })
  await other.evil.until('the empty list', async () => (await seen(alice, other.evil.user('mallory'))).length === 0)
  for (let n = 0; n < 5; n += 1) await update(evil, { device_id: 'X', stream_id: 100 + n * 2, prev_id: [99 + n * 2], keys: {} })
})
