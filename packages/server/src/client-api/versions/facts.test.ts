// Goal: what clients are told before and after they log in.
// Method: real HTTP.
import assert from 'node:assert/strict'
import { onEachUserServer, outcome } from '../user-api.fixture.ts'

onEachUserServer('versions and capabilities; no address of a server that names none', {}, async ({ call, join }) => {
  const { versions } = Object((await call('GET', '/_matrix/client/versions')).json)
  assert.deepEqual([versions.at(0), versions.at(-1), versions.length], ['v1.1', 'v1.19', 19])
  assert.equal(outcome(await call('GET', '/.well-known/matrix/client')), '404 M_NOT_FOUND')
  const at = '/_matrix/client/v3/capabilities'
  assert.equal(outcome(await call('GET', at)), '401 M_MISSING_TOKEN')
  const { capabilities } = Object((await call('GET', at, { token: await join('alice') })).json)
  assert.equal(capabilities['m.room_versions'].default, '12')
  assert.equal(capabilities['m.room_versions'].available['12'], 'stable')
  assert.deepEqual([capabilities['m.change_password'], capabilities['m.account_moderation']], [{ enabled: true }, undefined])
})

onEachUserServer('the address of a server that names one', { publicBaseUrl: 'https://c.here' }, async ({ call }) => {
  assert.deepEqual((await call('GET', '/.well-known/matrix/client')).json, { 'm.homeserver': { base_url: 'https://c.here' } })
})
