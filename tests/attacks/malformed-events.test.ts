// Goal: one malformed event harms neither its transaction, nor its room, nor the server.
// Method: a member of a room, on an evil peer, sends what no honest server would; an honest message in the same transaction must arrive.
import assert from 'node:assert/strict'
import { canonicalJson, NumberLexeme } from '@causeway/events'
import { objectAt, stringAt } from '../../packages/testkit/src/client/json.ts'
import { battlefield } from '../../packages/testkit/src/evil-peer/battlefield.ts'
import { forge, jsonObject, type Forged } from '../../packages/testkit/src/evil-peer/forge.ts'
import { scene, sendWithHonest, text } from './scene.ts'

const attack = battlefield()

for (const version of ['10', '11', '12']) {
  attack(`F01: an event of version ${version} whose depth is beyond 2^53 - 1 is dropped, and others go on`, async (field) => {
    const at = await scene(field, version)
    const deep = ['9007199254740992', '9223372036854775807', '1e400', '-1', '1.5'].map((lexeme) =>
      at.room.event({ ...text('deep'), fields: { depth: new NumberLexeme(lexeme) } }),
    )
    await sendWithHonest(at, ...deep)
    // What our people send next has a depth that others take.
    const next = await at.alice.sendText(at.room.roomId, 'next')
    const sent = await at.evil.until('our next event', () => at.evil.pdus.find((pdu) => JSON.stringify(pdu).includes('"next"')))
    assert.ok(next !== '' && Number(sent['depth']) < 2 ** 53)
  })
}

attack('F02: the deepest legal depth does not change the order of what comes after', async (field) => {
  const at = await scene(field)
  const deep = at.room.event({ ...text('deep'), fields: { depth: 2 ** 53 - 1 } })
  await at.room.send(deep)
  await at.alice.waitForEvent(at.room.roomId, deep.eventId)
  const first = await at.alice.sendText(at.room.roomId, 'first')
  const second = await at.alice.sendText(at.room.roomId, 'second')
  const { events } = await at.alice.messages(at.room.roomId, { limit: 3 })
  assert.deepEqual(
    events.map(({ eventId }) => eventId),
    [second, first, deep.eventId],
  )
  const sent = await at.evil.until('our event', () => at.evil.pdus.find((pdu) => JSON.stringify(pdu).includes('"second"')))
  assert.ok(Number(sent['depth']) <= 2 ** 53 - 1)
})

attack('F02: in room version 5, where 2^63 - 1 is a legal depth, it changes no order either', async (field) => {
  const at = await scene(field, '5')
  const deep = at.room.event({ ...text('deep'), fields: { depth: new NumberLexeme('9223372036854775807') } })
  await at.room.send(deep)
  await at.alice.waitForEvent(at.room.roomId, deep.eventId)
  const sent = await at.alice.sendText(at.room.roomId, 'still usable')
  const { events } = await at.alice.messages(at.room.roomId, { limit: 2 })
  assert.deepEqual(
    events.map(({ eventId }) => eventId),
    [sent, deep.eventId],
  )
})

attack('F03: numbers that are no integers in range are refused from version 6 on', async (field) => {
  const at = await scene(field, '6')
  const numbers = ['1.5', '1.0', '1e2', '-0', '9007199254740992', '-9007199254740992', '1e400']
  const bad = numbers.map((lexeme) => at.room.event({ ...text(new NumberLexeme(lexeme)) }))
  await sendWithHonest(at, ...bad)
})

attack('F03: NaN and Infinity are no JSON: the transaction is refused and changes nothing', async (field) => {
  const at = await scene(field)
  const honest = at.room.message('honest')
  for (const word of ['NaN', 'Infinity', '-Infinity']) {
    const body = `{"origin":"${at.evil.serverName}","origin_server_ts":${word},"pdus":[${canonicalJson(honest.object)}]}`
    const answer = await at.evil.request('PUT', `/_matrix/federation/v1/send/${word}`, jsonObject({}), { rawBody: body })
    assert.ok(answer.status === 400 || answer.status === 401, String(answer.status))
  }
  await at.room.send(honest)
  await at.alice.waitForEvent(at.room.roomId, honest.eventId)
})

attack('F16: whatever else is in a transaction, the good event in it is taken and the answer is 200', async (field) => {
  const at = await scene(field)
  const good = at.room.message('good')
  const junk = [null, 5, 'x', [], {}, { room_id: 5 }, { room_id: at.room.roomId }, { ...good.object, type: 5 }, { room_id: '!nowhere:x' }]
  const answer = await at.evil.transaction([...junk, good.object, ...junk])
  assert.equal(answer.status, 200)
  assert.deepEqual(objectAt(answer.body, 'pdus', good.eventId), {})
  await at.alice.waitForEvent(at.room.roomId, good.eventId)
})

attack('F19: an event that is too large, or has a field that is, is refused alone', async (field) => {
  const at = await scene(field)
  const long = 'x'.repeat(256)
  const bad = [
    at.room.event({ ...text('y'.repeat(65_537)) }),
    at.room.event({ type: long, content: {} }),
    at.room.event({ type: 'org.example.state', state_key: long, content: {} }),
    // In bytes, not in letters.
    at.room.event({ type: 'org.example.state', state_key: 'é'.repeat(128), content: {} }),
  ]
  await sendWithHonest(at, ...bad)
})

attack('F19: the same when it is fetched to fill a gap', async (field) => {
  const at = await scene(field)
  const honestBefore = at.room.message('before')
  await at.room.send(honestBefore)
  at.room.next({ ...text('y'.repeat(65_537)) })
  const after = at.room.message('after')
  at.room.tips = [honestBefore.eventId]
  const fork = at.room.message('beside')
  await at.room.send(after, fork)
  await at.alice.waitForEvent(at.room.roomId, fork.eventId)
  const { events } = await at.alice.messages(at.room.roomId)
  assert.ok(!events.some((event) => JSON.stringify(event).includes('y'.repeat(65_537))))
})

attack('F20: a key that stands twice makes the body no JSON', async (field) => {
  const at = await scene(field)
  const honest = at.room.message('honest')
  const twice = canonicalJson(honest.object).replace('"sender":', '"sender":"@honest-talker:x","sender":')
  const answer = await at.evil.rawTransaction(`{"origin":"${at.evil.serverName}","origin_server_ts":1,"pdus":[${twice}]}`)
  assert.equal(answer.status, 400)
  await at.room.send(honest)
  const seen = await at.alice.waitForEvent(at.room.roomId, honest.eventId)
  assert.equal(seen.sender, at.room.sender)
})

attack('F21: a hundred thousand levels, and ten million brackets, are refused', async (field) => {
  const { evil } = await scene(field)
  for (const levels of [100_000, 5_000_000]) {
    const answer = await evil
      .request('PUT', '/_matrix/federation/v1/send/deep', jsonObject({}), { rawBody: '['.repeat(levels) + ']'.repeat(levels) })
      .catch(() => undefined)
    // Too large a body may be cut off before it is read.
    assert.ok(answer === undefined || [400, 401, 413].includes(answer.status), String(answer?.status))
  }
})

attack('F22: odd characters in keys, types and contents are kept to the byte, or refused alone', async (field) => {
  const at = await scene(field)
  const odd = ['\0', '\u0001', '\u2028', '\ufeff', '\uffff', '💬', '"\\', '\u007f']
  for (const units of odd) {
    const event = at.room.event({ type: `org.example.${units}`, state_key: units, content: { [units]: units } })
    const honest = at.room.message(`after ${units.codePointAt(0)}`)
    await at.room.send(event, honest)
    await at.alice.waitForEvent(at.room.roomId, honest.eventId)
    const path = `/rooms/${encodeURIComponent(at.room.roomId)}/event/${encodeURIComponent(event.eventId)}`
    const answer = await at.alice.request('GET', `v3${path}`)
    if (answer.status === 200) assert.deepEqual(objectAt(answer.body, 'content'), { [units]: units })
    else assert.equal(answer.status, 404)
  }
})

attack('F22: a lone surrogate and invalid UTF-8 are refused, and change nothing', async (field) => {
  const at = await scene(field)
  const honest = at.room.message('honest')
  const good = canonicalJson(honest.object)
  for (const body of ['\\ud800', '\\udc00x']) {
    const bad = good.replace('"honest"', `"${body}"`)
    const answer = await at.evil.request('PUT', '/_matrix/federation/v1/send/lone', jsonObject({}), { rawBody: `{"pdus":[${bad}]}` })
    assert.ok([400, 401].includes(answer.status))
  }
  await at.room.send(honest)
  await at.alice.waitForEvent(at.room.roomId, honest.eventId)
})

attack('F23: what a peer writes into `unsigned` is not believed', async (field) => {
  const at = await scene(field)
  const honest = at.room.message('with lies')
  const unsigned = {
    redacted_because: { type: 'm.room.redaction', event_id: '$x' },
    prev_content: { lie: true },
    'm.relations': { 'm.replace': { event_id: '$x' } },
    transaction_id: 'lie',
    membership: 'ban',
    age: -5,
  }
  const answer = await at.evil.transaction([{ ...honest.object, unsigned }])
  assert.equal(answer.status, 200)
  await at.alice.waitForEvent(at.room.roomId, honest.eventId)
  const path = `v3/rooms/${encodeURIComponent(at.room.roomId)}/event/${encodeURIComponent(honest.eventId)}`
  const seen = objectAt(await at.alice.call('GET', path), 'unsigned')
  for (const key of ['redacted_because', 'prev_content', 'm.relations', 'transaction_id']) assert.equal(seen[key], undefined, key)
  assert.notEqual(seen['membership'], 'ban')
})

attack('F24: in version 1 the first event of an id stands; from version 3 on an id in the event says nothing', async (field) => {
  const old = await scene(field, '1')
  const first = old.room.message('first')
  await old.room.send(first)
  await old.alice.waitForEvent(old.room.roomId, first.eventId)
  const fields = { ...first.object, content: { msgtype: 'm.text', body: 'second' }, signatures: undefined, hashes: undefined }
  const second = forge(JSON.parse(JSON.stringify(fields)), old.room.rules, old.evil.signer)
  assert.equal(second.eventId, first.eventId)
  const marker = old.room.message('marker')
  await old.room.send(second, marker)
  await old.alice.waitForEvent(old.room.roomId, marker.eventId)
  const kept = await old.alice.event(old.room.roomId, first.eventId)
  assert.equal(stringAt(kept.content, 'body'), 'first')

  const now = await scene(field, '11')
  const victim = await now.alice.sendText(now.room.roomId, 'untouched')
  const liar = now.room.event({ ...text('liar'), fields: { event_id: victim } })
  const after = now.room.message('after')
  await now.room.send(liar, after)
  await now.alice.waitForEvent(now.room.roomId, after.eventId)
  assert.equal(stringAt((await now.alice.event(now.room.roomId, victim)).content, 'body'), 'untouched')
})

attack('F25: no, too many and self-chosen prev events, too many and doubled auth events are refused cheaply', async (field) => {
  const at = await scene(field)
  const many = Array.from({ length: 10_000 }, (_, index) => `$${String(index).padStart(43, 'A')}`)
  const auth = at.room.authEvents({ type: 'm.room.message', sender: at.room.sender, stateKey: undefined, content: {} })
  const bad = [
    at.room.event({ ...text('none'), prev_events: [] }),
    at.room.event({ ...text('21'), prev_events: many.slice(0, 21) }),
    at.room.event({ ...text('doubled'), auth_events: [...auth, ...auth] }),
    at.room.event({ ...text('eleven'), auth_events: many.slice(0, 11) }),
  ]
  await sendWithHonest(at, ...bad)
  const huge = at.room.event({ ...text('10,000'), prev_events: many.slice(0, 1_400) })
  await at.evil.transaction([huge.object])
  const asked = at.evil.asked(/get_missing_events|state_ids|\/event\//).length
  assert.ok(asked < 20, `${asked} requests for one event that could be refused at sight`)
})

attack('F26: an event with a wrong content hash is kept in its redacted form', async (field) => {
  const at = await scene(field)
  const wrong = at.room.event({ ...text('secret'), type: 'm.room.message' }, { sha256: 'A'.repeat(43) })
  await at.room.send(wrong)
  const honest = at.room.event({ ...text('after'), prev_events: [wrong.eventId] })
  await at.room.send(honest)
  await at.alice.waitForEvent(at.room.roomId, honest.eventId)
  assert.deepEqual((await at.alice.event(at.room.roomId, wrong.eventId)).content, {})
})

attack('F27: an auth event that is no state is a reason to reject, not to fall over', async (field) => {
  const at = await scene(field)
  const message = at.room.message('no state')
  await at.room.send(message)
  const auth = at.room.authEvents({ type: 'm.room.message', sender: at.room.sender, stateKey: undefined, content: {} })
  await sendWithHonest(at, at.room.event({ ...text('bad'), auth_events: [...auth, message.eventId] }))
})

attack('F33: absurd but legal times change no order', async (field) => {
  // Up to version 4 a key signs for all times; later one in the far future is covered by no key.
  for (const [version, times] of [
    ['4', [0, Date.UTC(3000, 0), 2 ** 53 - 1]],
    ['11', [0]],
  ] as const) {
    const at = await scene(field, version)
    for (const time of times) {
      const odd = at.room.next({ ...text('odd'), fields: { origin_server_ts: time } })
      await at.room.send(odd)
      await at.alice.waitForEvent(at.room.roomId, odd.eventId)
      const next = await at.alice.sendText(at.room.roomId, 'next')
      const { events } = await at.alice.messages(at.room.roomId, { limit: 2 })
      assert.deepEqual(
        events.map(({ eventId }) => eventId),
        [next, odd.eventId],
      )
    }
  }
})

attack('F33: times that no number or no key covers are refused alone, without asking for keys again and again', async (field) => {
  const at = await scene(field)
  const later = (time: unknown): Forged => at.room.event({ ...text('x'), fields: { origin_server_ts: time } })
  await sendWithHonest(at, later(new NumberLexeme('9007199254740992')), later('now'))
  const asked = at.evil.asked(/key\/v2\/server/).length
  await sendWithHonest(at, ...Array.from({ length: 20 }, (_, index) => later(Date.UTC(3000, index % 12, index))))
  assert.ok(at.evil.asked(/key\/v2\/server/).length <= asked + 1)
})

attack('F36: keys that naive code inherits from are just keys', async (field) => {
  const at = await scene(field)
  const content = JSON.parse('{"__proto__":{"polluted":1},"body":"b","constructor":{"prototype":2},"msgtype":"m.text","toString":"x"}')
  const event = at.room.next({ type: 'm.room.message', content })
  await at.room.send(event)
  const path = `v3/rooms/${encodeURIComponent(at.room.roomId)}/event/${encodeURIComponent(event.eventId)}`
  await at.alice.waitForEvent(at.room.roomId, event.eventId)
  const seen = await at.alice.request('GET', path)
  assert.equal(JSON.stringify(objectAt(seen.body, 'content')), JSON.stringify(content))
  const typed = at.room.next({ type: '__proto__', state_key: 'constructor', content: { toString: 1 } })
  const levels = at.room.event({ type: 'm.room.power_levels', state_key: '', content: JSON.parse('{"users":{"__proto__":100}}') })
  const edu = JSON.parse('{"edu_type":"__proto__","content":{"__proto__":{}}}')
  const answer = await at.evil.transaction([typed.object, levels.object], [edu])
  assert.equal(answer.status, 200)
  const after = at.room.event({ ...text('after'), prev_events: [typed.eventId] })
  await at.room.send(after)
  await at.alice.waitForEvent(at.room.roomId, after.eventId)
})
