// Goal: this server's keys are made once, kept private, carried over from and to other servers, and published so that others
// believe them; keys that everybody knows are refused (attack F09).
// Method: real files; a clock that the test moves.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { encodeBase64, parseServerName } from '@causeway/events'
import { HandClock } from '../../http/edge.fixture.ts'
import { realRandom } from '../../platform/random.ts'
import { readKeyAnswer } from './key-answer.ts'
import { PublishedKeys } from './published-keys.ts'
import { loadOrMakeOwnKeys, parseOwnKeys } from './signing-key-file.ts'

const hour = 3_600_000
const day = 24 * hour

test('the own key file: made once, private, readable by and from other servers', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'signing.key')
  const made = await loadOrMakeOwnKeys(path, realRandom())
  const again = await loadOrMakeOwnKeys(path, realRandom())
  assert.deepEqual(made.signing.publicKey, again.signing.publicKey)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.match(readFileSync(path, 'utf8'), /^ed25519 a_[A-Za-z0-9]{4} [A-Za-z0-9+/]{43}\n$/)
  const seed = encodeBase64(realRandom().bytes(32))
  const several = parseOwnKeys(`# ours\ned25519 a_1 ${seed}\n\ned25519 b_2 ${seed}=\nold ed25519 c_3 ${seed} 1600000000000\n`, 'f')
  assert.deepEqual([several.signing.keyId, several.others[0]?.keyId, several.old[0]?.keyId], ['ed25519:a_1', 'ed25519:b_2', 'ed25519:c_3'])
  for (const bad of [
    '',
    '# only a comment',
    `rsa a_1 ${seed}`,
    'ed25519 a_1 short',
    `ed25519 a-1 ${seed}`,
    `ed25519 a_1 ${seed} more`,
    `old ed25519 a_1 ${seed}`,
  ]) {
    assert.throws(() => parseOwnKeys(bad, 'f'), /^Error: f/, bad)
  }
  // The default key of an installer (CVE-2026-24044).
  assert.throws(() => parseOwnKeys('ed25519 0 Ozi/KgL1WiuGMmp/GUME26bMWtqH92jF036tK6SIks4', 'f'), /everybody knows/)
  writeFileSync(path, 'nonsense')
  await assert.rejects(loadOrMakeOwnKeys(path, realRandom()))
})

test('what we publish is an answer that others accept', () => {
  const seeds = [1, 2].map((n) => encodeBase64(new Uint8Array(32).fill(n)))
  const keys = parseOwnKeys(`ed25519 a_1 ${seeds[0]}\ned25519 b_2 ${seeds[1]}\nold ed25519 c_3 ${seeds[0]} 5000\n`, 'f')
  const here = parseServerName('here.test')
  assert.ok(here !== undefined)
  const clock = new HandClock()
  const published = new PublishedKeys({ serverName: here, keys, clock })
  const text = published.text()
  assert.equal(published.text(), text)
  clock.ms += hour
  assert.notEqual(published.text(), text)
  const answer = readKeyAnswer(published.object(), here, clock.ms)
  assert.ok(answer.ok)
  assert.deepEqual(
    answer.keys.map(({ keyId: id, validUntil }) => [id, validUntil]),
    [
      ['ed25519:a_1', clock.ms + day],
      ['ed25519:b_2', clock.ms + day],
      ['ed25519:c_3', clock.ms + day],
    ],
  )
})
