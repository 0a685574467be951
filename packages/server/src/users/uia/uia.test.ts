// Goal: several stages are completed in order, each once, for one request of one user, within 15 minutes, across restarts.
// Method: flows that no operation has yet, driven directly on both databases.
import assert from 'node:assert/strict'
import type { UserId } from '@causeway/events'
import { onEachUserServer } from '../../client-api/user-api.fixture.ts'
import { Reply } from '../../http/reply.ts'
import { commitParts } from '../unit.ts'
import type { Flow } from './stage.ts'
import type { Uia, UiaOutcome } from './uia.ts'

const flows: readonly Flow[] = [
  ['m.login.registration_token', 'm.login.dummy'],
  ['m.login.registration_token', 'm.login.password'],
]
const token = { type: 'm.login.registration_token', token: 'good' }

function prove(
  uia: Uia,
  auth: unknown,
  more: { readonly operation?: string; readonly userId?: UserId; readonly x?: number } = {},
): Promise<UiaOutcome> {
  const { operation = 'something', userId, x = 1 } = more
  return uia.prove({
    operation,
    body: { x, ...(auth === undefined ? {} : { auth }) } as { auth?: unknown },
    userId,
    flows,
    address: '127.0.0.1',
  })
}

async function asked(answer: Promise<UiaOutcome>): Promise<Record<string, unknown>> {
  const result = await answer
  assert.ok(!result.passed && result.reply instanceof Reply && typeof result.reply.body === 'string')
  assert.equal(result.reply.status, 401)
  return JSON.parse(result.reply.body)
}

onEachUserServer('two stages', { tokens: ['good'] }, async (server) => {
  const { users, db } = server
  const first = await asked(prove(users.uia, null))
  assert.deepEqual([first['completed'], first['errcode'], first['flows']], [undefined, undefined, flows.map((stages) => ({ stages }))])
  const session = String(first['session'])
  assert.equal((await asked(prove(users.uia, { type: 'm.login.dummy', session })))['errcode'], 'M_UNAUTHORIZED')
  assert.equal((await asked(prove(users.uia, { ...token, token: 'bad', session })))['errcode'], 'M_FORBIDDEN')
  assert.deepEqual((await asked(prove(users.uia, { ...token, session }, { x: 2 })))['completed'], ['m.login.registration_token'])
  // What is completed binds the body, and is not asked for again.
  await assert.rejects(prove(users.uia, { type: 'm.login.dummy', session }), { code: 'M_FORBIDDEN' })
  await assert.rejects(prove(users.uia, { type: 'm.login.dummy', session }, { x: 2, operation: 'other' }), { code: 'M_FORBIDDEN' })
  assert.deepEqual((await asked(prove(users.uia, { ...token, token: 'bad', session }, { x: 2 })))['completed'], [
    'm.login.registration_token',
  ])
  assert.deepEqual((await asked(prove(users.uia, { session }, { x: 2 })))['completed'], ['m.login.registration_token'])
  assert.ok(db.slot >= 0)

  const again = await server.restart()
  const done = await Promise.all([1, 2].map(() => prove(again.users.uia, { type: 'm.login.dummy', session }, { x: 2 })))
  const [one, two] = done
  assert.ok(one?.passed === true && two?.passed === true)
  assert.equal(one.registrationToken, 'good')
  await commitParts(again.db, one.spent)
  await assert.rejects(commitParts(again.db, two.spent), { code: 'M_FORBIDDEN' })
})

onEachUserServer('time, users, and a proof of whose account it is', { tokens: ['good'] }, async ({ users, clock, join }) => {
  await join('alice')
  const alice = users.accounts.named('alice') ?? assert.fail()
  const password = { type: 'm.login.password', user: 'alice', password: 'password of alice' }
  const session = String((await asked(prove(users.uia, token)))['session'])
  await assert.rejects(prove(users.uia, { ...password, session }, { userId: alice }), { code: 'M_FORBIDDEN' })
  const done = await prove(users.uia, { ...password, session })
  assert.ok(done.passed && done.userId === alice)
  clock.advance(15 * 60_000)
  const late = await asked(prove(users.uia, { ...password, session }))
  assert.deepEqual([late['errcode'], late['session'] === session, late['completed']], ['M_UNAUTHORIZED', false, undefined])
  await assert.rejects(prove(users.uia, 'nonsense'), { code: 'M_BAD_JSON' })
})
