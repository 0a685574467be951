// Goal: clients get the event in their format, redactions with their target in both places.
// Method: the prefix, closed with a brace, is parsed and compared.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clientEventPrefix } from './client-event.ts'
import { built, event, json, rulesOf } from './event.fixture.ts'
import { redactPdu } from './redact-pdu.ts'

test('a message, a state event, and text that needs escapes', () => {
  for (const version of ['1', '6', '11', '12']) {
    const rules = rulesOf(version)
    const message = built(rules, { type: 'a"b\\', content: json({ z: [1, { y: '\n💬' }], a: null }) })
    const common = { event_id: message.eventId, origin_server_ts: 1_700_000_000_000, room_id: message.roomId, sender: '@u:domain' }
    assert.equal(
      `${clientEventPrefix(message)}}`,
      JSON.stringify({
        content: { a: null, z: [1, { y: '\n💬' }] },
        event_id: common.event_id,
        origin_server_ts: common.origin_server_ts,
        room_id: common.room_id,
        sender: common.sender,
        type: 'a"b\\',
      }),
    )
    const state = built(rules, { stateKey: 'é"' })
    assert.deepEqual(JSON.parse(`${clientEventPrefix(state)}}`), {
      ...common,
      event_id: state.eventId,
      content: { body: 'hello', msgtype: 'm.text' },
      state_key: 'é"',
      type: 'm.room.message',
    })
  }
})

test('redactions name their target twice, whatever the version', () => {
  for (const version of ['1', '10', '11', '12']) {
    for (const content of [{}, { reason: 'spam', a: 1 }]) {
      const pdu = built(rulesOf(version), { type: 'm.room.redaction', redacts: event('$target:x'), content: json(content) })
      const client: { redacts: unknown; content: unknown } = JSON.parse(`${clientEventPrefix(pdu)}}`)
      assert.equal(client.redacts, '$target:x')
      assert.deepEqual(client.content, { ...content, redacts: '$target:x' })
    }
  }
  const own = built(rulesOf('10'), { type: 'm.room.redaction', redacts: event('$a'), content: json({ redacts: '$b' }) })
  assert.match(clientEventPrefix(own), /^\{"content":\{"redacts":"\$b"\},.*,"redacts":"\$a",/)
  const forgotten = redactPdu(built(rulesOf('10'), { type: 'm.room.redaction', redacts: event('$a') }), rulesOf('10'))
  assert.doesNotMatch(clientEventPrefix(forgotten), /redacts/)
})

test('it is made once', () => {
  const pdu = built(rulesOf('11'))
  assert.ok(Object.is(clientEventPrefix(pdu), clientEventPrefix(pdu)))
})
