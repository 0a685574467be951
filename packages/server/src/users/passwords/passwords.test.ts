// Goal: hashes are Argon2id, two at once, a bounded number waiting; failures are counted while they run.
// Method: the real Argon2 once; a hand-driven one for the queue; a clock moved by hand.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HandClock } from '../../http/edge.fixture.ts'
import { realArgon2 } from '../../platform/argon2.ts'
import { realRandom } from '../../platform/random.ts'
import { hashesAtOnceMax, hashesWaitingMax } from '../limits.ts'
import { FailureLimit } from './failure-limit.ts'
import { PasswordHashes } from './password-hashes.ts'

test('Argon2id in the PHC form; one salt each; the same text in two Unicode forms', async () => {
  const hashes = new PasswordHashes({ argon2: realArgon2, random: realRandom() })
  const stored = await hashes.hash('caf\u00e9 password')
  assert.match(stored, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  assert.equal(await hashes.verify('cafe\u0301 password', stored), true)
  assert.equal(await hashes.verify('cafe password', stored), false)
  assert.equal(await hashes.verify('anything', undefined), false)
  // Its parameters are read from the hash, so that they can be raised one day. From the phc-winner-argon2 command line.
  const known = '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4'
  assert.equal(await hashes.verify('password', known), true)
})

test('two at once, in turn, and no more than may wait', async () => {
  const running: (() => void)[] = []
  const argon2 = { hash: () => new Promise<Uint8Array>((resolve) => running.push(() => resolve(new Uint8Array(32)))) }
  const hashes = new PasswordHashes({ argon2, random: realRandom() })
  const given = Array.from({ length: hashesAtOnceMax + hashesWaitingMax }, () => hashes.hash('x'))
  await assert.rejects(hashes.hash('x'), { code: 'M_LIMIT_EXCEEDED' })
  assert.equal(running.length, hashesAtOnceMax)
  for (let done = 0; done < given.length; done++) {
    assert.ok(running.length - done <= hashesAtOnceMax)
    running[done]?.()
    await new Promise(setImmediate)
  }
  await Promise.all(given)
})

test('failures: counted when begun, given back on success, forgotten with time, and the oldest key goes', () => {
  const clock = new HandClock()
  const limit = new FailureLimit({ max: 3, ms: 1000 }, 2, clock)
  assert.deepEqual(
    [1, 2, 3, 4].map(() => limit.begin('a')),
    [0, 0, 0, 1000],
  )
  limit.forgive('a')
  assert.deepEqual([limit.begin('a'), limit.begin('a')], [0, 1000])
  clock.advance(600)
  assert.equal(limit.begin('a'), 400)
  clock.advance(400)
  assert.equal(limit.begin('a'), 0)
  clock.advance(3000)
  assert.deepEqual(
    [1, 2, 3, 4].map(() => limit.begin('a')),
    [0, 0, 0, 1000],
  )
  limit.begin('b')
  limit.begin('c')
  assert.equal(limit.begin('a'), 0)
  limit.forgive('nobody')
})
