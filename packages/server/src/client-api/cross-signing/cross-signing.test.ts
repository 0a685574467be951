// Goal: cross-signing keys and signatures are taken only when they are signed as they must be, and replaced only by their owner.
// Method: real ed25519 keys and real HTTP on both databases.
import assert from 'node:assert/strict'
import { SimKey } from '../../../../testkit/src/scenario/sim-device.ts'
import { currentBackup } from '../../storage/tables/key-backups.ts'
import { onEachUserServer, outcome, text, type UserServer } from '../user-api.fixture.ts'

const v3 = '/_matrix/client/v3'
const alice = '@alice:here'
const bob = '@bob:here'
type Json = Readonly<Record<string, unknown>>

/** The three keys of a user, made of a seed. */
class Identity {
  readonly master: SimKey
  readonly self: SimKey
  readonly other: SimKey
  readonly userId: string

  constructor(userId: string, seed: number) {
    this.userId = userId
    this.master = new SimKey(seed)
    this.self = new SimKey(seed + 1)
    this.other = new SimKey(seed + 2)
  }

  get upload(): Json {
    return {
      master_key: this.master.crossSigning(this.userId, 'master'),
      self_signing_key: this.signed(this.self, 'self_signing'),
      user_signing_key: this.signed(this.other, 'user_signing'),
    }
  }

  signed(key: SimKey, usage: string): Json {
    return this.master.sign(key.crossSigning(this.userId, usage), this.userId)
  }
}

function put({ call }: UserServer, token: string, body: object) {
  return call('POST', `${v3}/keys/device_signing/upload`, { token, body })
}

async function query({ call }: UserServer, token: string, userId: string): Promise<Json> {
  return (await call('POST', `${v3}/keys/query`, { token, body: { device_keys: { [userId]: [] } } })).json
}

function at(value: unknown, ...names: readonly string[]): unknown {
  return names.reduce((inner, name) => Object(inner ?? {})[name], value)
}

onEachUserServer('U15: first keys need no proof, the same again neither, others the password', {}, async (server) => {
  const token = await server.join('alice')
  const [one, two] = [new Identity(alice, 10), new Identity(alice, 20)]
  assert.equal(outcome(await put(server, token, one.upload)), '200')
  assert.equal(outcome(await put(server, token, one.upload)), '200')
  const refused = await put(server, token, two.upload)
  assert.equal(refused.status, 401)
  const seen = await query(server, token, alice)
  assert.deepEqual(at(seen, 'master_keys', alice), one.upload['master_key'])
  assert.deepEqual(at(seen, 'user_signing_keys', alice), one.upload['user_signing_key'])
  // Without the master key, a new key below it is new all the same.
  assert.equal((await put(server, token, { self_signing_key: one.signed(two.self, 'self_signing') })).status, 401)
  const auth = { type: 'm.login.password', session: text(refused, 'session'), identifier: { type: 'm.id.user', user: 'alice' } }
  assert.equal((await put(server, token, { ...two.upload, auth: { ...auth, password: 'wrong' } })).status, 401)
  assert.equal(outcome(await put(server, token, { ...two.upload, auth: { ...auth, password: 'password of alice' } })), '200')
  const restarted = await server.restart()
  assert.deepEqual(at(await query(restarted, token, alice), 'self_signing_keys', alice), two.upload['self_signing_key'])
  // Others do not see whom the user trusts.
  assert.deepEqual(at(await query(restarted, await restarted.join('bob'), alice), 'user_signing_keys'), {})
})

onEachUserServer('U15: of two that are first at the same time one goes without proof', {}, async (server) => {
  const token = await server.join('alice')
  const identities = [10, 20, 30].map((seed) => new Identity(alice, seed))
  const answers = await Promise.all(identities.map((identity) => put(server, token, identity.upload)))
  assert.equal(answers.filter(({ status }) => status === 200).length, 1)
  const [first] = identities.filter((_, index) => answers[index]?.status === 200)
  assert.deepEqual(at(await query(server, token, alice), 'self_signing_keys', alice), first?.upload['self_signing_key'])
})

onEachUserServer('U15: keys that are not signed, or are not what they say, are refused', {}, async (server) => {
  const token = await server.join('alice')
  const [one, two] = [new Identity(alice, 10), new Identity(alice, 20)]
  const { master_key: master, self_signing_key: self } = one.upload
  const cases: [body: object, expected: string][] = [
    [{ self_signing_key: self }, '400 M_MISSING_PARAM'],
    [{ master_key: master, self_signing_key: one.self.crossSigning(alice, 'self_signing') }, '400 M_INVALID_SIGNATURE'],
    [{ master_key: master, self_signing_key: two.signed(one.self, 'self_signing') }, '400 M_INVALID_SIGNATURE'],
    [{ master_key: master, user_signing_key: { ...one.signed(one.other, 'user_signing'), more: 1 } }, '400 M_INVALID_SIGNATURE'],
    [{ master_key: one.master.crossSigning(bob, 'master') }, '400 M_INVALID_PARAM'],
    [{ master_key: one.master.crossSigning(alice, 'self_signing') }, '400 M_INVALID_PARAM'],
    [{ master_key: { ...one.master.crossSigning(alice, 'master'), keys: {} } }, '400 M_INVALID_PARAM'],
    [{ master_key: { ...one.master.crossSigning(alice, 'master'), keys: { 'ed25519:a': 'b' } } }, '400 M_INVALID_PARAM'],
    [{ master_key: null }, '400 M_BAD_JSON'],
  ]
  for (const [body, expected] of cases) assert.equal(outcome(await put(server, token, body)), expected, JSON.stringify(body))
  await server.logIn('alice', { device_id: one.master.publicKey })
  assert.equal(outcome(await put(server, token, { master_key: master })), '403 M_FORBIDDEN')
  assert.deepEqual(at(await query(server, token, alice), 'master_keys'), {})
})

onEachUserServer('U15: signatures are checked one by one, and shown to those whom they concern', {}, async (server) => {
  const [token, bobToken] = [await server.join('alice'), await server.join('bob')]
  const device = text(await server.call('GET', `${v3}/account/whoami`, { token }), 'device_id')
  const deviceKey = new SimKey(77)
  const bare = { user_id: alice, device_id: device, algorithms: ['x'], keys: { [`ed25519:${device}`]: deviceKey.publicKey } }
  const keys = deviceKey.sign(bare, alice, device)
  await server.call('POST', `${v3}/keys/upload`, { token, body: { device_keys: keys } })
  const [one, his] = [new Identity(alice, 10), new Identity(bob, 30)]
  await put(server, token, one.upload)
  await put(server, bobToken, his.upload)
  const master = one.master.crossSigning(alice, 'master')
  const bobs = his.master.crossSigning(bob, 'master')
  const sign = async (body: object): Promise<unknown> =>
    (await server.call('POST', `${v3}/keys/signatures/upload`, { token, body })).json['failures']

  const wrong = await sign({
    [alice]: {
      [device]: one.other.sign(bare, alice),
      NONE: one.self.sign(bare, alice),
      [one.master.publicKey]: new SimKey(5).sign(master, alice, device),
    },
    [bob]: { [his.master.publicKey]: one.self.sign(bobs, alice), [his.self.publicKey]: one.other.sign(bobs, alice) },
    '@nobody:here': { x: one.other.sign(bobs, alice) },
  })
  const codes = Object.entries(Object(wrong)).map(([user, of]) => [
    user,
    Object.entries(Object(of)).map(([id, error]) => [id, Object(error).errcode]),
  ])
  assert.deepEqual(Object.fromEntries(codes.map(([user, of]) => [user, Object.fromEntries(of as [])])), {
    [alice]: { [device]: 'M_INVALID_SIGNATURE', NONE: 'M_NOT_FOUND', [one.master.publicKey]: 'M_INVALID_SIGNATURE' },
    [bob]: { [his.master.publicKey]: 'M_INVALID_SIGNATURE', [his.self.publicKey]: 'M_NOT_FOUND' },
    '@nobody:here': { x: 'M_NOT_FOUND' },
  })
  // What was changed is not what was uploaded.
  const changed = one.self.sign({ ...bare, algorithms: ['y'] }, alice)
  assert.equal(at(await sign({ [alice]: { [device]: changed } }), alice, device, 'errcode'), 'M_INVALID_SIGNATURE')

  const good = {
    [alice]: { [device]: one.self.sign(bare, alice), [one.master.publicKey]: deviceKey.sign(master, alice, device) },
    [bob]: { [his.master.publicKey]: one.other.sign(bobs, alice) },
  }
  assert.deepEqual(await sign(good), {})
  assert.deepEqual(await sign(good), {})
  const mine = await query(server, token, bob)
  assert.ok(at(mine, 'master_keys', bob, 'signatures', alice, `ed25519:${one.other.publicKey}`))
  assert.equal(at(await query(server, bobToken, bob), 'master_keys', bob, 'signatures'), undefined)
  const seen = await query(server, bobToken, alice)
  assert.deepEqual(
    Object.keys(Object(at(seen, 'device_keys', alice, device, 'signatures', alice))).sort(),
    [`ed25519:${device}`, `ed25519:${one.self.publicKey}`].sort(),
  )
  assert.ok(at(seen, 'master_keys', alice, 'signatures', alice, `ed25519:${device}`))
  assert.deepEqual(await sign({}), {})
})

onEachUserServer('an account that ends takes its keys and backups with it', {}, async (server) => {
  const [token, bobToken] = [await server.join('alice'), await server.join('bob')]
  await put(server, token, new Identity(alice, 10).upload)
  await server.call('POST', `${v3}/room_keys/version`, { token, body: { algorithm: 'x', auth_data: {} } })
  const auth = { type: 'm.login.password', identifier: { type: 'm.id.user', user: 'alice' }, password: 'password of alice' }
  assert.equal(outcome(await server.call('POST', `${v3}/account/deactivate`, { token, body: { auth } })), '200')
  assert.deepEqual(at(await query(server, bobToken, alice), 'master_keys'), {})
  assert.equal(await currentBackup(server.db, alice), undefined)
})
