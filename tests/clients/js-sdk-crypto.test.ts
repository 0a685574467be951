// Goal: the SDK under Element Web can encrypt, its users can verify each other and their devices, and they get their keys back.
// Method: matrix-js-sdk with its Rust crypto against two running servers: people on both talk in an encrypted room, compare
// emoji, and go on at new devices.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Preset, type MatrixClient } from 'matrix-js-sdk'
import { CryptoEvent } from 'matrix-js-sdk/lib/crypto-api/index.js'
import type { Homeserver } from '../../packages/testkit/src/processes/homeserver.ts'
import { startCauseway } from '../../packages/testkit/src/processes/start-causeway.ts'
import { createTestCa } from '../../packages/testkit/src/tls/test-ca.ts'
import { cryptoOf, Devices, encryption, reads, timelineOf, until } from './devices.ts'
import { quietSdk } from './quiet-sdk.ts'
import { makeIdentity, seesJoined, seesSigned, seesVerified, verifyByEmoji } from './verification.ts'

const letTimersGo = quietSdk()

const devices = new Devices()
let one: Homeserver
let two: Homeserver

before(async () => {
  const ca = createTestCa()
  one = await startCauseway({ name: 'crypto-one', ca })
  two = await startCauseway({ name: 'crypto-two', ca })
})

after(async () => {
  devices.close()
  for (const server of [one, two]) await server.dispose()
  letTimersGo()
})

/** An encrypted room of two people; each sees the other in it. */
async function roomOf(alice: MatrixClient, bob: MatrixClient): Promise<string> {
  const { room_id: roomId } = await alice.createRoom({ preset: Preset.PublicChat, initial_state: [encryption()] })
  await bob.joinRoom(roomId, { viaServers: [one.serverName] })
  await Promise.all([seesJoined(alice, roomId, bob.getSafeUserId()), seesJoined(bob, roomId, alice.getSafeUserId())])
  return roomId
}

test('people on two servers read each other in an encrypted room', { timeout: 60_000 }, async () => {
  const [alice, bob] = [await devices.open(one, 'alice'), await devices.open(two, 'bob')]
  const roomId = await roomOf(alice, bob)
  await alice.sendTextMessage(roomId, 'for your eyes')
  await until(bob, () => reads(bob, roomId, 'for your eyes'))
  await bob.sendTextMessage(roomId, 'and for yours')
  await until(alice, () => reads(alice, roomId, 'and for yours'))
})

test('two people verify each other by emoji in their room', { timeout: 60_000 }, async () => {
  const [anna, ben] = [await devices.open(one, 'anna'), await devices.open(two, 'ben')]
  await Promise.all([makeIdentity(anna), makeIdentity(ben)])
  const roomId = await roomOf(anna, ben)
  await verifyByEmoji(() => cryptoOf(anna).requestVerificationDM(ben.getSafeUserId(), roomId), ben)
  await Promise.all([seesVerified(anna, ben.getSafeUserId()), seesVerified(ben, anna.getSafeUserId())])
})

test('two people verify each other by emoji from device to device', { timeout: 60_000 }, async () => {
  const [clara, dan] = [await devices.open(one, 'clara'), await devices.open(two, 'dan')]
  await Promise.all([makeIdentity(clara), makeIdentity(dan)])
  const roomId = await roomOf(clara, dan)
  await clara.sendTextMessage(roomId, 'shall we?')
  await until(dan, () => reads(dan, roomId, 'shall we?'))
  await verifyByEmoji(() => cryptoOf(dan).requestDeviceVerification(clara.getSafeUserId(), clara.getDeviceId() ?? ''), clara)
  await Promise.all([seesVerified(clara, dan.getSafeUserId()), seesVerified(dan, clara.getSafeUserId())])
})

test('a device that is verified by another of its user is given the keys', { timeout: 60_000 }, async () => {
  const [eva, finn] = [await devices.open(one, 'eva'), await devices.open(two, 'finn')]
  await makeIdentity(eva)
  await cryptoOf(eva).resetKeyBackup()
  const roomId = await roomOf(eva, finn)
  await finn.sendTextMessage(roomId, 'before the tablet')
  await until(eva, () => reads(eva, roomId, 'before the tablet'))
  await backedUp(eva)

  const tablet = await devices.open(one, 'eva', { again: true })
  await until(tablet, () => timelineOf(tablet, roomId).some((event) => event.isDecryptionFailure()))
  await verifyByEmoji(() => cryptoOf(tablet).requestOwnUserVerification(), eva)
  await Promise.all([seesSigned(eva, tablet), seesSigned(tablet, tablet), seesSigned(finn, tablet)])
  await until(tablet, () => reads(tablet, roomId, 'before the tablet'))
})

test('a recovery key gives a new device everything that the backup has', { timeout: 60_000 }, async () => {
  const [carol, dave] = [await devices.open(one, 'carol'), await devices.open(two, 'dave')]
  const crypto = cryptoOf(carol)
  await makeIdentity(carol)
  await seesSigned(carol, carol)
  const recovery = await crypto.createRecoveryKeyFromPassphrase()
  assert(recovery.encodedPrivateKey !== undefined)
  await crypto.bootstrapSecretStorage({ createSecretStorageKey: async () => recovery, setupNewKeyBackup: true })
  assert(await crypto.isSecretStorageReady())
  const roomId = await roomOf(carol, dave)
  for (const client of [carol, dave]) {
    // Each time with a new key.
    for (let n = 0; n < 3; n++) {
      await client.sendTextMessage(roomId, `note ${n} of ${client.getSafeUserId()}`)
      await cryptoOf(client).forceDiscardSession(roomId)
    }
  }
  const notes = [carol, dave].flatMap((client) => [0, 1, 2].map((n) => `note ${n} of ${client.getSafeUserId()}`))
  await until(carol, () => notes.every((note) => reads(carol, roomId, note)))
  await backedUp(carol)

  const tablet = await devices.open(one, 'carol', { again: true, recoveryKey: recovery.encodedPrivateKey })
  const other = cryptoOf(tablet)
  await other.bootstrapCrossSigning({})
  await Promise.all([seesSigned(tablet, tablet), seesSigned(carol, tablet), seesSigned(dave, tablet)])
  await other.loadSessionBackupPrivateKeyFromSecretStorage()
  const { imported, total } = await other.restoreKeyBackup()
  assert.deepEqual({ imported, total }, { imported: 6, total: 6 })
  await until(tablet, () => notes.every((note) => reads(tablet, roomId, note)))
})

/** Wait until a client has nothing more to put into the backup. */
async function backedUp(client: MatrixClient): Promise<void> {
  await new Promise<void>((resolve) => {
    client.on(CryptoEvent.KeyBackupSessionsRemaining, (left) => {
      if (left === 0) resolve()
    })
  })
}
