// Goal: a message to a device is kept until the device proves that it has it, in order, once, within bounds, and from nobody but its sender.
// Method: real HTTP on both databases; the queue is read as /sync reads it, and other servers' EDUs come as a transaction brings them.
import assert from 'node:assert/strict'
import { parseServerName, type JsonObject, type UserId } from '@causeway/events'
import { isDeviceListAnnouncement, isToDeviceAnnouncement } from '../../e2ee/announcements.ts'
import { announceForeignEncryption } from '../../e2ee/foreign-changes.ts'
import { toDeviceAtOnceMax, toDeviceCharsWaitingMax, toDeviceMessagesMax } from '../../e2ee/limits.ts'
import { insertToDevice } from '../../storage/tables/to-device.ts'
import { onEachUserServer, outcome, text, type UserServer } from '../user-api.fixture.ts'

const v3 = '/_matrix/client/v3'

/** What the next /sync of alice's device brings, and where it is then. */
async function next({ db, encryption, users }: UserServer, deviceId: string, since: ReadonlyMap<number, number> | undefined) {
  const now = db.positions()
  const batch = await encryption.toDeviceQueues.next({ userId: alice(users), deviceId }, since, now)
  return { events: batch.events.map((event) => JSON.parse(event)), point: batch.upTo ?? now }
}

function alice(users: UserServer['users']): UserId {
  return users.accounts.named('alice') ?? assert.fail()
}

async function deviceOf({ call }: UserServer, token: string): Promise<string> {
  return text(await call('GET', `${v3}/account/whoami`, { token }), 'device_id')
}

function send({ call }: UserServer, token: string, txn: string, messages: object, type = 'm.x') {
  return call('PUT', `${v3}/sendToDevice/${type}/${txn}`, { token, body: { messages } })
}

onEachUserServer('E04: messages stay, in order, until since proves that they arrived', {}, async (server) => {
  const [token, bob] = [await server.join('alice'), await server.join('bob')]
  const device = await deviceOf(server, token)
  for (const n of [1, 2]) assert.equal(outcome(await send(server, bob, `t${n}`, { '@alice:here': { [device]: { n } } })), '200')
  const first = await next(server, device, undefined)
  assert.deepEqual(
    first.events,
    [1, 2].map((n) => ({ content: { n }, sender: '@bob:here', type: 'm.x' })),
  )
  // The answer got lost: it is given again.
  assert.deepEqual((await next(server, device, undefined)).events, first.events)
  const again = await server.restart()
  await send(again, bob, 't3', { '@alice:here': { [device]: { n: 3 } } })
  const second = await next(again, device, first.point)
  assert.deepEqual(
    second.events.map(({ content }) => content.n),
    [3],
  )
  assert.deepEqual((await next(again, device, first.point)).events.length, 1)
  assert.deepEqual((await next(again, device, second.point)).events, [])
  assert.deepEqual((await next(again, device, undefined)).events, [])
})

onEachUserServer('an answer that was begun before a message came hides it from nobody', {}, async (server) => {
  const [token, bob] = [await server.join('alice'), await server.join('bob')]
  const device = { userId: alice(server.users), deviceId: await deviceOf(server, token) }
  const { toDeviceQueues } = server.encryption
  const before = server.db.positions()
  await send(server, bob, 't', { '@alice:here': { [device.deviceId]: { n: 1 } } })
  assert.deepEqual((await toDeviceQueues.next(device, undefined, before)).events, [])
  assert.equal((await next(server, device.deviceId, before)).events.length, 1)
})

onEachUserServer('all devices, those that are not there, repetitions, and what is malformed', {}, async (server) => {
  const token = await server.join('alice')
  const [one, two] = [await deviceOf(server, token), text(await server.logIn('alice'), 'device_id')]
  const count = async (device: string) => (await next(server, device, undefined)).events.length
  await send(server, token, 'a', { '@alice:here': { '*': { n: 1 }, NONE: { n: 2 } }, '@nobody:here': { '*': { n: 3 } } })
  assert.deepEqual([await count(one), await count(two)], [1, 1])
  await Promise.all([
    send(server, token, 'b', { '@alice:here': { [one]: {} } }),
    send(server, token, 'b', { '@alice:here': { [one]: {} } }),
  ])
  await send(server, token, 'b', { '@alice:here': { [one]: { other: true } } })
  assert.deepEqual([await count(one), await count(two)], [2, 1])
  const told = server.announced.filter(isToDeviceAnnouncement)
  assert.deepEqual(
    told.map(({ userIds }) => userIds),
    [['@alice:here'], ['@alice:here']],
  )
  const cases: [messages: object, expected: string][] = [
    [{ '@alice:here': { [one]: 5 } }, '400 M_BAD_JSON'],
    [{ '@alice:here': { [one]: null } }, '400 M_BAD_JSON'],
    [{ '@alice:here': [] }, '400 M_BAD_JSON'],
    [{ nobody: { [one]: {} } }, '400 M_INVALID_PARAM'],
    [{ '@alice:here': { 'a\0': {} } }, '400 M_INVALID_PARAM'],
    [{ '@alice:here': { [one]: { x: 'x'.repeat(70_000) } } }, '413 M_TOO_LARGE'],
  ]
  for (const [index, [messages, expected]] of cases.entries()) {
    assert.equal(outcome(await send(server, token, `c${index}`, messages)), expected, JSON.stringify(messages).slice(0, 100))
  }
  assert.equal(outcome(await send(server, token, 'd', {}, 'x%00')), '400 M_INVALID_PARAM')
  await server.call('POST', `${v3}/logout`, { token })
  assert.equal(await count(one), 0)
})

onEachUserServer('a long queue is given in pieces, and none is lost between them', {}, async (server) => {
  const token = await server.join('alice')
  const device = await deviceOf(server, token)
  const total = toDeviceAtOnceMax * 2 + 7
  for (let n = 0; n < total; n++) await send(server, token, `t${n}`, { '@alice:here': { [device]: { n } } })
  const seen: number[] = []
  let since: ReadonlyMap<number, number> | undefined
  for (let pieces = 0; pieces < 4; pieces++) {
    const { events, point } = await next(server, device, since)
    assert.ok(events.length <= toDeviceAtOnceMax)
    seen.push(...events.map(({ content }) => content.n))
    since = point
  }
  assert.deepEqual(
    seen,
    Array.from({ length: total }, (_, n) => n),
  )
})

onEachUserServer('D18: a queue is bounded, and says so', {}, async (server) => {
  const token = await server.join('alice')
  const device = await deviceOf(server, token)
  const position = server.db.nextPosition()
  const rows = Array.from({ length: toDeviceMessagesMax }, (_, i) => ['@alice:here', device, server.db.slot, position, -1 - i, '{}'])
  await server.db.commit({ rows: [{ write: insertToDevice, rows }] })
  assert.equal(outcome(await send(server, token, 'full', { '@alice:here': { [device]: {} } })), '403 M_RESOURCE_LIMIT_EXCEEDED')
  // Others get theirs.
  const other = text(await server.logIn('alice'), 'device_id')
  assert.equal(outcome(await send(server, token, 'some', { '@alice:here': { '*': { n: 1 } } })), '200')
  assert.equal((await next(server, other, undefined)).events.length, 1)
})

onEachUserServer('D18: a queue is bounded by what it holds, and so is a user', {}, async (server) => {
  const token = await server.join('alice')
  const bob = await server.join('bob')
  const device = await deviceOf(server, token)
  const { db } = server
  const megabyte = JSON.stringify('x'.repeat(2 ** 20 - 2))
  const fill = async (name: string, count: number) => {
    // One commit for each: a commit has a time limit.
    for (let i = 0; i < count; i += 1) {
      const row = ['@alice:here', name, db.slot, db.nextPosition(), -1 - i, megabyte]
      await db.commit({ rows: [{ write: insertToDevice, rows: [row] }] })
    }
  }
  await fill(device, toDeviceCharsWaitingMax / megabyte.length)
  assert.equal(outcome(await send(server, bob, 'full', { '@alice:here': { [device]: {} } })), '403 M_RESOURCE_LIMIT_EXCEEDED')
  // Others get theirs, until there is too much altogether.
  const other = text(await server.logIn('alice'), 'device_id')
  assert.equal(outcome(await send(server, bob, 'some', { '@alice:here': { '*': { n: 1 } } })), '200')
  assert.equal((await next(server, other, undefined)).events.length, 1)
  for (const name of ['B', 'C', 'D']) await fill(name, toDeviceCharsWaitingMax / megabyte.length)
  const again = await server.restart()
  assert.equal(outcome(await send(again, bob, 'more', { '@alice:here': { [other]: {} } })), '403 M_RESOURCE_LIMIT_EXCEEDED')
  // What the device has received makes room.
  await next(again, device, db.positions())
  assert.equal(outcome(await send(again, bob, 'now', { '@alice:here': { [device]: {}, [other]: {} } })), '200')
})

onEachUserServer('F11: another server speaks for its own users alone, and a repetition is taken once', {}, async (server) => {
  const token = await server.join('alice')
  const device = await deviceOf(server, token)
  const { db, encryption } = server
  const away = parseServerName('away') ?? assert.fail()
  const edu = (more: object): JsonObject => ({
    sender: '@eve:away',
    type: 'm.x',
    message_id: 'm1',
    messages: { '@alice:here': { [device]: {} } },
    ...more,
  })
  const receive = async (content: JsonObject): Promise<boolean> => {
    const effect = await encryption.toDevice.receive(away, content)
    if (effect === undefined) return false
    const { rows, announcements } = effect.place(db.nextPosition())
    await db.commit({ rows: [...effect.rows, ...rows], announcements })
    effect.afterwards()
    return true
  }
  for (const more of [
    { sender: '@bob:here' },
    { sender: '@eve:elsewhere' },
    { sender: 5 },
    { messages: [] },
    { message_id: '' },
    { type: 'a\0' },
  ]) {
    assert.equal(await receive(edu(more)), false, JSON.stringify(more))
  }
  assert.equal(await receive(edu({})), true)
  assert.equal(await receive(edu({})), false)
  assert.equal(
    await receive(edu({ message_id: 'm2', messages: { '@alice:here': { '*': {}, 'x\0': {} }, '@bob:away': { '*': {} }, junk: 5 } })),
    true,
  )
  assert.equal((await next(server, device, undefined)).events.length, 2)
  const again = await server.restart()
  assert.equal(await again.encryption.toDevice.receive(away, edu({})), undefined)
})

onEachUserServer('what another process wrote wakes the same users here', {}, async (server) => {
  const token = await server.join('alice')
  const device = await deviceOf(server, token)
  const { db } = server
  const before = db.positions().get(db.slot) ?? 0
  await send(server, token, 'a', { '@alice:here': { [device]: {} } })
  await server.call('PUT', `${v3}/devices/${device}`, { token, body: { display_name: 'new' } })
  await server.encryption.ownDeviceLists.settled(alice(server.users))
  const told = await announceForeignEncryption(db, { slot: db.slot, after: before, position: db.positions().get(db.slot) ?? 0 })
  const names = told.map((each) =>
    isToDeviceAnnouncement(each) ? each.userIds : isDeviceListAnnouncement(each) ? [each.kind, each.userId] : [],
  )
  assert.deepEqual(names, [['@alice:here'], ['device-list', '@alice:here']])
})
