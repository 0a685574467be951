// Goal: every identifier grammar of the appendices, at its edges.
// Method: tables of texts with what each parser must say; property tests that no text makes a parser throw.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isServerEventId, parseEventId } from './event-id.ts'
import { parseKeyId } from './key-id.ts'
import { isLocalpart } from './localpart.ts'
import { parseRoomAlias } from './room-alias.ts'
import { isHashRoomId, parseRoomId } from './room-id.ts'
import { parseServerName, splitServerName } from './server-name.ts'
import { serverOf } from './server-of.ts'
import { localpartOf, parseUserId } from './user-id.ts'

const serverNames: [text: string, valid: boolean][] = [
  ['matrix.org', true],
  ['matrix.org:8888', true],
  ['1.2.3.4', true],
  ['1.2.3.4:1234', true],
  ['[1234:5678::abcd]', true],
  ['[1234:5678::abcd]:5678', true],
  ['[::]', true],
  ['[::1]', true],
  ['[1:2:3:4:5:6:7:8]', true],
  ['[1:2:3:4:5:6:1.2.3.4]', true],
  ['[::ffff:1.2.3.4]', true],
  ['[1:2:3:4:5:6:7::]', true],
  ['localhost', true],
  ['A-b.C9', true],
  ['999.1.1.1', true],
  ['x:0', true],
  ['x:99999', true],
  [`${'a'.repeat(255)}`, true],
  [`${'a'.repeat(256)}`, false],
  ['', false],
  [':80', false],
  ['x:', false],
  ['x:123456', false],
  ['x:12a', false],
  ['x:1:2', false],
  ['under_score', false],
  ['a/b', false],
  ['a b', false],
  ['ü.de', false],
  ['x\0', false],
  ['[1234]', false],
  ['[:::1]', false],
  ['[1::2::3]', false],
  ['[1:2:3:4:5:6:7:8:9]', false],
  ['[1:2:3:4:5:6:7:8::]', false],
  ['[12345::]', false],
  ['[::1.2.3.256]', false],
  ['[1.2.3.4::]', false],
  ['[fe80::1%eth0]', false],
  ['[::1', false],
  ['[::1]x', false],
  ['[::1]80', false],
  ['[]', false],
  ['::1', false],
]

test('server names', () => {
  for (const [text, valid] of serverNames) assert.equal(parseServerName(text) !== undefined, valid, text)
})

test('server names fall into host and port', () => {
  const cases = [
    ['matrix.org', 'matrix.org', undefined, false],
    ['matrix.org:443', 'matrix.org', 443, false],
    ['1.2.3.4:1234', '1.2.3.4', 1234, true],
    ['999.1.1.1', '999.1.1.1', undefined, false],
    ['[::1]', '::1', undefined, true],
    ['[::1]:8448', '::1', 8448, true],
  ] as const
  for (const [text, host, port, isIpLiteral] of cases) {
    const name = parseServerName(text)
    assert.ok(name !== undefined)
    assert.deepEqual(splitServerName(name), { host, port, isIpLiteral })
  }
})

const hash = 'A'.repeat(43)
const longest = 'u'.repeat(255 - '@:x'.length)

const userIds: [text: string, valid: boolean][] = [
  ['@alice:example.org', true],
  ['@alice:example.org:8448', true],
  ['@alice:[::1]:8448', true],
  ['@:example.org', true],
  ['@ALICE "quoted" \u0001:x', true],
  ['@ünïcode:x', true],
  ['@💬:x', true],
  [`@${longest}:x`, true],
  [`@${longest}u:x`, false],
  // 252 characters in all, and 255 and 256 bytes.
  [`@${'u'.repeat(248 - 3)}ééé:x`, true],
  [`@${'é'.repeat(126)}:x`, true],
  [`@${'é'.repeat(126)}u:x`, false],
  ['@lone\ud800:x', false],
  ['@nul\0:x', false],
  ['@nul\0é:x', false],
  ['@é\0:x', false],
  ['@alice', false],
  ['@alice:', false],
  ['alice:example.org', false],
  ['#alice:example.org', false],
  ['@alice:exa mple.org', false],
  ['@a:b:c', false],
  ['', false],
]

test('user ids, in the historical grammar too', () => {
  for (const [text, valid] of userIds) assert.equal(parseUserId(text) !== undefined, valid, JSON.stringify(text))
})

test('room aliases have the same form under another sigil', () => {
  for (const [text, valid] of userIds.filter(([id]) => id.startsWith('@'))) {
    assert.equal(parseRoomAlias(`#${text.slice(1)}`) !== undefined, valid, JSON.stringify(text))
    assert.equal(parseRoomAlias(text), undefined)
  }
})

test('room ids in both forms', () => {
  for (const text of ['!x:example.org', '!:example.org', `!${hash}`, '!é:x', `!${'-'.repeat(43)}`]) assert.equal(parseRoomId(text), text)
  for (const text of ['!x', `!${hash}A`, `!${'A'.repeat(42)}`, `!${'A'.repeat(42)}+`, `$${hash}`, '!x:', '!']) {
    assert.equal(parseRoomId(text), undefined, text)
  }
  assert.ok(isHashRoomId(`!${hash}`))
  assert.ok(!isHashRoomId('!x:example.org'))
})

test('event ids of all room versions', () => {
  for (const text of [`$${hash}`, '$acR1l0raoZnm60CBwAVgqbZqoO/mYU81xysh1u7XcJk', '$x:example.org', '$é', `$${'a'.repeat(254)}`]) {
    assert.equal(parseEventId(text), text)
  }
  for (const text of ['$', '', 'x', '$\0', '$é\0', '$\udc00', `$${'a'.repeat(255)}`, `$${'é'.repeat(128)}`]) {
    assert.equal(parseEventId(text), undefined, JSON.stringify(text))
  }
  assert.ok(isServerEventId('$x:example.org'))
  assert.ok(!isServerEventId(`$${hash}`))
})

test('key ids', () => {
  for (const text of ['ed25519:1', 'ed25519:a_ABCD', 'ed25519:policy_server']) assert.equal(parseKeyId(text), text)
  for (const text of [
    'ed25519:',
    'ed25519',
    'ed25519:a-b',
    'ed25519:a b',
    'rsa:1',
    ' ed25519:1',
    'ed25519:1\n',
    `ed25519:${'a'.repeat(300)}`,
  ]) {
    assert.equal(parseKeyId(text), undefined, JSON.stringify(text))
  }
})

test('localparts of new users', () => {
  for (const text of ['alice', 'a.b_c=d-e/f+1']) assert.ok(isLocalpart(text), text)
  for (const text of ['', 'Alice', 'a b', 'ä', 'a:b', 'a@b', 'alice\n', 'a'.repeat(256)]) {
    assert.ok(!isLocalpart(text), JSON.stringify(text))
  }
})

test('the parts of an id', () => {
  const user = parseUserId('@alice:example.org:8448')
  const room = parseRoomId('!x:[::1]')
  const hashRoom = parseRoomId(`!${hash}`)
  assert.ok(user !== undefined && room !== undefined && hashRoom !== undefined)
  assert.equal(localpartOf(user), 'alice')
  assert.equal(serverOf(user), 'example.org:8448')
  assert.equal(serverOf(room), '[::1]')
  assert.equal(serverOf(hashRoom), undefined)
})

test('no text makes a parser throw, and what is parsed is unchanged', () => {
  const parsers = [parseUserId, parseRoomId, parseEventId, parseRoomAlias, parseServerName, parseKeyId]
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc
      .tuple(fc.constantFrom('@', '!', '$', '#', ''), fc.string({ unit: 'binary' }), fc.constantFrom(':x', ':[::1]', ':x:1', ''))
      .map((p) => p.join('')),
  )
  fc.assert(
    fc.property(text, (candidate) => {
      for (const parse of parsers) {
        const parsed: string | undefined = parse(candidate)
        assert.ok(parsed === undefined || (parsed === candidate && Buffer.byteLength(parsed) <= 261))
      }
    }),
  )
})
