// Goal: EDUs of other servers count only for joined users of their origin, and malformed ones not at all.
// Method: EDUs with one fault each; what was taken in is read back.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromPlain, isJsonObject, parseEventId, parseServerName, type JsonObject } from '@causeway/events'
import { countReceipts } from '../storage/tables/receipts.ts'
import { alice, roomIdOf, user, World } from '../sync/sync.fixture.ts'
import { parseReceiptEdu, parseTypingEdu, receiptEdu, typingEdu, withoutVoid } from './edus.ts'
import { receiptsOfEduMax, threadReceiptsMax } from './limits.ts'

const there = user('dan', 'there')
const origin = parseServerName('there')
assert.ok(origin)

function json(value: unknown): JsonObject {
  const object = fromPlain(value)
  assert.ok(isJsonObject(object))
  return object
}

test('receipts there and back, with their thread', () => {
  const roomId = roomIdOf('!r:here')
  const receipt = { userId: there, type: 'm.read', thread: 'main', eventId: '$e', eventPos: 1, ts: 5, slot: 0, position: 1 }
  assert.deepEqual(parseReceiptEdu(receiptEdu(roomId, receipt)), [{ roomId, userId: there, eventId: '$e', thread: 'main', ts: 5 }])
  const notice = { roomId, userId: there, typing: true, timeoutMs: 1 }
  assert.deepEqual(parseTypingEdu(typingEdu(notice)), { roomId, userId: there, typing: true })
})

test('malformed EDUs say nothing', () => {
  const room = '!r:here'
  for (const content of [
    {},
    { room_id: room, user_id: there },
    { room_id: 'r', user_id: there, typing: true },
    { room_id: room, user_id: 'dan', typing: true },
  ]) {
    assert.equal(parseTypingEdu(json(content)), undefined)
  }
  const good = { event_ids: ['$e'], data: { ts: 1 } }
  for (const receipt of [
    { ...good, event_ids: [] },
    { ...good, event_ids: '$e' },
    { ...good, data: {} },
    { event_ids: [''], data: { ts: 1 } },
    { event_ids: ['e'.repeat(256)], data: { ts: 1 } },
    { ...good, data: { ts: 1, thread_id: 4 } },
  ]) {
    assert.deepEqual(parseReceiptEdu(json({ [room]: { 'm.read': { [there]: receipt } } })), [])
  }
  assert.deepEqual(parseReceiptEdu(json({ [room]: { 'm.read.private': { [there]: good } } })), [])
})

test('only joined users of the origin', async (t) => {
  let joined = false
  const world = await World.open(t)
  const { Receipts } = await import('./receipts.ts')
  const { Typing } = await import('./typing.ts')
  const room = await world.room(alice)
  const eventId = await world.say(room, alice, 'x')
  const view = await world.engine.view(room)
  const isJoined = async () => joined
  const receipts = new Receipts({
    db: world.ports.db,
    clock: world.clock,
    isJoined,
    locate: async () => ({ room: view?.room ?? 0, pos: 3 }),
    federateReceipt: () => assert.fail('what comes from there is not sent there'),
  })
  const typing = new Typing({ clock: world.clock, isJoined, broadcast: () => assert.fail('what comes from there is not sent there') })
  const receive = async () => {
    for (const userId of [there, alice]) {
      await receipts.receive(origin, [{ roomId: room, userId, eventId, thread: '', ts: 1 }])
      await typing.receive(origin, { roomId: room, userId, typing: true })
    }
  }
  const shown = async () => (await world.sync(alice)).joined(room).ephemeral?.events.map(({ content }) => content)
  await receive()
  assert.deepEqual(await shown(), [])
  joined = true
  await receive()
  assert.deepEqual(await shown(), [{ [eventId]: { 'm.read': { [there]: { ts: 1 } } } }])
  assert.deepEqual(typing.usersIn(room), [there])

  // D20: threads of which nobody knows fill no table.
  const eventOf = (name: string) => parseEventId(`$${name}`) ?? assert.fail()
  for (let round = 0; round < 4; round += 1) {
    const received = Array.from({ length: receiptsOfEduMax }, (_, n) => ({
      roomId: room,
      userId: there,
      eventId,
      thread: eventOf(`${round}-${n}`),
      ts: 1,
    }))
    await receipts.receive(origin, received)
  }
  assert.ok((await countReceipts(world.ports.db, view?.room ?? 0, there, 10_000)) < threadReceiptsMax + receiptsOfEduMax)
  await receipts.receive(origin, [{ roomId: room, userId: there, eventId: eventOf('next'), thread: '', ts: 2 }])
})

test('D20: of what somebody types in one transaction the last word counts', () => {
  const edu = (type: string, content: object) => json({ edu_type: type, content })
  const typing = (room: string, is: boolean) => edu('m.typing', { room_id: room, user_id: there, typing: is })
  const [receipt, odd] = [edu('m.receipt', {}), edu('m.typing', { typing: 5 })]
  const edus = [typing('!r', true), receipt, typing('!s', true), 'x', typing('!r', false), receipt, odd]
  assert.deepEqual(withoutVoid(edus), [receipt, typing('!s', true), 'x', typing('!r', false), receipt, odd])
})
