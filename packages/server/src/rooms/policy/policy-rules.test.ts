// Goal: each rule of a policy server stops what it names, wherever in the event that stands, and nothing else.
// Method: a table of contents and rules.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildEvent, parseKeyId, parseRoomId, parseServerName, parseUserId, roomRules, signingKeyFromSeed } from '@causeway/events'
import { contentOf } from '../plain-content.ts'
import { judgeByPolicy, type PolicyRules } from './policy-rules.ts'

const open: PolicyRules = { blockedServers: [], blockedTexts: [], mentionsMax: undefined }
const pills = '<a href="https://matrix.to/#/@a:x">a</a> <a href="https://matrix.to/#/%40b:x">b</a>'

const table: readonly (readonly [
  title: string,
  rules: Partial<PolicyRules>,
  content: Record<string, unknown>,
  rule: string | undefined,
])[] = [
  ['no rules', {}, { body: 'anything' }, undefined],
  ['a server by name, in any case', { blockedServers: ['BAD.example'] }, {}, 'policy.server'],
  ['a server with its port', { blockedServers: ['bad.example:8448'] }, {}, 'policy.server'],
  ['a server by pattern', { blockedServers: ['*.example'] }, {}, 'policy.server'],
  ['another server', { blockedServers: ['bad.example.org', 'bad', 'bad.example:80'] }, {}, undefined],
  ['a text in any case', { blockedTexts: ['Spam'] }, { body: 'this is sPAM!' }, 'policy.text'],
  ['a text deep within', { blockedTexts: ['spam'] }, { 'm.text': [{ body: 'spam' }] }, 'policy.text'],
  ['a text as a key', { blockedTexts: ['spam'] }, { spam: 1 }, 'policy.text'],
  ['no such text', { blockedTexts: ['spam'] }, { body: 'ham', n: 5, list: [null, true] }, undefined],
  ['mentions up to the limit', { mentionsMax: 2 }, { 'm.mentions': { user_ids: ['@a:x', '@b:x'] } }, undefined],
  ['mentions beyond it', { mentionsMax: 1 }, { 'm.mentions': { user_ids: ['@a:x', '@b:x'] } }, 'policy.mentions'],
  ['links to people beyond it', { mentionsMax: 1 }, { formatted_body: pills }, 'policy.mentions'],
  ['mentions that are none', { mentionsMax: 1 }, { 'm.mentions': 5, formatted_body: 7 }, undefined],
]

for (const [title, rules, content, rule] of table) {
  test(`${title}: ${rule ?? 'passes'}`, () => {
    const verdict = judgeByPolicy(message(content), { ...open, ...rules })
    assert.equal(verdict.allowed ? undefined : verdict.rule, rule)
  })
}

function message(content: Record<string, unknown>) {
  const [keyId, sender, serverName] = [parseKeyId('ed25519:a'), parseUserId('@eve:bad.example:8448'), parseServerName('bad.example:8448')]
  const [roomId, version] = [parseRoomId('!room:bad.example'), roomRules('11')]
  assert.ok(keyId && sender && serverName && roomId && version)
  const key = signingKeyFromSeed(keyId, new Uint8Array(32).fill(1))
  const draft = {
    roomId,
    sender,
    type: 'm.room.message',
    content: contentOf(content),
    prevEvents: [],
    authEvents: [],
    depth: 1,
    originServerTs: 1,
  }
  const built = buildEvent(draft, version, { serverName, key })
  assert.ok(built.ok)
  return built.pdu
}
