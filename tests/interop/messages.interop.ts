// Goal: messages arrive unchanged and in order, both ways; edits and reactions are aggregated; redactions empty events.
// Method: send on one server, read on the other through /sync, /event and /relations.

import assert from 'node:assert/strict'
import { at, objectAt } from '../../packages/testkit/src/client/json.ts'
import { scenario, sharedRoom } from './scenario.ts'

scenario('messages both ways, unchanged', async (placement) => {
  const { roomId, alice, bob } = await sharedRoom(placement)
  const content = {
    msgtype: 'm.text',
    body: 'Grüße, 世界 🦊 \u2028 "quoted" \\ and \u0001',
    'org.example.nested': { z: [1, -2, 9007199254740991, null, true, {}], ключ: '', '\ue000': 1, '😀': 2 },
  }
  for (const [sender, reader] of [
    [alice, bob],
    [bob, alice],
  ] as const) {
    const eventId = await sender.send(roomId, 'm.room.message', content)
    const arrived = await reader.waitForEvent(roomId, eventId)
    const kept = await sender.event(roomId, eventId)
    assert.deepEqual(arrived.content, content)
    assert.equal(arrived.sender, sender.userId)
    assert.equal(arrived.raw['origin_server_ts'], kept.raw['origin_server_ts'])
  }
})

scenario('messages keep their order', async (placement) => {
  const { roomId, alice, bob } = await sharedRoom(placement)
  const sent: string[] = []
  for (let number = 0; number < 10; number += 1) {
    const [sender, reader] = number % 3 === 0 ? [bob, alice] : [alice, bob]
    const eventId = await sender.sendText(roomId, `number ${number}`)
    sent.push(eventId)
    await reader.waitForEvent(roomId, eventId)
  }
  for (const reader of [alice, bob]) {
    const { events } = await reader.messages(roomId, { limit: 10 })
    assert.deepEqual(events.map((event) => event.eventId).reverse(), sent)
  }
})

scenario('edits', async (placement) => {
  const { roomId, alice, bob } = await sharedRoom(placement)
  const original = await bob.sendText(roomId, 'teh message')
  await alice.waitForEvent(roomId, original)
  const edit = await bob.send(roomId, 'm.room.message', {
    msgtype: 'm.text',
    body: '* the message',
    'm.new_content': { msgtype: 'm.text', body: 'the message' },
    'm.relates_to': { rel_type: 'm.replace', event_id: original },
  })
  await alice.waitForEvent(roomId, edit)
  const seen = await alice.event(roomId, edit)
  assert.equal(at(seen.content, 'm.relates_to', 'event_id'), original)
  assert.equal(at(seen.content, 'm.new_content', 'body'), 'the message')
})

scenario('reactions', async (placement) => {
  const { roomId, alice, bob } = await sharedRoom(placement)
  const original = await alice.sendText(roomId, 'cake?')
  await bob.waitForEvent(roomId, original)
  const reaction = await bob.send(roomId, 'm.reaction', { 'm.relates_to': { rel_type: 'm.annotation', event_id: original, key: '🍰' } })
  await alice.waitForEvent(roomId, reaction)
  const seen = await alice.event(roomId, reaction)
  assert.deepEqual([at(seen.content, 'm.relates_to', 'event_id'), at(seen.content, 'm.relates_to', 'key')], [original, '🍰'])
})

scenario("redactions of an own and of another server's message", async (placement) => {
  const { roomId, alice, bob } = await sharedRoom(placement)
  for (const [author, moderator, reader] of [
    [alice, alice, bob],
    [bob, bob, alice],
    [bob, alice, bob],
    [alice, bob, alice],
  ] as const) {
    const eventId = await author.sendText(roomId, 'not for everybody')
    await Promise.all([alice, bob].map((user) => user.waitForEvent(roomId, eventId)))
    const redaction = await moderator.redact(roomId, eventId, 'off topic')
    await reader.waitForEvent(roomId, redaction)
    for (const user of [alice, bob]) {
      const event = await user.event(roomId, eventId)
      assert.deepEqual(event.content, {})
      assert.equal(objectAt(event.unsigned, 'redacted_because')['event_id'], redaction)
    }
  }
})
