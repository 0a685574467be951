import assert from 'node:assert/strict'
import { KnownMembership, Method, Preset, type MatrixClient } from 'matrix-js-sdk'
import { CryptoEvent } from 'matrix-js-sdk/lib/crypto-api/index.js'
import { cryptoOf, encryption, reads, timelineOf } from './devices.ts'
import { encryptedRoom, type Stage } from './stage.ts'
import { encrypts, makeIdentity, seesSigned, seesVerified, verifyByEmoji } from './verification.ts'
import { until } from './waiting.ts'

/** People on both servers read each other. */
export async function talk(stage: Stage): Promise<void> {
  const [alice, bob] = await stage.pair()
  const roomId = await encryptedRoom(stage, alice, bob)
  await alice.sendTextMessage(roomId, 'for your eyes')
  await until(bob, () => reads(bob, roomId, 'for your eyes'))
  await bob.sendTextMessage(roomId, 'and for yours')
  await until(alice, () => reads(alice, roomId, 'and for yours'))
}

/** Two people verify each other by emoji, with events of their room. */
export async function verifyInRoom(stage: Stage): Promise<void> {
  const [alice, bob] = await stage.pair()
  await Promise.all([makeIdentity(alice), makeIdentity(bob)])
  const roomId = await encryptedRoom(stage, alice, bob)
  await verifyByEmoji(alice, bob, (crypto) => crypto.requestVerificationDM(bob.getSafeUserId(), roomId))
  await Promise.all([seesVerified(alice, bob.getSafeUserId()), seesVerified(bob, alice.getSafeUserId())])
}

/** Two people verify each other by emoji, with messages from device to device. */
export async function verifyDevices(stage: Stage): Promise<void> {
  const [alice, bob] = await stage.pair()
  await Promise.all([makeIdentity(alice), makeIdentity(bob)])
  const roomId = await encryptedRoom(stage, alice, bob)
  await alice.sendTextMessage(roomId, 'shall we?')
  await until(bob, () => reads(bob, roomId, 'shall we?'))
  await verifyByEmoji(bob, alice, (crypto) => crypto.requestDeviceVerification(alice.getSafeUserId(), alice.getDeviceId() ?? ''))
  await Promise.all([seesVerified(alice, bob.getSafeUserId()), seesVerified(bob, alice.getSafeUserId())])
}

/** A new device is verified by an old one of the same user, which gives it the secrets and so the backup. */
export async function verifyOwnDevice(stage: Stage): Promise<void> {
  const [alice, bob] = await stage.pair()
  await makeIdentity(alice)
  await cryptoOf(alice).resetKeyBackup()
  const roomId = await encryptedRoom(stage, alice, bob)
  await bob.sendTextMessage(roomId, 'before the tablet')
  await until(alice, () => reads(alice, roomId, 'before the tablet'))
  await backedUp(alice, 1)

  const tablet = await stage.again(alice)
  await until(tablet, () => timelineOf(tablet, roomId).some((event) => event.isDecryptionFailure()))
  await verifyByEmoji(tablet, alice, (crypto) => crypto.requestOwnUserVerification())
  await Promise.all([seesSigned(alice, tablet), seesSigned(tablet, tablet), seesSigned(bob, tablet)])
  await until(tablet, () => reads(tablet, roomId, 'before the tablet'))
}

/** Keys of either side go into the backup; a new device gets them all with nothing but the recovery key. */
export async function restoreBackup(stage: Stage): Promise<void> {
  const [alice, bob] = await stage.pair()
  const crypto = cryptoOf(alice)
  await makeIdentity(alice)
  await seesSigned(alice, alice)
  const recovery = await crypto.createRecoveryKeyFromPassphrase()
  assert(recovery.encodedPrivateKey !== undefined)
  await crypto.bootstrapSecretStorage({ createSecretStorageKey: async () => recovery, setupNewKeyBackup: true })
  assert(await crypto.isSecretStorageReady())
  const roomId = await encryptedRoom(stage, alice, bob)
  const notes: string[] = []
  for (const client of [alice, bob]) {
    for (let n = 0; n < 3; n++) {
      notes.push(`note ${n} of ${client.getSafeUserId()}`)
      await client.sendTextMessage(roomId, notes.at(-1) ?? '')
      // The next one has a new key.
      await cryptoOf(client).forceDiscardSession(roomId)
    }
  }
  await until(alice, () => notes.every((note) => reads(alice, roomId, note)))
  await backedUp(alice, notes.length)

  const tablet = await stage.again(alice, recovery.encodedPrivateKey)
  const other = cryptoOf(tablet)
  assert(await other.userHasCrossSigningKeys(tablet.getSafeUserId(), true))
  await other.bootstrapCrossSigning({})
  await Promise.all([seesSigned(tablet, tablet), seesSigned(alice, tablet), seesSigned(bob, tablet)])
  await other.loadSessionBackupPrivateKeyFromSecretStorage()
  const { imported, total } = await other.restoreKeyBackup()
  assert.deepEqual({ imported, total }, { imported: notes.length, total: notes.length })
  await until(tablet, () => notes.every((note) => reads(tablet, roomId, note)))
}

/** Who has no device left gets keys through a dehydrated one, and at a new device with nothing but the recovery key. */
export async function dehydrate(stage: Stage): Promise<void> {
  const [alice, bob] = await stage.pair()
  const crypto = cryptoOf(alice)
  await makeIdentity(alice)
  const recovery = await crypto.createRecoveryKeyFromPassphrase()
  assert(recovery.encodedPrivateKey !== undefined)
  await crypto.bootstrapSecretStorage({ createSecretStorageKey: async () => recovery })
  assert(await crypto.isDehydrationSupported())
  await crypto.startDehydration()
  const roomId = await encryptedRoom(stage, alice, bob)
  alice.stopClient()
  await alice.logout()

  await bob.sendTextMessage(roomId, 'when you come back')
  const tablet = await stage.again(alice, recovery.encodedPrivateKey)
  const other = cryptoOf(tablet)
  // What its key is in was sent before it, and so is here with it.
  await until(tablet, () => timelineOf(tablet, roomId).some((event) => event.isDecryptionFailure()))
  const keys = new Promise<number>((resolve) => tablet.on(CryptoEvent.RehydrationProgress, resolve))
  assert(await other.userHasCrossSigningKeys(tablet.getSafeUserId(), true))
  await other.bootstrapCrossSigning({})
  await other.startDehydration()
  assert.equal(await keys, 1)
  await until(tablet, () => reads(tablet, roomId, 'when you come back'))
}

/** Who invites hands over the keys of what may be read (`m.room_key_bundle`): an encrypted file here, its key from device to device. */
export async function shareHistory(stage: Stage): Promise<void> {
  const [alice, bob] = await stage.pair()
  await Promise.all([makeIdentity(alice), makeIdentity(bob)])
  await Promise.all([seesSigned(alice, alice), seesSigned(bob, bob)])
  const { room_id: roomId } = await alice.createRoom({ preset: Preset.PrivateChat, initial_state: [encryption()] })
  await until(alice, () => encrypts(alice, roomId))
  await alice.sendTextMessage(roomId, 'before you came')
  await until(alice, () => reads(alice, roomId, 'before you came'))
  await alice.invite(roomId, bob.getSafeUserId(), { shareEncryptedHistory: true })
  await until(bob, () => bob.getRoom(roomId)?.getMyMembership() === KnownMembership.Invite)
  await bob.joinRoom(roomId)
  await until(bob, async () => {
    const room = bob.getRoom(roomId)
    if (room === null || room.getMyMembership() !== KnownMembership.Join) return false
    if (timelineOf(bob, roomId).every((event) => !event.isEncrypted())) await bob.scrollback(room, 20)
    return reads(bob, roomId, 'before you came')
  })
}

/** Wait until the backup of a client's user holds this many keys. Clients take up to ten seconds before they begin. */
async function backedUp(client: MatrixClient, keys: number): Promise<void> {
  // The SDK remembers what it was told of the backup at first.
  await until(client, async () => {
    const info = await client.http.authedRequest<{ readonly count: number }>(Method.Get, '/room_keys/version')
    return info.count === keys
  })
}
