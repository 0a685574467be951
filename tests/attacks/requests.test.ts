// Goal: a request counts only when the server that it names made it for us, and what a server says of keys is believed within limits.
// Method: an evil peer forges, repeats and misuses requests, keys and transactions.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { encodeBase64, parseKeyId, signingKeyFromSeed, signJson } from '@causeway/events'
import { stringAt } from '../../packages/testkit/src/client/json.ts'
import { battlefield } from '../../packages/testkit/src/evil-peer/battlefield.ts'
import { EvilRoom } from '../../packages/testkit/src/evil-peer/evil-room.ts'
import { forge, jsonObject } from '../../packages/testkit/src/evil-peer/forge.ts'
import { serveRoom } from '../../packages/testkit/src/evil-peer/serve-room.ts'
import { scene, text } from './scene.ts'

const attack = battlefield()
const day = 86_400_000

/** The key that early examples of the specification and several projects' tests sign with: its private half is public. */
const publicSeed = Buffer.from('YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1', 'base64')

attack('F06: an event that nobody signed is dropped, whichever answer brought it', async (field) => {
  const at = await scene(field)
  const unsigned = at.room.next(text('unsigned'), { signers: [] })
  const after = at.room.message('after it')
  await at.room.send(after)
  const marker = await at.alice.sendText(at.room.roomId, 'marker')
  await at.evil.until('the marker', () => at.evil.pdus.some((pdu) => JSON.stringify(pdu).includes('"marker"')))
  assert.ok(at.evil.asked(/get_missing_events/).length > 0)
  const { events } = await at.alice.messages(at.room.roomId)
  assert.ok(events.some(({ eventId }) => eventId === marker))
  assert.ok(!events.some(({ eventId }) => eventId === unsigned.eventId))
})

attack('F06: the same in a backfill and in the state of a join', async ({ user, peer }) => {
  const [alice, evil] = [await user('alice'), await peer()]
  const room = EvilRoom.found(evil)
  serveRoom(evil, room)
  const history = room.next(text('history without a signature'), { signers: [] })
  const topic = room.next({ type: 'm.room.topic', state_key: '', content: { topic: 'unsigned' } }, { signers: [] })
  const signed = room.message('signed')
  await alice.join(room.roomId, [evil.serverName])
  const { events } = await alice.messages(room.roomId)
  const seen = events.map(({ eventId }) => eventId)
  assert.ok(!seen.includes(history.eventId) && !seen.includes(topic.eventId))
  assert.ok(signed.eventId !== '')
  assert.equal((await alice.request('GET', `v3/rooms/${encodeURIComponent(room.roomId)}/state/m.room.topic/`)).status, 404)
})

attack('F09: a signature by a key whose private half everybody knows counts for nothing', async ({ user, peer }) => {
  const [alice, evil] = [await user('alice'), await peer()]
  const keyId = parseKeyId('ed25519:1')
  assert.ok(keyId !== undefined)
  const known = { serverName: evil.serverName, key: signingKeyFromSeed(keyId, publicSeed) }
  const keys = { verify_keys: { [keyId]: { key: encodeBase64(known.key.publicKey) } } }
  const published = signJson(evil.keys(keys), evil.serverName, known.key)
  evil.onPath(/^\/_matrix\/key\/v2\/server/, () => ({ body: published }))
  const path = `/_matrix/federation/v1/query/profile?user_id=${encodeURIComponent(alice.userId)}`
  const request = { method: 'GET', uri: path, origin: evil.serverName, destination: evil.victim.serverName }
  const sig = stringAt(signJson(jsonObject(request), evil.serverName, known.key), 'signatures', evil.serverName, keyId)
  const authorization = `X-Matrix origin="${evil.serverName}",destination="${evil.victim.serverName}",key="${keyId}",sig="${sig}"`
  assert.equal((await evil.request('GET', path, undefined, { authorization })).status, 401)
})

for (const [title, keys] of [
  ['of another server', () => ({ server_name: 'other.example' })],
  ['that is out of date', () => ({ valid_until_ts: 1 })],
  ['without keys', () => ({ verify_keys: {} })],
  [
    'that is only an old key',
    (publicKey: string) => ({ verify_keys: {}, old_verify_keys: { 'ed25519:evil': { key: publicKey, expired_ts: 1 } } }),
  ],
] satisfies [string, (publicKey: string) => Record<string, unknown>][]) {
  attack(`F10: a key answer ${title} lets nobody in, and is not asked for again and again`, async ({ peer }) => {
    const evil = await peer()
    const answer = evil.keys(keys(encodeBase64(evil.signer.key.publicKey)))
    evil.onPath(/^\/_matrix\/key\/v2\/server/, () => ({ body: answer }))
    for (let turn = 0; turn < 10; turn += 1) {
      const asked = await evil.request('GET', '/_matrix/federation/v1/publicRooms')
      assert.equal(asked.status, 401)
    }
    assert.ok(evil.asked(/key\/v2/).length <= 2, `${evil.asked(/key\/v2/).length} requests for keys`)
  })
}

attack('F10: an event of room version 11 signed with a key after its end is not taken', async (field) => {
  const at = await scene(field)
  // The peer publishes that this key ended yesterday; what it signed before then is good, what it signs now is not.
  const keyId = parseKeyId('ed25519:old')
  assert.ok(keyId !== undefined)
  const old = { serverName: at.evil.serverName, key: signingKeyFromSeed(keyId, randomBytes(32)) }
  const ended = { [keyId]: { key: encodeBase64(old.key.publicKey), expired_ts: Date.now() - day } }
  at.evil.onPath(/^\/_matrix\/key\/v2\/server/, () => ({ body: at.evil.keys({ old_verify_keys: ended }) }))
  const late = at.room.event(text('signed after its end'), { signers: [old] })
  const early = at.room.event({ ...text('signed before'), fields: { origin_server_ts: Date.now() - 2 * day } }, { signers: [old] })
  const honest = at.room.message('honest')
  await at.room.send(late, early, honest)
  await at.alice.waitForEvent(at.room.roomId, honest.eventId)
  const { events } = await at.alice.messages(at.room.roomId)
  assert.ok(!events.some(({ eventId }) => eventId === late.eventId))
})

attack('F15: history that consists of rejected events has an end, and pages lead there', async ({ user, peer }) => {
  const [alice, evil] = [await user('alice'), await peer()]
  const room = EvilRoom.found(evil)
  serveRoom(evil, room)
  const first = room.message('the first')
  for (let index = 0; index < 120; index += 1) {
    // Not signed by anybody who may speak here.
    const stranger = `@stranger${index}:${evil.serverName}`
    room.next({
      ...text('rejected'),
      sender: stranger,
      auth_events: room.authEvents({ type: 'x', sender: room.sender, stateKey: undefined, content: {} }),
    })
  }
  room.message('the last')
  await alice.join(room.roomId, [evil.serverName])
  let from: string | undefined
  const seen: (string | undefined)[] = []
  for (let page = 0; page < 40; page += 1) {
    const { events, end } = await alice.messages(room.roomId, { limit: 10, ...(from === undefined ? {} : { from }) })
    seen.push(...events.map(({ eventId }) => eventId))
    from = end
    if (end === undefined) break
  }
  assert.equal(from, undefined, 'the pages never end')
  assert.ok(seen.includes(first.eventId))
})

attack('F29: a transaction counts once, and has a size', async (field) => {
  const at = await scene(field)
  const first = at.room.message('first')
  const one = await at.evil.transaction([first.object], [], 'same')
  assert.equal(one.status, 200)
  const second = at.room.message('second')
  const again = await at.evil.transaction([second.object], [], 'same')
  assert.equal(again.status, 200)
  assert.deepEqual(again.body, one.body)
  const many = Array.from({ length: 51 }, () => at.room.event(text('one of many')).object)
  assert.ok([400, 413].includes((await at.evil.transaction(many)).status))
  const edus = Array.from({ length: 101 }, () => ({ edu_type: 'm.typing', content: {} }))
  assert.ok([400, 413].includes((await at.evil.transaction([], edus)).status))
  const marker = at.room.event({ ...text('marker'), prev_events: [first.eventId] })
  await at.room.send(marker)
  await at.alice.waitForEvent(at.room.roomId, marker.eventId)
  const { events } = await at.alice.messages(at.room.roomId)
  const shown = events.map(({ eventId }) => eventId)
  assert.ok(shown.includes(first.eventId) && !shown.includes(second.eventId))
})

attack('F30: a request whose signature is for somebody else, by somebody else or for something else is refused', async ({ user, peer }) => {
  const [alice, evil, other] = [await user('alice'), await peer(), await peer()]
  const path = `/_matrix/federation/v1/query/profile?user_id=${encodeURIComponent(alice.userId)}`
  const good = evil.authorization('GET', path)
  const fields = /^X-Matrix origin="(?<origin>[^"]*)",destination="(?<destination>[^"]*)",key="(?<key>[^"]*)",sig="(?<sig>[^"]*)"$/.exec(
    good,
  )?.groups
  assert.ok(fields !== undefined)
  const { origin = '', destination = '', key = '', sig = '' } = fields
  // However a sender may write it, it is the same header.
  for (const authorization of [
    good,
    good.replace('X-Matrix', 'x-matrix'),
    good.replace('X-Matrix ', 'X-Matrix    '),
    good.replaceAll(',', ' ,\t '),
    `X-Matrix sig="${sig}",key="${key}",destination="${destination}",origin="${origin}"`,
    `X-Matrix ORIGIN="${origin}",Destination="${destination}",KEY="${key}",Sig="${sig}",extra="a,b=\\"c"`,
    `X-Matrix origin=${origin},destination=${destination},key=${key},sig="${sig}"`,
  ]) {
    assert.equal((await evil.request('GET', path, undefined, { authorization })).status, 200, authorization)
  }
  const before = evil.asked(/key\/v2/).length + other.asked(/key\/v2/).length
  for (const authorization of [
    '',
    'X-Matrix',
    'Bearer x',
    `X-Matrix origin="${origin}"`,
    good.replace(destination, 'elsewhere.example'),
    good.replace(origin, other.serverName),
    good.replace(key, 'ed25519:other'),
    good.replace(
      sig,
      sig.replace(/^./, (first) => (first === 'A' ? 'B' : 'A')),
    ),
    `${good},origin="${other.serverName}"`,
    evil.authorization('GET', `${path}x`),
    evil.authorization('POST', path),
    evil.authorization('GET', path, jsonObject({ a: 1 })),
    evil.authorization('GET', path, undefined, 'elsewhere.example'),
  ]) {
    assert.equal((await evil.request('GET', path, undefined, { authorization })).status, 401, authorization)
  }
  const asked = evil.asked(/key\/v2/).length + other.asked(/key\/v2/).length - before
  assert.ok(asked <= 2, `${asked} requests for keys`)
  const body = jsonObject({ origin: evil.serverName, origin_server_ts: 1, pdus: [] })
  const tampered = await evil.request('PUT', '/_matrix/federation/v1/send/t', body, { rawBody: '{"origin":"x","pdus":[],"edus":[]}' })
  assert.equal(tampered.status, 401)
})

attack('F34: names of servers and users in every legal form, and in none, break nothing', async (field) => {
  const at = await scene(field)
  const names = [
    '@UPPER case:' + at.evil.serverName,
    `@:${at.evil.serverName}`,
    `@${'x'.repeat(200)}:${at.evil.serverName}`,
    `@é💬:${at.evil.serverName}`,
  ]
  for (const sender of names) {
    const join = forge(
      {
        ...JSON.parse(JSON.stringify(at.room.event(text('x')).object)),
        type: 'm.room.member',
        state_key: sender,
        sender,
        content: { membership: 'join' },
      },
      at.room.rules,
      at.evil.signer,
    )
    const honest = at.room.message('honest')
    await at.room.send(join, honest)
    await at.alice.waitForEvent(at.room.roomId, honest.eventId)
  }
  await at.alice.joinedMembers(at.room.roomId)
  for (const name of ['[::1]:1', '[::1]', '1.2.3.4', 'x'.repeat(255), 'a b', '', '::', 'ü.example', 'evil.example:99999']) {
    for (const path of [`v3/profile/${encodeURIComponent(`@a:${name}`)}`, `v3/directory/room/${encodeURIComponent(`#a:${name}`)}`]) {
      const answer = await at.alice.request('GET', path)
      assert.ok(answer.status < 500 || answer.status === 502 || answer.status === 504, `${path} ${answer.status}`)
    }
  }
})

attack('F35: a body that does not say it is JSON in UTF-8 is never read as something else', async (field) => {
  const at = await scene(field)
  const honest = at.room.message('honest')
  const body = jsonObject({ origin: at.evil.serverName, origin_server_ts: 1, pdus: [honest.object] })
  for (const type of [
    'application/cbor',
    'text/plain',
    'application/json; charset=utf-16',
    'multipart/form-data; boundary=x',
    'application/x-www-form-urlencoded',
  ]) {
    const answer = await at.evil.request('PUT', `/_matrix/federation/v1/send/t${type.length}`, body, { headers: { 'content-type': type } })
    assert.ok([200, 400, 415].includes(answer.status), `${type}: ${answer.status}`)
  }
  for (const bytes of ['\u00a2\u0001', '%7B%7D', '--x\r\n\r\n{}']) {
    const answer = await at.evil.request('PUT', '/_matrix/federation/v1/send/bytes', body, { rawBody: bytes })
    assert.ok([400, 401, 415].includes(answer.status), `${answer.status}`)
  }
  await at.room.send(honest)
  await at.alice.waitForEvent(at.room.roomId, honest.eventId)
})
