// Goal: the SDK under Element Web and many bots can use the server as it comes.
// Method: matrix-js-sdk from npm against a running server: two people log in, sync, talk, and read back.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createClient, EventType, KnownMembership, Preset, SyncState, type MatrixClient, type Room } from 'matrix-js-sdk'
import { SlidingSync } from 'matrix-js-sdk/lib/sliding-sync.js'
import type { Homeserver } from '../../packages/testkit/src/processes/homeserver.ts'
import { startCauseway } from '../../packages/testkit/src/processes/start-causeway.ts'
import { createTestCa } from '../../packages/testkit/src/tls/test-ca.ts'
import { quietSdk, silent } from './quiet-sdk.ts'
import { until } from './waiting.ts'

const letTimersGo = quietSdk()

let server: Homeserver
const clients: MatrixClient[] = []

before(async () => {
  server = await startCauseway({ name: 'js-sdk', ca: createTestCa() })
})

after(async () => {
  for (const client of clients) client.stopClient()
  await server.dispose()
  letTimersGo()
})

/** Log in by password, and start to sync, by /sync or as `follow` says. Resolves when the first answer is in. */
async function session(localpart: string, follow?: (client: MatrixClient) => SlidingSync): Promise<MatrixClient> {
  await server.registerUser(localpart)
  const login = await createClient({ baseUrl: server.url, logger: silent }).loginRequest({
    type: 'm.login.password',
    identifier: { type: 'm.id.user', user: localpart },
    password: `password of ${localpart}`,
    initial_device_display_name: 'a test',
  })
  const client = createClient({
    baseUrl: server.url,
    userId: login.user_id,
    deviceId: login.device_id,
    accessToken: login.access_token,
    logger: silent,
  })
  clients.push(client)
  const prepared = until(client, () => client.getSyncState() === SyncState.Prepared || client.getSyncState() === SyncState.Syncing)
  await client.startClient({ initialSyncLimit: 5, lazyLoadMembers: true, ...(follow && { slidingSync: follow(client) }) })
  await prepared
  return client
}

function roomOf(client: MatrixClient, roomId: string): Room {
  const room = client.getRoom(roomId)
  assert(room !== null, `${client.getUserId()} knows the room`)
  return room
}

/** Texts in the room's live timeline, oldest first. */
function texts(client: MatrixClient, roomId: string): string[] {
  const events = client.getRoom(roomId)?.getLiveTimeline().getEvents() ?? []
  return events.flatMap((event) => (event.getType() === EventType.RoomMessage ? [String(event.getContent()['body'])] : []))
}

test('two people log in, sync, invite, join, talk, and read back', async () => {
  const [alice, bob] = await Promise.all([session('alice'), session('bob')])
  const { room_id: roomId } = await alice.createRoom({ name: 'Tea', preset: Preset.PrivateChat })
  const sent = Array.from({ length: 30 }, (_, n) => `message ${n}`)
  for (const text of sent) await alice.sendTextMessage(roomId, text)
  await until(alice, () => texts(alice, roomId).includes('message 29'))
  assert.equal(roomOf(alice, roomId).name, 'Tea')

  await alice.invite(roomId, bob.getSafeUserId())
  await until(bob, () => bob.getRoom(roomId)?.getMyMembership() === KnownMembership.Invite)
  await bob.joinRoom(roomId)
  await until(bob, () => bob.getRoom(roomId)?.getMyMembership() === KnownMembership.Join)
  await until(alice, () => roomOf(alice, roomId).getMember(bob.getSafeUserId())?.membership === KnownMembership.Join)

  const { event_id: answer } = await bob.sendTextMessage(roomId, 'two sugars, please')
  await until(alice, () => texts(alice, roomId).includes('two sugars, please'))
  const event = roomOf(alice, roomId).findEventById(answer)
  assert.equal(event?.getSender(), bob.getUserId())

  await alice.sendReadReceipt(event ?? null)
  await until(bob, () => roomOf(bob, roomId).getEventReadUpTo(alice.getSafeUserId()) === answer)

  // A client that was not there reads back from its newest event to the room's first one.
  const later = await session('carol')
  await alice.invite(roomId, later.getSafeUserId())
  await until(later, () => later.getRoom(roomId)?.getMyMembership() === KnownMembership.Invite)
  await later.joinRoom(roomId)
  await until(later, () => later.getRoom(roomId)?.getMyMembership() === KnownMembership.Join)
  const room = roomOf(later, roomId)
  while (room.oldState.paginationToken !== null) await later.scrollback(room, 10)
  assert.deepEqual(texts(later, roomId), [...sent, 'two sugars, please'])
})

test('a client on sliding sync follows invites, messages, receipts, account data and its rooms', async () => {
  const list = {
    ranges: [[0, 9]],
    timeline_limit: 5,
    required_state: [
      ['m.room.create', ''],
      ['m.room.name', ''],
      ['m.room.member', '$ME'],
      ['m.room.member', '$LAZY'],
    ],
  }
  const info = { timeline_limit: 20, required_state: [['*', '*']] }
  const slides = (client: MatrixClient): SlidingSync => new SlidingSync(server.url, new Map([['all', list]]), info, client, 5_000)
  const dora = await session('dora')
  const { room_id: roomId } = await dora.createRoom({ name: 'Coffee', preset: Preset.PrivateChat })
  for (let n = 0; n < 30; n += 1) await dora.sendTextMessage(roomId, `message ${n}`)
  const erik = await session('erik', slides)
  await dora.invite(roomId, erik.getSafeUserId())
  await until(erik, () => erik.getRoom(roomId)?.getMyMembership() === KnownMembership.Invite)
  await erik.joinRoom(roomId)
  await until(erik, () => erik.getRoom(roomId)?.getMyMembership() === KnownMembership.Join && roomOf(erik, roomId).name === 'Coffee')
  const { event_id: said } = await dora.sendTextMessage(roomId, 'black?')
  await until(erik, () => texts(erik, roomId).includes('black?'))
  assert.equal(roomOf(erik, roomId).findEventById(said)?.getSender(), dora.getUserId())
  await erik.sendTextMessage(roomId, 'white')
  await until(dora, () => texts(dora, roomId).includes('white'))
  await until(erik, () => texts(erik, roomId).includes('white'))
  await dora.sendReadReceipt(roomOf(dora, roomId).findEventById(said) ?? null)
  await until(erik, () => roomOf(erik, roomId).getEventReadUpTo(dora.getSafeUserId()) !== null)
  await erik.setRoomTag(roomId, 'm.favourite', {})
  await until(erik, () => 'm.favourite' in roomOf(erik, roomId).tags)
  const room = roomOf(erik, roomId)
  while (room.oldState.paginationToken !== null) await erik.scrollback(room, 20)
  assert.deepEqual(texts(erik, roomId), [...Array.from({ length: 30 }, (_, n) => `message ${n}`), 'black?', 'white'])
  await dora.kick(roomId, erik.getSafeUserId())
  await until(erik, () => roomOf(erik, roomId).getMyMembership() === KnownMembership.Leave)
})
