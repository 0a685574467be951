// Goal: filters are checked, kept, and found by their owner; equal ones are one.
// Method: real HTTP on both databases.
import assert from 'node:assert/strict'
import { onEachUserServer, outcome, text } from '../user-api.fixture.ts'

const mine = '/_matrix/client/v3/user/@alice:here/filter'

onEachUserServer('kept and found', {}, async (server) => {
  const { call, join } = server
  const token = await join('alice')
  const filter = { room: { timeline: { limit: 10, 'org.x': 1.5 }, include_leave: true }, event_fields: ['type'], 'org.y': {} }
  const made = await call('POST', mine, { token, body: filter })
  assert.match(text(made, 'filter_id'), /^\d+$/)
  const same = await call('POST', mine, {
    token,
    body: { 'org.y': {}, event_fields: ['type'], room: { include_leave: true, timeline: { 'org.x': 1.5, limit: 10 } } },
  })
  assert.deepEqual(same.json, made.json)
  const again = await server.restart()
  assert.deepEqual((await again.call('GET', `${mine}/${text(made, 'filter_id')}`, { token })).json, filter)
  const cases: [method: string, at: string, body: unknown, expected: string][] = [
    ['GET', `${mine}/1`, undefined, '404 M_NOT_FOUND'],
    ['GET', `${mine}/none`, undefined, '404 M_NOT_FOUND'],
    ['GET', `${mine}/99999999999999999999`, undefined, '404 M_NOT_FOUND'],
    ['GET', '/_matrix/client/v3/user/@bob:here/filter/1', undefined, '403 M_FORBIDDEN'],
    ['POST', '/_matrix/client/v3/user/@bob:here/filter', {}, '403 M_FORBIDDEN'],
    ['POST', mine, { room: 1 }, '400 M_BAD_JSON'],
    ['POST', mine, { room: { timeline: { limit: 'x' } } }, '400 M_BAD_JSON'],
    ['POST', mine, { room: { rooms: '!x' } }, '400 M_BAD_JSON'],
    ['POST', mine, { room: { timeline: { rooms: ['no_room'] } } }, '400 M_BAD_JSON'],
    ['POST', mine, { presence: { not_senders: ['nobody'] } }, '400 M_BAD_JSON'],
    ['POST', mine, { event_format: 'other' }, '400 M_BAD_JSON'],
    ['POST', mine, { x: 'x'.repeat(65_536) }, '413 M_TOO_LARGE'],
  ]
  for (const [method, at, body, expected] of cases) assert.equal(outcome(await again.call(method, at, { token, body })), expected, at)
  // Beyond 500 the oldest goes.
  const alice = again.users.accounts.named('alice') ?? assert.fail()
  for (let i = 0; i < 500; i++) {
    again.clock.advance(1)
    await again.users.filters.define(alice, Object({ i }))
  }
  assert.equal(outcome(await again.call('GET', `${mine}/${text(made, 'filter_id')}`, { token })), '404 M_NOT_FOUND')
})
