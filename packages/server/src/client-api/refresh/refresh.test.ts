// Goal: tokens are exchanged so that a lost answer does no harm and a stolen token is noticed.
// Method: the clock is moved by hand; what a client would lose is thrown away.
import assert from 'node:assert/strict'
import { onEachUserServer, outcome, text, type Answer, type UserServer } from '../user-api.fixture.ts'

const whoami = '/_matrix/client/v3/account/whoami'
const hour = 60 * 60_000

async function begin(server: UserServer): Promise<Answer> {
  await server.join('alice')
  return server.logIn('alice', { refresh_token: true, device_id: 'PHONE' })
}

function refresh({ call }: UserServer, answer: Answer): Promise<Answer> {
  return call('POST', '/_matrix/client/v3/refresh', { body: { refresh_token: text(answer, 'refresh_token') } })
}

async function works({ call }: UserServer, answer: Answer): Promise<string> {
  return outcome(await call('GET', whoami, { token: text(answer, 'access_token') }))
}

onEachUserServer('an access token expires and is exchanged; the device and the session stay', {}, async (server) => {
  const first = await begin(server)
  assert.deepEqual([first.json['expires_in_ms'], await works(server, first)], [hour, '200'])
  server.clock.advance(hour)
  const expired = await server.call('GET', whoami, { token: text(first, 'access_token') })
  assert.deepEqual([outcome(expired), expired.json['soft_logout']], ['401 M_UNKNOWN_TOKEN', true])
  const second = await refresh(server, first)
  assert.deepEqual([second.status, second.json['expires_in_ms'], await works(server, second)], [200, hour, '200'])
  const again = await server.restart()
  assert.equal(await works(again, second), '200')
  const third = await refresh(again, second)
  assert.equal(await works(again, third), '200')
  const devices = await again.call('GET', '/_matrix/client/v3/devices', { token: text(third, 'access_token') })
  assert.equal(JSON.stringify(devices.json).includes('PHONE'), true)
})

onEachUserServer('a lost answer: the old token is good until something new is used', {}, async (server) => {
  const first = await begin(server)
  await refresh(server, first)
  const [second, other] = await Promise.all([refresh(server, first), refresh(server, first)])
  assert.deepEqual([await works(server, first), await works(server, second)], ['200', '200'])
  const stolen = await refresh(server, first)
  assert.deepEqual([outcome(stolen), stolen.json['soft_logout']], ['401 M_UNKNOWN_TOKEN', true])
  for (const answer of [first, second, other]) assert.equal(await works(server, answer), '401 M_UNKNOWN_TOKEN')
  assert.equal(outcome(await refresh(server, second)), '401 M_UNKNOWN_TOKEN')
  const back = await server.logIn('alice', { device_id: 'PHONE' })
  assert.equal(outcome(back), '200')
})

onEachUserServer('using the new refresh token proves it too; a sibling of it is dead then', {}, async (server) => {
  const first = await begin(server)
  const [second, sibling] = [await refresh(server, first), await refresh(server, first)]
  const third = await refresh(server, second)
  assert.equal(await works(server, third), '200')
  assert.equal(outcome(await refresh(server, sibling)), '401 M_UNKNOWN_TOKEN')
  assert.equal(await works(server, third), '401 M_UNKNOWN_TOKEN')
})

onEachUserServer('repetitions are bounded, nonsense is refused, logging out ends the family', {}, async (server) => {
  const first = await begin(server)
  const offers: Answer[] = []
  for (let i = 0; i < 9; i++) offers.push(await refresh(server, first))
  assert.deepEqual(
    offers.map(({ status }) => status),
    Array.from({ length: 9 }, () => 200),
  )
  const [oldest, newest] = [offers[0], offers[8]]
  assert.ok(oldest !== undefined && newest !== undefined)
  assert.equal(await works(server, oldest), '401 M_UNKNOWN_TOKEN')
  assert.equal(await works(server, newest), '200')
  for (const token of ['', 'nonsense', text(first, 'access_token'), 'x'.repeat(1000), '\0']) {
    assert.equal(
      outcome(await server.call('POST', '/_matrix/client/v3/refresh', { body: { refresh_token: token } })),
      '401 M_UNKNOWN_TOKEN',
    )
  }
  assert.equal(outcome(await server.call('POST', '/_matrix/client/v3/refresh', { body: {} })), '400 M_BAD_JSON')
  await server.call('POST', '/_matrix/client/v3/logout', { token: text(newest, 'access_token') })
  assert.equal(outcome(await refresh(server, newest)), '401 M_UNKNOWN_TOKEN')
})
