// Goal: redaction keeps exactly what each room version says, at the top and in the content of each type.
// Method: one event with every key there is, for every type and version, against the keep lists as the specification prints them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalJson } from '../json/canonical-json.ts'
import { supportedRoomVersions } from '../versions/room-rules.ts'
import { built, json, rulesOf } from './event.fixture.ts'
import { redact } from './redact.ts'
import { redactPdu } from './redact-pdu.ts'
import { checkContentHash, referenceHashOf } from './event-hash.ts'

const old = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10']
const from = (first: number): string[] => supportedRoomVersions.filter((version) => Number(version) >= first)
const levels = ['ban', 'events', 'events_default', 'kick', 'redact', 'state_default', 'users', 'users_default']

const top = ['auth_events', 'content', 'depth', 'event_id', 'hashes', 'origin_server_ts', 'prev_events', 'room_id', 'sender', 'signatures']
const topKeys = (version: string): string[] =>
  [...top, 'state_key', 'type', ...(old.includes(version) ? ['membership', 'origin', 'prev_state'] : [])].toSorted()

// What `content` keeps: by type, the versions and the keys.
const contentKeys: [type: string, versions: readonly string[], kept: string[]][] = [
  ['m.room.member', from(1), ['membership']],
  ['m.room.member', from(9), ['join_authorised_via_users_server']],
  ['m.room.member', from(11), ['third_party_invite']],
  ['m.room.create', from(1), ['creator']],
  ['m.room.create', from(11), ['m.federate', 'room_version', 'aliases', 'membership', 'redacts', 'invite', 'allow', 'body', '__proto__']],
  ['m.room.join_rules', from(1), ['join_rule']],
  ['m.room.join_rules', from(8), ['allow']],
  ['m.room.power_levels', from(1), levels],
  ['m.room.power_levels', from(11), ['invite']],
  ['m.room.aliases', ['1', '2', '3', '4', '5'], ['aliases']],
  ['m.room.history_visibility', from(1), ['history_visibility']],
  ['m.room.redaction', from(11), ['redacts']],
  ['m.room.message', [], []],
  ['m.room.encryption', [], []],
  ['__proto__', [], []],
]

const someContent: Record<string, unknown> = Object.assign(Object.create(null), {
  body: 'x',
  notifications: {},
  algorithm: 'x',
  join_authorised_via_users_server: '@a:b',
  third_party_invite: { display_name: 'Bob', signed: { mxid: '@bob:b', token: 't' } },
  ['__proto__']: { polluted: true },
})
for (const [, , keys] of contentKeys) for (const key of keys) someContent[key] ??= { kept: key }

const allTopKeys = [...topKeys('1'), 'unsigned', 'redacts', 'age_ts', 'outlier', 'prev_content', '__proto__', 'constructor', 'x']

for (const version of supportedRoomVersions) {
  test(`version ${version}: every type keeps what is listed`, () => {
    for (const type of new Set(contentKeys.map(([name]) => name))) {
      const event = Object.fromEntries(allTopKeys.map((key) => [key, { was: key }]))
      const object = json(Object.assign(Object.create(null), event, { type, content: someContent }))
      const redacted = redact(object, rulesOf(version))
      assert.deepEqual(Object.keys(redacted).toSorted(), topKeys(version))

      const expected: Record<string, unknown> = Object.create(null)
      for (const [name, versions, keys] of contentKeys) {
        if (name === type && versions.includes(version)) for (const key of keys) expected[key] = someContent[key]
      }
      if (type === 'm.room.member' && Number(version) >= 11) expected['third_party_invite'] = { signed: { mxid: '@bob:b', token: 't' } }
      if (type === 'm.room.create' && Number(version) >= 11) Object.assign(expected, someContent)
      assert.equal(canonicalJson(redacted['content'] ?? null), canonicalJson(json(expected)), type)
      assert.equal(canonicalJson(redact(redacted, rulesOf(version))), canonicalJson(redacted), 'redacting twice changes nothing')
    }
  })

  test(`version ${version}: an event keeps its id when it is redacted`, () => {
    const rules = rulesOf(version)
    for (const type of ['m.room.message', 'm.room.power_levels', 'm.room.member']) {
      const pdu = built(rules, { type, stateKey: '@u:domain', content: json({ ...someContent, membership: 'join' }) })
      const redacted = redactPdu(pdu, rules)
      assert.equal(redacted.json, canonicalJson(redact(pdu.object, rules)))
      assert.equal(redacted.eventId, pdu.eventId)
      assert.equal(referenceHashOf(redacted, rules), referenceHashOf(pdu, rules))
      assert.ok(checkContentHash(pdu))
      assert.ok(!checkContentHash(redacted))
    }
  })
}

test('a third-party invite without `signed`, or of a wrong type, keeps nothing of it', () => {
  const kept = (invite: unknown): string => {
    const object = json({ type: 'm.room.member', content: { third_party_invite: invite } })
    return canonicalJson(redact(object, rulesOf('11'))['content'] ?? null)
  }
  assert.equal(kept({ display_name: 'Bob' }), '{"third_party_invite":{}}')
  assert.equal(kept('x'), '{}')
  assert.equal(kept([{ signed: 1 }]), '{}')
})

test('an event without content gets an empty one', () => {
  assert.equal(canonicalJson(redact(json({ type: 'x', content: [] }), rulesOf('11'))), '{"content":{},"type":"x"}')
  assert.equal(canonicalJson(redact(json({}), rulesOf('1'))), '{"content":{}}')
})
