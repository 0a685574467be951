// Goal: how often somebody may be invited holds for all processes of a server together.
// Method: the gates of two processes, and messages between them that arrive at once.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseServerName, parseUserId, type UserId } from '@causeway/events'
import { HandClock } from '../../http/edge.fixture.ts'
import { RateClass } from '../../http/rate-limiter.ts'
import { InviteGate } from '../../rooms/membership/invite-gate.ts'
import { permissionRules } from '../../users/account-data/invite-rules.ts'
import { countTogether } from './compose-inviting.ts'

function user(text: string): UserId {
  const id = parseUserId(text)
  assert(id !== undefined)
  return id
}

const [alice, bob, mallory, troll] = [user('@alice:here'), user('@bob:here'), user('@mallory:there'), user('@troll:there')]
const serverName = parseServerName('here')
const clock = new HandClock()
type Listener = (body: unknown) => void

/** Processes that hear each other. */
function gates(count: number): InviteGate[] {
  const listeners: Listener[] = []
  return Array.from({ length: count }, (_, own) => {
    const bucket = (burst: number): RateClass => new RateClass({ perSecond: 0.001, burst }, clock)
    assert(serverName !== undefined)
    const gate = new InviteGate({
      serverName,
      isActive: async () => true,
      rulesOf: async () => permissionRules(undefined),
      rates: { person: bucket(4), server: bucket(6), user: bucket(8), address: bucket(2) },
    })
    const tell: Listener = (body) => {
      for (const [index, listener] of listeners.entries()) if (index !== own) listener(JSON.parse(JSON.stringify(body)))
    }
    countTogether(gate, { tell: (_kind, body) => tell(body), onTold: (_kind, listener) => void listeners.push(listener) })
    return gate
  })
}

/** Through each gate in turn; gives how many passed. */
async function passed(through: readonly InviteGate[], tries: number, invite: (gate: InviteGate) => Promise<void> | void): Promise<number> {
  let count = 0
  for (let at = 0; at < tries; at += 1) {
    const gate = through[at % through.length]
    assert(gate !== undefined)
    try {
      await invite(gate)
      count += 1
    } catch (error) {
      assert(error instanceof Error && error.name === 'MatrixError')
    }
  }
  return count
}

test('invites through several processes are counted together', async () => {
  const both = gates(2)
  assert.equal(await passed(both, 10, (gate) => gate.pass(mallory, alice)), 4)
  assert.equal(await passed(both, 10, (gate) => gate.pass(troll, alice)), 2, 'the server has six')
  assert.equal(await passed(both, 10, (gate) => gate.pass(bob, alice)), 2, 'alice has eight')
  assert.equal(await passed(both, 10, (gate) => gate.passAddress(bob)), 2)
})

test('what is no invite is not counted', async () => {
  const [gate] = gates(1)
  assert(gate !== undefined)
  const heard: Listener[] = []
  countTogether(gate, { tell: () => undefined, onTold: (_kind, listener) => void heard.push(listener) })
  for (const body of [null, 7, {}, { inviter: 5 }, { inviter: 'bob' }, { inviter: bob, target: 'alice' }]) heard[0]?.(body)
  assert.equal(await passed([gate], 10, (one) => one.passAddress(bob)), 2)
})
