// Goal: a room's methods run where the room is owned, once, and give the caller the same as if it were here.
// Method: two processes' gateways over real HTTP, with ownership that the test moves by hand.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test, type TestContext } from 'node:test'
import { parseRoomId, type RoomId } from '@causeway/events'
import { MatrixError } from '../errors.ts'
import { HandClock, testEdge } from '../http/edge.fixture.ts'
import { realClock, type Clock } from '../platform/clock.ts'
import { silentLogger } from '../platform/logger.ts'
import { CommitUnknown } from '../storage/database.ts'
import { isProvenCall, proveCall } from './call-proof.ts'
import { InternalCalls } from './internal-calls.ts'
import { HttpTransport } from './internal-transport.ts'
import { proofMsMax } from './limits.ts'
import type { Ownership, ShardOwner } from './ownership.ts'
import { PeerMessages } from './peer-messages.ts'
import { RoomGateway } from './room-gateway.ts'
import { soleOwner } from './sole-owner.ts'

const secret = 'a secret that all processes know'

function roomId(text: string): RoomId {
  const parsed = parseRoomId(text)
  assert(parsed !== undefined)
  return parsed
}
const room = roomId('!room:here.example')

/** Who owns the one shard, as all processes know it. */
class Owners {
  owner: ShardOwner | undefined
  readonly addresses = new Map<number, string>()
  looks = 0
  onLook: () => void = () => undefined

  of(slot: number): Ownership {
    return {
      owns: () => this.owner?.slot === slot,
      ownerOf: () => this.owner,
      peers: () => [...this.addresses].filter(([other]) => other !== slot).map(([other, address]) => ({ slot: other, address })),
      refresh: async () => {
        this.looks += 1
        this.onLook()
      },
      onGained: () => undefined,
      onLost: () => undefined,
    }
  }
}

function methodsOf(process: string) {
  return {
    say: async (text: string, count: number) => `${process} says ${text.repeat(count)}`,
    nothing: async () => undefined,
    refuse: async () => {
      throw new MatrixError('M_LIMIT_EXCEEDED', 'slowly', { status: 429, extra: { retry_after_ms: 7 } })
    },
    doubt: async () => {
      throw new CommitUnknown('who knows')
    },
    fail: async () => {
      throw new Error('a bug')
    },
  }
}

async function processOf(t: TestContext, owners: Owners, slot: number, clock: Clock = realClock, ownSecret = secret) {
  const calls = new InternalCalls({ transport: new HttpTransport(), clock, secret: ownSecret })
  t.after(() => calls.close())
  const ownership = owners.of(slot)
  const gateway = new RoomGateway({ methods: methodsOf(`p${slot}`), ownership, shardOf: () => 0, calls, clock, log: silentLogger })
  const messages = new PeerMessages({ calls, ownership, log: silentLogger })
  const { listener, send } = await testEdge(t, [gateway.endpoint(), messages.endpoint()])
  const address = `http://127.0.0.1:${listener.port}`
  owners.addresses.set(slot, address)
  return { gateway, messages, owner: { slot, address }, send }
}

test('a call runs here or in the process that owns the room, with the same result', async (t) => {
  const owners = new Owners()
  const [one, two] = [await processOf(t, owners, 1), await processOf(t, owners, 2)]
  for (const owner of [one.owner, two.owner]) {
    owners.owner = owner
    assert.equal(await one.gateway.call(room, 'say', 'é"\\', 2), `p${owner.slot} says é"\\é"\\`)
    assert.equal(await one.gateway.call(room, 'nothing'), undefined)
    await assert.rejects(one.gateway.call(room, 'refuse'), (error) => {
      assert(error instanceof MatrixError)
      assert.deepEqual([error.code, error.message, error.status, error.extra], ['M_LIMIT_EXCEEDED', 'slowly', 429, { retry_after_ms: 7 }])
      return true
    })
    await assert.rejects(one.gateway.call(room, 'doubt'), CommitUnknown)
    await assert.rejects(one.gateway.call(room, 'fail'), (error) => error instanceof Error && !(error instanceof MatrixError))
  }
})

test('a process that owns nothing yet can wait until it owns something', async (t) => {
  const owners = new Owners()
  const { gateway, owner } = await processOf(t, owners, 1)
  owners.onLook = () => {
    if (owners.looks === 2) owners.owner = owner
  }
  await gateway.ownsSome()
  assert.equal(owners.looks, 2)
  await gateway.ownsSome()
  assert.equal(owners.looks, 2, 'it owns something already')
})

test('a call follows a room that moves, and one that nobody listens for', async (t) => {
  const owners = new Owners()
  const [one, two] = [await processOf(t, owners, 1), await processOf(t, owners, 2)]
  const stale = owners.of(3)
  const calls = new InternalCalls({ transport: new HttpTransport(), clock: realClock, secret })
  t.after(() => calls.close())
  // It believes that the first owns the room, until it looks.
  let believed: ShardOwner | undefined = one.owner
  const ownership: Ownership = { ...stale, ownerOf: () => believed, refresh: async () => void (believed = two.owner) }
  const gateway = new RoomGateway({ methods: methodsOf('p3'), ownership, shardOf: () => 0, calls, clock: realClock, log: silentLogger })
  owners.owner = two.owner
  assert.equal(await gateway.call(room, 'say', 'a', 1), 'p2 says a')
  believed = { slot: 9, address: 'http://127.0.0.1:9' }
  assert.equal(await gateway.call(room, 'say', 'b', 1), 'p2 says b')
  believed = undefined
  assert.equal(await gateway.call(room, 'say', 'c', 1), 'p2 says c')
})

test('a call that was sent and not answered is not made again', async (t) => {
  let requests = 0
  const mute = createServer((request) => {
    requests += 1
    request.socket.destroy()
  })
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
  t.after(() => mute.close())
  const bound = mute.address()
  assert(bound !== null && typeof bound === 'object')
  const owners = new Owners()
  const { gateway } = await processOf(t, owners, 1)
  owners.owner = { slot: 2, address: `http://127.0.0.1:${bound.port}` }
  await assert.rejects(gateway.call(room, 'say', 'a', 1), CommitUnknown)
  assert.equal(requests, 1)
})

test('a room without an owner is waited for, and given up at the deadline', async (t) => {
  const clock = new HandClock()
  const owners = new Owners()
  const { gateway } = await processOf(t, owners, 1, clock)
  // Each look passes a second: the wait before it ends at once.
  owners.onLook = () => void setImmediate(() => clock.advance(1_000))
  const waiting = assert.rejects(gateway.call(room, 'say', 'a', 1), (error) => error instanceof MatrixError && error.status === 503)
  await new Promise(setImmediate)
  clock.advance(1_000)
  await waiting
  assert.ok(owners.looks >= 10)
})

test('a call without a proof of the secret is refused', async (t) => {
  const owners = new Owners()
  const [one, stranger] = [await processOf(t, owners, 1), await processOf(t, owners, 2, realClock, 'another secret')]
  owners.owner = one.owner
  await assert.rejects(stranger.gateway.call(room, 'say', 'a', 1), CommitUnknown)
  const answer = await one.send('POST', '/_causeway/internal/room', {
    body: JSON.stringify({ roomId: room, method: 'say', args: ['a', 1] }),
  })
  assert.deepEqual([answer.status, answer.json['errcode']], [403, 'M_FORBIDDEN'])
})

test('a proof is good for its path, its body and a minute', () => {
  const proof = proveCall(secret, 1_000_000, '/a', 'body')
  const cases: readonly [string, number, string, string, string | undefined, boolean][] = [
    [secret, 1_000_000, '/a', 'body', proof, true],
    [secret, 1_000_000 + proofMsMax, '/a', 'body', proof, true],
    [secret, 1_000_000 - proofMsMax, '/a', 'body', proof, true],
    [secret, 1_000_001 + proofMsMax, '/a', 'body', proof, false],
    [secret, 1_000_000, '/b', 'body', proof, false],
    [secret, 1_000_000, '/a', 'bodY', proof, false],
    ['other', 1_000_000, '/a', 'body', proof, false],
    [secret, 1_000_000, '/a', 'body', undefined, false],
    [secret, 1_000_000, '/a', 'body', proof.replace('1000000', '1000001'), false],
    [secret, 1_000_000, '/a', 'body', '1000000.00', false],
  ]
  for (const [key, now, path, body, shown, good] of cases) assert.equal(isProvenCall(key, now, path, body, shown), good)
})

test('messages reach every other process', async (t) => {
  const owners = new Owners()
  const [one, two, three] = [await processOf(t, owners, 1), await processOf(t, owners, 2), await processOf(t, owners, 3)]
  const heard: unknown[] = []
  one.messages.on('typing', () => assert.fail('its own message'))
  const both = Promise.all(
    [two, three].map(
      ({ messages }) =>
        new Promise<void>((resolve) =>
          messages.on('typing', (body) => {
            heard.push(body)
            resolve()
          }),
        ),
    ),
  )
  one.messages.tell('typing', { room, users: ['@a:here.example'] })
  one.messages.tell('presence', {})
  await both
  assert.deepEqual(heard, [
    { room, users: ['@a:here.example'] },
    { room, users: ['@a:here.example'] },
  ])
})

test('the only process owns everything', async () => {
  const own = soleOwner((run) => setImmediate(run))
  const gained = await new Promise<readonly number[]>((resolve) => own.onGained(resolve))
  assert.deepEqual([gained.length, own.owns(1_023), own.ownerOf(5), own.peers()], [1_024, true, { slot: 0, address: '' }, []])
})
