// Goal: whatever another server puts into a transaction, or into the events and EDUs in it, it gets an answer that is no mistake of ours, and
// the server goes on.
// Method: a server in a simulated world, and transactions with parts of good ones in wrong places; FUZZ_RUNS sets how many.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalJson, fromPlain } from '@causeway/events'
import { signRequest } from '@causeway/server/src/federation/signing/signed-text.ts'
import fc from 'fast-check'
import { World } from '../../packages/testkit/src/scenario/scenario.ts'
import { settings } from './settings.ts'

const types = [
  'm.typing',
  'm.receipt',
  'm.presence',
  'm.direct_to_device',
  'm.device_list_update',
  'm.signing_key_update',
  'm.room.member',
  'm.room.create',
  'm.room.power_levels',
  'm.room.redaction',
]
const names = [
  'type',
  'edu_type',
  'content',
  'sender',
  'room_id',
  'event_id',
  'user_id',
  'device_id',
  'state_key',
  'prev_events',
  'auth_events',
  'depth',
  'hashes',
  'signatures',
  'messages',
  'message_id',
  'stream_id',
  'prev_id',
  'keys',
  'push',
  'typing',
  'm.read',
  'data',
  'ts',
  'event_ids',
  'master_key',
  'self_signing_key',
  'membership',
  'redacts',
  'unsigned',
  '__proto__',
  'deleted',
]

/** Any value, made of the words of the protocol. */
function values(words: readonly string[]): fc.Arbitrary<unknown> {
  const leaf = fc.oneof(
    fc.constantFrom<unknown>(...words, ...types, null, true, false, 0, -1, 1.5, 2 ** 53, 1e300, ''),
    fc.string({ unit: 'binary', maxLength: 10 }),
    fc.integer(),
  )
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      leaf,
      fc.array(tie('tree'), { maxLength: 4 }),
      fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.constantFrom(...words)), tie('tree'), { maxKeys: 8 }),
    ),
  }))
  return tree
}

test('transactions of any content are answered, and the room goes on', async () => {
  const world = new World(settings.seed)
  try {
    const [a, b] = [await world.server('a'), await world.server('b')]
    const [alice, bob] = [await world.act(a.user('alice')), await world.act(b.user('bob'))]
    const room = await world.act(alice.createRoom())
    await world.act(bob.join(room, a))
    const eventId = await world.act(bob.say(room, 'hello'))
    await world.settle(1_000)
    const words = ['@alice:a', '@bob:b', '@eve:b', room, '!none:b', eventId, '$none', 'a', 'b', 'ed25519:sim', 'DEVICE']
    const value = values(words)
    const edu = fc.record({ edu_type: fc.constantFrom(...types), content: value }, { requiredKeys: [] })
    const pdu = fc.record(
      {
        type: fc.constantFrom<unknown>(...types, 1),
        room_id: fc.constantFrom<unknown>(room, '!none:b', null),
        sender: fc.constantFrom<unknown>('@bob:b', '@alice:a', 'x', {}),
        content: value,
        state_key: value,
        prev_events: fc.oneof(fc.constantFrom<unknown>([eventId], [], ['$none']), value),
        auth_events: fc.oneof(fc.constantFrom<unknown>([eventId], []), value),
        depth: value,
        origin_server_ts: value,
        hashes: value,
        signatures: value,
        redacts: value,
        unsigned: value,
      },
      { requiredKeys: [] },
    )
    const list = (item: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
      fc.oneof({ weight: 8, arbitrary: fc.array(item, { maxLength: 4 }) }, { weight: 1, arbitrary: value })
    const body = fc.record(
      {
        origin: fc.constantFrom<unknown>('b', 'a', 1),
        origin_server_ts: value,
        pdus: list(fc.oneof(pdu, value)),
        edus: list(fc.oneof(edu, value)),
      },
      { requiredKeys: [] },
    )
    let count = 0
    await fc.assert(
      fc.asyncProperty(body, async (plain) => {
        const json = fromPlain(plain)
        if (json === undefined) return
        const content = canonicalJson(json)
        const path = `/_matrix/federation/v1/send/fuzz${count++}`
        const signer = { serverName: b.name, key: b.signingKey }
        const authorization = signRequest({ method: 'PUT', uri: path, destination: a.name, content }, signer)
        const answer = await world.act(a.answer({ method: 'PUT', path, headers: { authorization }, body: content }))
        assert.ok(answer.status !== 500 && answer.status !== 0, answer.body)
        assert.equal(typeof JSON.parse(answer.body), 'object')
      }),
      settings,
    )
    await world.settle(5_000)
    const last = await world.act(bob.say(room, 'still here'))
    await world.settle(5_000)
    assert.ok(await world.act(alice.sees(room, last)))
  } finally {
    world.end()
  }
})
