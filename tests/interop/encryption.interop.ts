// Goal: devices, their keys and messages between them cross servers, both ways, and lists of devices stay equal.
// Method: keys that only look like keys, for servers do not look into them; changes are awaited in /sync, and keys asked for then.

import assert from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'
import { arrayAt, objectAt, objectsAt } from '../../packages/testkit/src/client/json.ts'
import { MatrixClient } from '../../packages/testkit/src/client/matrix-client.ts'
import type { Homeserver } from '../../packages/testkit/src/processes/homeserver.ts'
import { SimKey } from '../../packages/testkit/src/scenario/sim-device.ts'
import { scenario, sharedRoom } from './scenario.ts'

const algorithm = 'signed_curve25519'
const versions = ['11']
/** Milliseconds in which something must be told: they only keep what hangs from doing so for ever. */
const TOLD_MS_MAX = 120_000

/** Milliseconds that a server waits for the other one's keys. */
const CLAIM_MS_MAX = 60_000

let seed = 1

/** A device with an identity of its own; its one-time keys are numbered. */
class Device {
  readonly client: MatrixClient
  readonly key = new SimKey(seed++)

  constructor(client: MatrixClient) {
    this.client = client
  }

  get keys(): Readonly<Record<string, unknown>> {
    const { userId, deviceId } = this.client
    const keys = {
      user_id: userId,
      device_id: deviceId,
      algorithms: ['m.olm.v1.curve25519-aes-sha2', 'm.megolm.v1.aes-sha2'],
      keys: { [`curve25519:${deviceId}`]: 'c2ltdWxhdGVkIGN1cnZlMjU1MTkga2V5IG9mIDMyYnQ', [`ed25519:${deviceId}`]: this.key.publicKey },
    }
    return this.key.sign(keys, userId, deviceId)
  }

  async upload(oneTimeKeys = 0): Promise<void> {
    const { userId, deviceId } = this.client
    const fresh = Array.from({ length: oneTimeKeys }, (_, n) => [
      `${algorithm}:AAAA${n}`,
      this.key.sign({ key: `a key of ${deviceId} number ${n}` }, userId, deviceId),
    ])
    await this.client.call('POST', 'v3/keys/upload', { device_keys: this.keys, one_time_keys: Object.fromEntries(fresh) })
  }
}

/** Another device of somebody. */
async function login(server: Homeserver, client: MatrixClient): Promise<Device> {
  const localpart = client.userId.slice(1, client.userId.indexOf(':'))
  return new Device(await MatrixClient.login(server.origin, localpart, `password of ${localpart}`))
}

/** Follow /sync until one answer passes; `meanwhile` is done after each that does not. */
async function untilSync(
  client: MatrixClient,
  what: string,
  passes: (answer: unknown) => boolean,
  meanwhile: () => Promise<unknown> = () => Promise.resolve(),
): Promise<unknown> {
  const deadline = performance.now() + TOLD_MS_MAX
  while (performance.now() < deadline) {
    const answer = await client.sync(2_000)
    if (passes(answer)) return answer
    await meanwhile()
  }
  throw new Error(`${client.userId} waited in vain for ${what}`)
}

/** The ids and keys of somebody's devices, as a client is told them, once they are as they should be. */
async function seesDevices(client: MatrixClient, userId: string, devices: readonly Device[]): Promise<void> {
  const expected = Object.fromEntries(devices.map(({ client: { deviceId }, keys }) => [deviceId, keys['keys']]))
  const deadline = performance.now() + TOLD_MS_MAX
  for (;;) {
    const answer = await client.call('POST', 'v3/keys/query', { device_keys: { [userId]: [] } })
    const found = Object.entries(objectAt(answer, 'device_keys', userId)).map(([deviceId, keys]) => [deviceId, objectAt(keys)['keys']])
    const seen: Record<string, unknown> = Object.fromEntries(found)
    if (performance.now() > deadline || isDeepStrictEqual(seen, expected)) return assert.deepEqual(seen, expected)
    await client.sync(1_000)
  }
}

function changed(userId: string): (answer: unknown) => boolean {
  return (answer) => arrayAt(answer, 'device_lists', 'changed').includes(userId)
}

scenario(
  'keys are found, claimed once, and a new device is noticed, also after an outage',
  async (placement) => {
    const { servers, host, guest } = placement
    const { roomId, alice, bob } = await sharedRoom(placement)
    const people = [
      { own: new Device(alice), home: host, other: bob },
      { own: new Device(bob), home: guest, other: alice },
    ]
    for (const { own, home, other } of people) {
      const { userId, deviceId } = own.client
      await other.sync()
      await own.upload(2)
      await untilSync(other, 'keys', changed(userId))
      await seesDevices(other, userId, [own])
      const claimed: string[] = []
      for (let n = 0; n < 3; n += 1) {
        const wanted = { timeout: CLAIM_MS_MAX, one_time_keys: { [userId]: { [deviceId]: algorithm } } }
        const answer = await other.call('POST', 'v3/keys/claim', wanted)
        claimed.push(...Object.keys(objectAt(answer, 'one_time_keys', userId, deviceId)))
      }
      assert.deepEqual(claimed.sort(), [`${algorithm}:AAAA0`, `${algorithm}:AAAA1`])

      const second = await login(home, own.client)
      await second.upload()
      await untilSync(other, 'a second device', changed(userId))
      await seesDevices(other, userId, [own, second])

      servers.partition()
      const third = await login(home, own.client)
      await third.upload()
      await second.client.call('POST', 'v3/logout', {})
      servers.mend()
      // Synapse does not try again before it has something new to send.
      const talk = (): Promise<unknown> => (home === servers.right ? own.client.sendText(roomId, 'are you there?') : Promise.resolve())
      await untilSync(other, 'a change in an outage', changed(userId), talk)
      await seesDevices(other, userId, [own, third])
    }
  },
  versions,
)

scenario(
  'messages between devices arrive, in order, to one and to all',
  async (placement) => {
    const { host, guest } = placement
    const { alice, bob } = await sharedRoom(placement)
    let transaction = 0
    for (const [sender, reader, home] of [
      [alice, bob, guest],
      [bob, alice, host],
    ] as const) {
      const second = await login(home, reader)
      await second.client.sync()
      const send = async (device: string, n: number): Promise<void> => {
        transaction += 1
        await sender.call('PUT', `v3/sendToDevice/m.test/t${transaction}`, { messages: { [reader.userId]: { [device]: { n } } } })
      }
      await send(reader.deviceId, 1)
      await send('*', 2)
      await send(reader.deviceId, 3)
      for (const [client, expected] of [
        [reader, [1, 2, 3]],
        [second.client, [2]],
      ] as const) {
        const seen: unknown[] = []
        await untilSync(client, 'messages', (answer) => {
          const events = objectsAt(answer, 'to_device', 'events').filter(({ type }) => type === 'm.test')
          for (const { sender: from } of events) assert.equal(from, sender.userId)
          seen.push(...events.map(({ content }) => objectAt(content)['n']))
          return seen.length >= expected.length
        })
        assert.deepEqual(seen, expected)
      }
    }
  },
  versions,
)

scenario(
  'cross-signing keys and what they signed are seen',
  async (placement) => {
    const { alice, bob } = await sharedRoom(placement)
    for (const [owner, reader] of [
      [new Device(alice), bob],
      [new Device(bob), alice],
    ] as const) {
      const { userId, deviceId } = owner.client
      await owner.upload()
      await untilSync(reader, 'keys', changed(userId))
      await seesDevices(reader, userId, [owner])
      const [master, self, user] = [new SimKey(seed++), new SimKey(seed++), new SimKey(seed++)]
      await owner.client.call('POST', 'v3/keys/device_signing/upload', {
        master_key: master.crossSigning(userId, 'master'),
        self_signing_key: master.sign(self.crossSigning(userId, 'self_signing'), userId),
        user_signing_key: master.sign(user.crossSigning(userId, 'user_signing'), userId),
      })
      await untilSync(reader, 'an identity', changed(userId))
      const signed = self.sign(owner.keys, userId)
      const answer = await owner.client.call('POST', 'v3/keys/signatures/upload', { [userId]: { [deviceId]: signed } })
      assert.deepEqual(objectAt(answer, 'failures'), {})
      const deadline = performance.now() + TOLD_MS_MAX
      for (;;) {
        const found = await reader.call('POST', 'v3/keys/query', { device_keys: { [userId]: [] } })
        const signatures = objectAt(found, 'device_keys', userId, deviceId, 'signatures', userId)
        const seen = [objectAt(found, 'master_keys', userId)['keys'], objectAt(found, 'self_signing_keys', userId)['keys'], signatures]
        const expected = [
          master.crossSigning(userId, 'master')['keys'],
          self.crossSigning(userId, 'self_signing')['keys'],
          objectAt(signed, 'signatures', userId),
        ]
        if (performance.now() > deadline || isDeepStrictEqual(seen, expected)) {
          assert.deepEqual(seen, expected)
          break
        }
        await reader.sync(1_000)
      }
    }
  },
  versions,
)
