// Goal: keys are believed only as far as their server's signed answer goes, found again after a restart, and never fetched
// in a storm (attacks F09, F10, F30).
// Method: a real database in memory, a made-up peer, a clock that the test moves.
import assert from 'node:assert/strict'

import { test, type TestContext } from 'node:test'
import {
  canonicalJson,
  encodeBase64,
  fromPlain,
  isJsonObject,
  parseKeyId,
  parseServerName,
  signingKeyFromSeed,
  signJson,
  verifyJson,
  type JsonObject,
  type KeyId,
  type ServerName,
  type SigningKey,
} from '@causeway/events'
import { HandClock } from '../../http/edge.fixture.ts'
import { silentLogger } from '../../platform/logger.ts'
import { realRandom } from '../../platform/random.ts'
import { openMemory, openSqliteInline } from '../../storage/sqlite/open-sqlite.ts'
import { keyFetchesMax, keyFetchesWaitingMax } from '../limits.ts'
import { readKeyAnswer } from './key-answer.ts'
import { KeyRing } from './key-ring.ts'
import { Notary } from './notary.ts'
import { PublishedKeys } from './published-keys.ts'
import { parseOwnKeys } from './signing-key-file.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

function server(text: string): ServerName {
  const parsed = parseServerName(text)
  assert.ok(parsed !== undefined)
  return parsed
}
function keyId(text: string): KeyId {
  const parsed = parseKeyId(`ed25519:${text}`)
  assert.ok(parsed !== undefined)
  return parsed
}
function object(plain: unknown): JsonObject {
  const value = fromPlain(plain)
  assert.ok(isJsonObject(value))
  return value
}
const newKey = (id: string): SigningKey => signingKeyFromSeed(keyId(id), realRandom().bytes(32))

const here = server('here.test')
const peer = server('peer.test')

/** An answer about keys, signed by `signers` (by the current keys unless told otherwise). */
function answerOf(options: {
  readonly name?: string
  readonly current: readonly SigningKey[]
  readonly old?: readonly (readonly [SigningKey, number])[]
  readonly validUntil: number
  readonly signers?: readonly SigningKey[]
}): JsonObject {
  const bare = object({
    server_name: options.name ?? peer,
    valid_until_ts: options.validUntil,
    verify_keys: Object.fromEntries(options.current.map((key) => [key.keyId, { key: encodeBase64(key.publicKey) }])),
    old_verify_keys: Object.fromEntries(
      (options.old ?? []).map(([key, expired]) => [key.keyId, { key: encodeBase64(key.publicKey), expired_ts: expired }]),
    ),
  })
  return (options.signers ?? options.current).reduce((signed, key) => signJson(signed, server(options.name ?? peer), key), bare)
}

function ringWorld(t: TestContext) {
  const clock = new HandClock()
  const db = openSqliteInline(openMemory(), (run) => void setImmediate(run))
  t.after(() => db.close())
  const ownKeys = parseOwnKeys(`ed25519 a_own ${encodeBase64(realRandom().bytes(32))}\n`, 'keys')
  const answers = new Map<ServerName, JsonObject>()
  const asked: ServerName[] = []
  const gate: { wait: Promise<void> | undefined } = { wait: undefined }
  const newRing = (): KeyRing =>
    new KeyRing({
      db,
      clock,
      log: silentLogger,
      serverName: here,
      ownKeys,
      fetchKeys: async (name) => {
        asked.push(name)
        await gate.wait
        return answers.get(name)
      },
    })
  return { clock, db, ownKeys, answers, asked, gate, newRing, ring: newRing() }
}

test('an answer is believed only if it is what it must be', () => {
  const now = 10 * day
  const [a, b, c] = [newKey('a'), newKey('b'), newKey('c')]
  const example = signingKeyFromSeed(keyId('x'), Buffer.from('YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1', 'base64'))
  const good = readKeyAnswer(answerOf({ current: [a, b], old: [[c, now - day]], validUntil: now + hour }), peer, now)
  assert.ok(good.ok)
  assert.deepEqual(
    good.keys.map(({ keyId: id, validUntil, expiredAt }) => [id, validUntil, expiredAt]),
    [
      ['ed25519:a', now + hour, undefined],
      ['ed25519:b', now + hour, undefined],
      ['ed25519:c', now + hour, now - day],
    ],
  )
  const capped = readKeyAnswer(answerOf({ current: [a], old: [[c, now + 365 * day]], validUntil: Number.MAX_SAFE_INTEGER }), peer, now)
  assert.ok(capped.ok)
  assert.deepEqual([capped.keys[0]?.validUntil, capped.keys[1]?.expiredAt], [now + 7 * day, now])
  const known = readKeyAnswer(answerOf({ current: [a, example], validUntil: now + hour }), peer, now)
  assert.deepEqual(known.ok && known.keys.map(({ keyId: id }) => id), ['ed25519:a'])

  const rows: readonly [string, JsonObject][] = [
    ['another server', answerOf({ name: 'other.test', current: [a], validUntil: now + hour })],
    ['signed by one of two', answerOf({ current: [a, b], validUntil: now + hour, signers: [a] })],
    ['signed by an old key only', answerOf({ current: [a], old: [[c, 1]], validUntil: now + hour, signers: [c] })],
    ['no keys', answerOf({ current: [], validUntil: now + hour })],
    ['no time', object({ ...answerOf({ current: [a], validUntil: 1 }), valid_until_ts: '1' })],
    ['changed', object({ ...answerOf({ current: [a], validUntil: now + hour }), valid_until_ts: now + 2 * hour })],
    ['too many', answerOf({ current: Array.from({ length: 17 }, (_, i) => newKey(`k${i}`)), validUntil: now + hour })],
    ['nothing', object({})],
  ]
  for (const [what, answer] of rows) assert.equal(readKeyAnswer(answer, peer, now).ok, false, what)
})

test('keys are for their times: requests now, events then', async (t) => {
  const { ring, clock, answers, newRing, asked } = ringWorld(t)
  const [a, old] = [newKey('a'), newKey('old')]
  clock.ms = 100 * day
  answers.set(peer, answerOf({ current: [a], old: [[old, 50 * day]], validUntil: clock.ms + 2 * day }))
  await ring.ensureKeys([{ server: peer, keyId: a.keyId }])
  const restarted = newRing()
  await restarted.ensureKeys([{ server: peer, keyId: a.keyId }])
  assert.equal(asked.length, 1)
  for (const each of [ring, restarted]) {
    assert.deepEqual(each.currentKey(peer, a.keyId), a.publicKey)
    assert.equal(each.currentKey(peer, old.keyId), undefined)
    const rows: readonly [SigningKey, number, boolean][] = [
      [a, 0, true],
      [a, clock.ms, true],
      [a, clock.ms + 2 * day, true],
      [a, clock.ms + 2 * day + 1, false],
      [old, 0, true],
      [old, 50 * day, true],
      [old, 50 * day + 1, false],
    ]
    for (const [key, at, found] of rows) assert.equal(each.findKey(peer, key.keyId, at) !== undefined, found, `${key.keyId} at ${at}`)
  }
  clock.ms += 2 * day
  assert.equal(ring.currentKey(peer, a.keyId), undefined)
  assert.ok(ring.findKey(peer, a.keyId, clock.ms - hour) !== undefined)
  assert.ok(ring.findKey(here, keyId('a_own'), clock.ms) !== undefined)
})

test('a key that ran out is asked for again, also after a restart, and shortly before nobody has to wait', async (t) => {
  const { ring, clock, answers, newRing, asked } = ringWorld(t)
  const a = newKey('a')
  answers.set(peer, answerOf({ current: [a], validUntil: clock.ms + 10 * hour }))
  await ring.loadCurrent(peer, [a.keyId])
  clock.ms += 9.5 * hour
  answers.set(peer, answerOf({ current: [a], validUntil: clock.ms + day }))
  assert.ok(ring.currentKey(peer, a.keyId) !== undefined)
  await ring.loadCurrent(peer, [keyId('unknown')])
  assert.equal(asked.length, 2)
  clock.ms += 20 * hour
  const restarted = newRing()
  assert.equal(restarted.findKey(peer, a.keyId, 0), undefined)
  clock.ms += 5 * hour
  answers.set(peer, answerOf({ current: [a], validUntil: clock.ms + day }))
  await restarted.ensureKeys([{ server: peer, keyId: a.keyId }])
  assert.ok(restarted.findKey(peer, a.keyId, clock.ms) !== undefined)
})

test('no storm: one fetch at a time, few in all, and pauses after answers and failures (F30)', async (t) => {
  const { ring, clock, answers, asked, gate } = ringWorld(t)
  let go = (): void => undefined
  gate.wait = new Promise((resolve) => (go = resolve))
  const same = Array.from({ length: 100 }, (_, i) => ring.loadCurrent(peer, [keyId(`k${i}`)]))
  const others = Array.from({ length: 1_000 }, (_, i) => ring.loadCurrent(server(`s${i}.test`), [keyId('k')]))
  while (asked.length < keyFetchesMax) await new Promise(setImmediate)
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate)
  assert.equal(asked.length, keyFetchesMax)
  go()
  await Promise.all([...same, ...others])
  assert.equal(asked.length, keyFetchesMax + keyFetchesWaitingMax)
  assert.equal(asked.filter((name) => name === peer).length, 1)

  const failing = server('failing.test')
  const count = (): number => asked.filter((name) => name === failing).length
  for (const [index, ms] of [10_000, 20_000, 40_000, 80_000].entries()) {
    await ring.ensureKeys([{ server: failing, keyId: keyId('k') }])
    await ring.ensureKeys([{ server: failing, keyId: keyId('k') }])
    assert.equal(count(), index + 1)
    clock.ms += ms - 1
    await ring.ensureKeys([{ server: failing, keyId: keyId('k') }])
    assert.equal(count(), index + 1)
    clock.ms += 1
  }
  await ring.ensureKeys([{ server: failing, keyId: keyId('k') }])
  assert.equal(ring.isSilent(failing), true)
  // Somebody speaks in its name: it may be back.
  clock.ms += minute - 1
  await ring.loadCurrent(failing, [keyId('k')])
  assert.equal(count(), 5)
  clock.ms += 1
  await ring.loadCurrent(failing, [keyId('k')])
  assert.equal(count(), 6)
  clock.ms += minute
  const a = newKey('a')
  answers.set(failing, answerOf({ name: failing, current: [a], validUntil: clock.ms + day }))
  await ring.loadCurrent(failing, [keyId('other')])
  assert.equal(ring.isSilent(failing), false)
  const after = count()
  await ring.loadCurrent(failing, [keyId('other2')])
  assert.equal(count(), after)
  clock.ms += minute
  await ring.loadCurrent(failing, [keyId('other2')])
  assert.equal(count(), after + 1)
})

test('a server cannot fill our storage with keys', async (t) => {
  const { ring, clock, answers, db } = ringWorld(t)
  for (let round = 0; round < 4; round++) {
    const a = newKey(`current${round}`)
    const old = Array.from({ length: 120 }, (_, i): [SigningKey, number] => [newKey(`old${round}_${i}`), 1])
    answers.set(peer, answerOf({ current: [a], old, validUntil: clock.ms + day }))
    await ring.loadCurrent(peer, [a.keyId])
    assert.ok(ring.currentKey(peer, a.keyId) !== undefined)
    clock.ms += hour
  }
  const rows = await db.all<{ n: number }>({ name: 't', sqlite: 'SELECT count(*) AS n FROM server_keys', postgresql: '', values: [] })
  assert.equal(rows[0]?.n, 200)
})

test('the notary signs beside the origin, keeps answers, and gives what it has of dead servers', async (t) => {
  const { ring, clock, answers, ownKeys, asked } = ringWorld(t)
  const signer = { serverName: here, key: ownKeys.signing }
  const notary = new Notary({ signer, ring, published: new PublishedKeys({ serverName: here, keys: ownKeys, clock }), clock })
  const a = newKey('a')
  answers.set(peer, answerOf({ current: [a], validUntil: clock.ms + 10 * hour }))
  const first = await notary.query(peer)
  assert.ok(
    first !== undefined &&
      verifyJson(first, peer, a.keyId, a.publicKey) &&
      verifyJson(first, here, ownKeys.signing.keyId, ownKeys.signing.publicKey),
  )
  clock.ms += 4 * hour
  assert.equal(canonicalJson((await notary.query(peer)) ?? {}), canonicalJson(first))
  assert.equal(asked.length, 1)
  await notary.query(peer, clock.ms + 7 * hour)
  assert.equal(asked.length, 2)
  answers.clear()
  clock.ms += 20 * hour
  const stale = await notary.query(peer)
  assert.ok(stale !== undefined && verifyJson(stale, peer, a.keyId, a.publicKey))
  const many = await notary.queryMany(
    object({ [peer]: {}, 'dead.test': { 'ed25519:x': { minimum_valid_until_ts: 5 } }, [here]: {}, 'not a name': {} }),
  )
  assert.deepEqual(
    many.map((answer) => answer['server_name']),
    [peer, here],
  )
  await assert.rejects(notary.queryMany(object(Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`s${i}.test`, {}])))))
})
