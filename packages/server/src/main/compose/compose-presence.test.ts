// Goal: presence follows what people do, is told to those who share a room and to nobody else, and costs other servers little.
// Method: composed as the server composes it, on rooms in a real SQLite file, with a clock by hand; what leaves for other
// servers and processes is noted down.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { fromPlain, isJsonObject, parseServerName, type JsonObject, type RoomId, type UserId } from '@causeway/events'
import type { Presence } from '../../ephemeral/presence.ts'
import { silentLogger } from '../../platform/logger.ts'
import { upsertRoomServer } from '../../storage/tables/rooms.ts'
import { upsertMembership } from '../../storage/tables/memberships.ts'
import type { SyncExtension } from '../../sync/sync-ports.ts'
import { alice, bob, user, World, type EventJson } from '../../sync/sync.fixture.ts'
import { composePresence } from './compose-presence.ts'
import type { EduReceiver } from './receive-edu.ts'

const carol = user('carol')
const dan = user('dan', 'there')
const here = parseServerName('here')
const there = parseServerName('there')
assert.ok(here !== undefined && there !== undefined)

interface Setting {
  readonly world: World
  readonly presence: Presence
  readonly receiveEdu: EduReceiver
  readonly room: RoomId
  readonly sent: JsonObject[]
  readonly told: unknown[]
  /** Who was woken, one entry each time. */
  readonly woken: UserId[]
  /** Whom a reader is said to share a room with since lately. */
  readonly arrived: Map<UserId, UserId[]>
  /** What a sync tells of others' presence since a token, as `user presence status`. */
  sync(reader: UserId, since?: string): Promise<{ readonly next: string; readonly seen: readonly string[] }>
  /** Let time pass, and what it causes. */
  pass(ms: number): Promise<void>
}

async function setting(t: TestContext): Promise<Setting> {
  const extensions: SyncExtension[] = []
  const sent: JsonObject[] = []
  const told: unknown[] = []
  const woken: UserId[] = []
  const arrived = new Map<UserId, UserId[]>()
  const world = await World.open(t, { extensions })
  const { db } = world.ports
  const { typing, sync: stream } = world.layer
  const composed = composePresence({
    serverName: here ?? assert.fail(),
    clock: world.clock,
    log: silentLogger,
    db,
    typing,
    senders: { sendEdu: (_servers, { content }) => void sent.push(content) },
    cluster: { tell: (_kind, body) => void told.push(body), onTold: () => undefined },
    wake: (userId) => {
      woken.push(userId)
      stream.stream.wakeUser(userId)
    },
    arrivals: async (userId) => arrived.get(userId) ?? [],
  })
  const { presence, edus } = composed
  extensions.push(...composed.extensions)
  const room = await world.room(alice)
  await world.member(room, bob, 'join')
  await world.room(carol)
  const view = await world.engine.view(room)
  assert.ok(view !== undefined)
  // A user of another server, as a join of theirs would write it.
  await db.commit({
    rows: [
      { write: upsertMembership, rows: [[view.room, dan, 'join', 0, 0, db.slot, 0, 0, 0, dan, null]] },
      { write: upsertRoomServer, rows: [[view.room, 'there', 1, null]] },
    ],
  })
  return {
    world,
    presence,
    receiveEdu: edus['m.presence'] ?? assert.fail(),
    room,
    sent,
    told,
    woken,
    arrived,
    async sync(reader, since) {
      const answer = await world.sync(reader, since === undefined ? {} : { since })
      const { presence: section } = answer.json as { readonly presence?: { readonly events: readonly EventJson[] } }
      const seen = (section?.events ?? []).map(
        ({ sender, content }) =>
          `${sender.slice(1, sender.indexOf(':'))} ${String(content['presence'])} ${String(content['status_msg'] ?? '')}`,
      )
      return { next: answer.next, seen: seen.map((text) => text.trim()).sort() }
    },
    async pass(ms) {
      world.clock.advance(ms)
      // What is gathered asks the database, then the servers.
      for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate)
    },
  }
}

function json(value: unknown): JsonObject {
  const object = fromPlain(value)
  assert.ok(isJsonObject(object))
  return object
}

test('what somebody says of themselves is told to those who share a room, and only to them', async (t) => {
  const { presence, sync } = await setting(t)
  const [atBob, atCarol] = [await sync(bob), await sync(carol)]
  presence.set(alice, 'online', 'here')
  assert.deepEqual((await sync(bob, atBob.next)).seen, ['alice online here'])
  assert.deepEqual((await sync(carol, atCarol.next)).seen, [])
  assert.deepEqual((await sync(bob)).seen, ['alice online here'])
  assert.deepEqual((await sync(carol)).seen, [])
  const later = await sync(bob)
  assert.deepEqual((await sync(bob, later.next)).seen, [])
  presence.set(alice, 'unavailable', undefined)
  assert.deepEqual((await sync(bob, later.next)).seen, ['alice unavailable'])
})

test('who comes to share a room is told as they are, though nothing of theirs changed', async (t) => {
  const { presence, sync, arrived, world } = await setting(t)
  const room = await world.room(carol)
  presence.set(alice, 'online', 'here')
  presence.set(dan, 'offline', undefined)
  const before = await sync(carol)
  arrived.set(carol, [alice, bob, dan])
  assert.deepEqual((await sync(carol, before.next)).seen, [])
  await world.member(room, alice, 'join')
  assert.deepEqual((await sync(carol, before.next)).seen, ['alice online here'])
})

test('who syncs is there; who does nothing is away; who is heard of no more is gone', async (t) => {
  const { presence, world, room, pass } = await setting(t)
  const is = (): string | undefined => presence.of(alice)?.presence
  presence.syncing(alice, 'offline')()
  assert.equal(is(), undefined)
  let end = presence.syncing(alice, 'online')
  assert.equal(is(), 'online')
  await pass(299_000)
  await world.say(room, alice, 'still here')
  await pass(10_000)
  assert.equal(is(), 'online')
  for (let n = 0; n < 60; n += 1) await pass(5_000)
  assert.equal(is(), 'unavailable')
  await world.say(room, alice, 'back')
  assert.equal(is(), 'online')
  end()
  await pass(20_000)
  end = presence.syncing(alice, 'unavailable')
  assert.equal(is(), 'unavailable')
  presence.syncing(alice, 'online')()
  assert.equal(is(), 'online')
  end()
  await pass(29_000)
  assert.equal(is(), 'online')
  await pass(5_000)
  await pass(5_000)
  assert.equal(is(), 'offline')
})

test('a waiting sync is woken, once for what changes together', async (t) => {
  const { presence, world, sync, pass } = await setting(t)
  const { next } = await sync(bob)
  const waiting = world.sync(bob, { since: next, timeoutMs: 30_000 })
  await pass(0)
  presence.set(alice, 'online', 'one')
  presence.set(alice, 'online', 'two')
  await pass(600)
  const { presence: section } = (await waiting).json as { readonly presence?: { readonly events: readonly EventJson[] } }
  assert.deepEqual(
    section?.events.map(({ content }) => content['status_msg']),
    ['two'],
  )
})

test('other servers are told of many changes in few EDUs', async (t) => {
  const { presence, sent, pass } = await setting(t)
  for (let n = 0; n < 10; n += 1) {
    presence.set(n % 2 === 0 ? alice : bob, 'online', `status ${n}`)
    await pass(600)
  }
  assert.equal(sent.length, 3)
  for (let n = 0; n < 6; n += 1) await pass(5_000)
  assert.equal(sent.length, 4)
  const push = sent.at(-1)?.['push']
  assert.ok(Array.isArray(push))
  assert.deepEqual(push.map((update) => (isJsonObject(update) ? update['status_msg'] : '')).sort(), ['status 8', 'status 9'])
})

test('ten thousand users of another server who come and go cost few looks, and nothing that is sent', async (t) => {
  const { world, presence, receiveEdu, room, sent, woken, sync, pass } = await setting(t)
  const { db } = world.ports
  const view = await world.engine.view(room)
  assert.ok(view !== undefined)
  const crowd = Array.from({ length: 10_000 }, (_, n) => user(`u${n}`, 'there'))
  const rows = crowd.map((userId) => [view.room, userId, 'join', 0, 0, db.slot, 0, 0, 0, userId, null])
  await db.commit({ rows: [{ write: upsertMembership, rows }] })
  const { next } = await sync(bob)
  const began = world.clock.ms
  // Each comes or goes every half a minute.
  for (let round = 0; round < 4; round += 1) {
    for (let n = 0; n < crowd.length; n += 100) {
      const states = crowd.slice(n, n + 100).map((userId) => ({ user_id: userId, presence: round % 2 === 0 ? 'online' : 'unavailable' }))
      await receiveEdu(there ?? assert.fail(), json({ push: states }))
      await pass(300)
    }
  }
  await pass(30_000)
  const halfMinutes = Math.ceil((world.clock.ms - began) / 30_000)
  const looks = woken.filter((userId) => userId === bob).length
  // Some more until it is known that they are many.
  assert.ok(looks >= 4 && looks <= halfMinutes + 4, `${looks} in ${halfMinutes} half minutes`)
  assert.deepEqual(woken.filter((userId) => userId === carol).length, 0)
  assert.deepEqual(sent, [])
  assert.ok(crowd.every((userId) => presence.of(userId)?.presence === 'unavailable'))
  const { seen } = await sync(bob, next)
  assert.ok(seen.length > 0 && seen.every((text) => text.endsWith('unavailable')))
  // Then it is as quick as ever.
  await pass(200_000)
  woken.length = 0
  presence.set(alice, 'online', 'quick')
  await pass(600)
  assert.ok(woken.includes(bob))
})

test('of other servers only what is about their own users who share a room counts', async (t) => {
  const { receiveEdu, presence, sync, sent } = await setting(t)
  const { next } = await sync(bob)
  const stranger = user('eve', 'there')
  const push = [
    { user_id: dan, presence: 'online', status_msg: 'hi', last_active_ago: 5 },
    { user_id: alice, presence: 'online' },
    { user_id: stranger, presence: 'online' },
    { user_id: dan, presence: 'elsewhere' },
    { user_id: 5 },
    7,
  ]
  await receiveEdu(there ?? assert.fail(), json({ push }))
  await receiveEdu(there ?? assert.fail(), json({ push: 'x' }))
  assert.equal(presence.of(alice), undefined)
  assert.equal(presence.of(stranger), undefined)
  assert.deepEqual((await sync(bob, next)).seen, ['dan online hi'])
  assert.deepEqual((await sync(carol)).seen, [])
  assert.deepEqual(sent, [])
})

test('another process says who is gone, unless they are here', async (t) => {
  const { presence, told, pass } = await setting(t)
  const notice = { userId: alice, presence: 'online', statusMessage: undefined, lastActive: 1 } as const
  presence.relay(notice)
  await pass(120_000)
  assert.equal(presence.of(alice)?.presence, 'online')
  assert.deepEqual(told, [])
  const end = presence.syncing(alice, 'online')
  presence.relay({ ...notice, presence: 'offline' })
  assert.equal(presence.of(alice)?.presence, 'online')
  assert.equal(told.length, 1)
  end()
  presence.relay({ ...notice, presence: 'offline' })
  assert.equal(presence.of(alice)?.presence, 'offline')
})
