// Goal: an OpenID token tells whose it is to whoever has it, for an hour, and opens nothing else.
// Method: plays in a simulated world; the third party asks without a signature, as the specification has it.
import assert from 'node:assert/strict'
import { objectAt, stringAt } from '../../packages/testkit/src/client/json.ts'
import { scenario } from '../../packages/testkit/src/scenario/scenario.ts'
import { SimUser } from '../../packages/testkit/src/scenario/sim-user.ts'

scenario('a token tells whose it is until it expires or the account ends, also after a restart', async (world) => {
  const a = await world.server('a')
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(a.user('bob'))]
  const path = (user: SimUser): string => `/user/${encodeURIComponent(user.userId)}/openid/request_token`
  const userOf = async (token: string): Promise<[status: number, body: unknown]> => {
    const asked = `/_matrix/federation/v1/openid/userinfo?access_token=${encodeURIComponent(token)}`
    const { status, body } = await world.act(a.answer({ method: 'GET', path: asked, headers: {}, body: undefined }))
    return [status, JSON.parse(body)]
  }
  const answer = await world.act(alice.request('POST', path(alice), {}))
  assert.equal(answer['token_type'], 'Bearer')
  assert.equal(answer['matrix_server_name'], 'a')
  assert.equal(answer['expires_in'], 3_600)
  const token = stringAt(answer, 'access_token')
  assert.deepEqual(await userOf(token), [200, { sub: alice.userId }])
  await assert.rejects(world.act(alice.request('POST', path(bob), {})), { status: 403 })

  // It is not for the client API.
  await assert.rejects(world.act(new SimUser(a, alice.userId, token).request('GET', '/account/whoami')), { status: 401 })
  for (const wrong of ['', 'x', `${token}x`, 'x'.repeat(300)]) {
    const [status, body] = await userOf(wrong)
    assert.equal(status, 401)
    assert.equal(objectAt(body)['errcode'], 'M_UNKNOWN_TOKEN')
  }
  a.kill()
  await a.start()
  assert.deepEqual(await userOf(token), [200, { sub: alice.userId }])
  await world.settle(3_600_000)
  assert.equal((await userOf(token))[0], 401)

  const bobs = stringAt(await world.act(bob.request('POST', path(bob), {})), 'access_token')
  const auth = { type: 'm.login.password', identifier: { type: 'm.id.user', user: 'bob' }, password: 'a password of enough letters' }
  await world.act(bob.request('POST', '/account/deactivate', { auth }))
  assert.equal((await userOf(bobs))[0], 401)
})
