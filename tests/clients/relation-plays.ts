import assert from 'node:assert/strict'
import { MatrixEvent, MsgType, RelationType, type MatrixClient } from 'matrix-js-sdk'
import type { RoomMessageEventContent } from 'matrix-js-sdk/lib/types.js'
import { objectAt } from '../../packages/testkit/src/client/json.ts'
import { decryptedText, reads } from './devices.ts'
import { encryptedRoom, type Stage } from './stage.ts'
import { seesDevice } from './verification.ts'
import { until } from './waiting.ts'

/** An edit takes the place of the message on every device that is in the room. */
export async function edit(stage: Stage): Promise<void> {
  const [alice, bob] = await stage.pair()
  const roomId = await encryptedRoom(stage, alice, bob)
  const tablet = await stage.again(bob)
  await seesDevice(alice, tablet)
  const { event_id: eventId } = await alice.sendTextMessage(roomId, 'I will be their at six')
  await Promise.all([bob, tablet].map((client) => until(client, () => reads(client, roomId, 'I will be their at six'))))
  const content: RoomMessageEventContent = {
    msgtype: MsgType.Text,
    body: '* I will be there at six',
    'm.new_content': { msgtype: MsgType.Text, body: 'I will be there at six' },
    'm.relates_to': { rel_type: RelationType.Replace, event_id: eventId },
  }
  const { event_id: editId } = await alice.sendMessage(roomId, content)
  for (const client of [alice, bob, tablet]) {
    await until(client, () => client.getRoom(roomId)?.findEventById(eventId)?.getContent()['body'] === 'I will be there at six')
    assert.equal(client.getRoom(roomId)?.findEventById(eventId)?.replacingEventId(), editId)
  }
}

/** Replies in a thread are read on both sides, and the thread stands in the list of threads with its newest reply. */
export async function thread(stage: Stage): Promise<void> {
  const [alice, bob] = await stage.pair()
  const roomId = await encryptedRoom(stage, alice, bob)
  const { event_id: root } = await alice.sendTextMessage(roomId, 'what shall we cook?')
  await until(bob, () => reads(bob, roomId, 'what shall we cook?'))
  await bob.sendTextMessage(roomId, root, 'dumplings')
  await until(alice, () => threadTexts(alice, roomId, root).includes('dumplings'))
  await alice.sendTextMessage(roomId, root, 'with mushrooms')
  await alice.sendTextMessage(roomId, 'beside the thread')
  for (const client of [alice, bob]) {
    await until(client, () => threadTexts(client, roomId, root).length === 2 && reads(client, roomId, 'beside the thread'))
    assert.deepEqual(threadTexts(client, roomId, root), ['dumplings', 'with mushrooms'])
    assert(!reads(client, roomId, 'dumplings'), 'replies of a thread stand in it alone')
    await listShows(client, roomId, root)
  }
}

async function listShows(client: MatrixClient, roomId: string, root: string): Promise<void> {
  const room = client.getRoom(roomId)
  assert(room !== null)
  await room.createThreadsTimelineSets()
  await room.fetchRoomThreads()
  const listed = room.threadsTimelineSets[0]?.getLiveTimeline().getEvents() ?? []
  assert.deepEqual(
    listed.map((event) => event.getId()),
    [root],
  )
  await until(client, () => listed.every((event) => decryptedText(event) === 'what shall we cook?'))
  // As the server tells it: what the SDK makes of it counts a reply of its own twice that was sent while the thread was being loaded.
  const { chunk } = await client.createThreadListMessagesRequest(roomId, null)
  const summary = objectAt(chunk[0], 'unsigned', 'm.relations', 'm.thread')
  assert.deepEqual([chunk.length, summary['count']], [1, 2])
  const last = new MatrixEvent({ ...objectAt(summary, 'latest_event'), room_id: roomId })
  await client.decryptEventIfNeeded(last)
  assert.equal(decryptedText(last), 'with mushrooms')
}

function threadTexts(client: MatrixClient, roomId: string, root: string): string[] {
  const events: readonly MatrixEvent[] = client.getRoom(roomId)?.getThread(root)?.events ?? []
  // The SDK may have its own reply twice, if it was sent while the thread was being loaded.
  const texts = new Map(events.map((event) => [event.getId(), event.getId() === root ? undefined : decryptedText(event)]))
  return [...texts.values()].filter((text) => text !== undefined)
}
