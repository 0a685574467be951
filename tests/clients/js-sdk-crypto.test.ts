// Goal: the SDK under Element Web can encrypt, verify itself, and get its keys back from the backup.
// Method: matrix-js-sdk with its Rust crypto against two running servers: people on both talk in an encrypted room; a new device reads on.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ClientEvent, createClient, EventType, MatrixEventEvent, Preset, RoomEvent, SyncState, type MatrixClient } from 'matrix-js-sdk'
import { CryptoEvent } from 'matrix-js-sdk/lib/crypto-api/index.js'
import type { Homeserver } from '../../packages/testkit/src/processes/homeserver.ts'
import { startCauseway } from '../../packages/testkit/src/processes/start-causeway.ts'
import { createTestCa } from '../../packages/testkit/src/tls/test-ca.ts'
import { quietSdk, silent } from './quiet-sdk.ts'

const letTimersGo = quietSdk()

const encryption = { type: EventType.RoomEncryption, state_key: '', content: { algorithm: 'm.megolm.v1.aes-sha2' } }
const servers: Homeserver[] = []
const clients: MatrixClient[] = []

before(async () => {
  const ca = createTestCa()
  servers.push(await startCauseway({ name: 'crypto-one', ca }), await startCauseway({ name: 'crypto-two', ca }))
})

after(async () => {
  for (const client of clients) client.stopClient()
  for (const server of servers) await server.dispose()
  letTimersGo()
})

/** A device of somebody, who is registered if need be, that encrypts and follows /sync. */
async function device(
  server: Homeserver,
  localpart: string,
  isNew = true,
  secrets = new Map<string, Uint8Array<ArrayBuffer>>(),
): Promise<MatrixClient> {
  if (isNew) await server.registerUser(localpart)
  const login = await createClient({ baseUrl: server.url, logger: silent }).loginRequest({
    type: 'm.login.password',
    identifier: { type: 'm.id.user', user: localpart },
    password: `password of ${localpart}`,
  })
  const client = createClient({
    baseUrl: server.url,
    userId: login.user_id,
    deviceId: login.device_id,
    accessToken: login.access_token,
    logger: silent,
    cryptoCallbacks: {
      cacheSecretStorageKey: (keyId, _info, key) => void secrets.set(keyId, key),
      getSecretStorageKey: async ({ keys }) => {
        const known = Object.keys(keys).find((keyId) => secrets.has(keyId))
        const key = known === undefined ? undefined : secrets.get(known)
        return known === undefined || key === undefined ? null : [known, key]
      },
    },
  })
  clients.push(client)
  await client.initRustCrypto({ useIndexedDB: false })
  const ready = until(client, () => client.getSyncState() === SyncState.Prepared || client.getSyncState() === SyncState.Syncing)
  await client.startClient({ initialSyncLimit: 20 })
  await ready
  return client
}

/** Resolves when `condition` holds; it is looked at whenever the client has heard or decrypted something. */
function until(client: MatrixClient, condition: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (!condition()) return
      client.off(ClientEvent.Sync, look)
      client.off(RoomEvent.Timeline, look)
      client.off(MatrixEventEvent.Decrypted, look)
      resolve()
    }
    client.on(ClientEvent.Sync, look)
    client.on(RoomEvent.Timeline, look)
    client.on(MatrixEventEvent.Decrypted, look)
    look()
  })
}

/** Does the client read this text in the room, decrypted? */
function reads(client: MatrixClient, roomId: string, text: string): boolean {
  const events = client.getRoom(roomId)?.getLiveTimeline().getEvents() ?? []
  return events.some((event) => event.isEncrypted() && !event.isDecryptionFailure() && event.getContent()['body'] === text)
}

test('people on two servers read each other in an encrypted room', { timeout: 60_000 }, async () => {
  const [one, two] = servers
  assert(one !== undefined && two !== undefined)
  const [alice, bob] = [await device(one, 'alice'), await device(two, 'bob')]
  const { room_id: roomId } = await alice.createRoom({ preset: Preset.PublicChat, initial_state: [encryption] })
  await bob.joinRoom(roomId, { viaServers: [one.serverName] })
  await until(alice, () => (alice.getRoom(roomId)?.getJoinedMemberCount() ?? 0) === 2)
  await alice.sendTextMessage(roomId, 'for your eyes')
  await until(bob, () => reads(bob, roomId, 'for your eyes'))
  await bob.sendTextMessage(roomId, 'and for yours')
  await until(alice, () => reads(alice, roomId, 'and for yours'))
})

test('cross-signing is set up, and a new device gets old keys from the backup', { timeout: 60_000 }, async () => {
  const [one] = servers
  assert(one !== undefined)
  const carol = await device(one, 'carol')
  const crypto = carol.getCrypto()
  assert(crypto !== undefined)
  await crypto.bootstrapCrossSigning({ authUploadDeviceSigningKeys: async (upload) => void (await upload(null)) })
  const own = await crypto.getDeviceVerificationStatus(carol.getSafeUserId(), carol.getDeviceId() ?? '')
  assert.equal(own?.signedByOwner, true)
  await crypto.resetKeyBackup()
  const backedUp = new Promise<void>((resolve) => {
    carol.on(CryptoEvent.KeyBackupSessionsRemaining, (left) => {
      if (left === 0) resolve()
    })
  })
  const { room_id: roomId } = await carol.createRoom({ preset: Preset.PrivateChat, initial_state: [encryption] })
  await until(carol, () => carol.getRoom(roomId) !== null)
  await carol.sendTextMessage(roomId, 'a note')
  await until(carol, () => reads(carol, roomId, 'a note'))
  const info = await crypto.getKeyBackupInfo()
  const decryptionKey = await crypto.getSessionBackupPrivateKey()
  assert(info?.version !== undefined && decryptionKey !== null)
  await backedUp

  const tablet = await device(one, 'carol', false)
  const other = tablet.getCrypto()
  assert(other !== undefined)
  await other.storeSessionBackupPrivateKey(decryptionKey, info.version)
  const { imported } = await other.restoreKeyBackup()
  assert.equal(imported, 1)
  await until(tablet, () => reads(tablet, roomId, 'a note'))
})

test('who has no device left gets keys through a dehydrated one, from another server too', { timeout: 60_000 }, async () => {
  const [one, two] = servers
  assert(one !== undefined && two !== undefined)
  // What a person keeps in mind: the key of the secret storage.
  const secrets = new Map<string, Uint8Array<ArrayBuffer>>()
  const [dora, emil] = [await device(one, 'dora', true, secrets), await device(two, 'emil')]
  const crypto = dora.getCrypto()
  assert(crypto !== undefined)
  await crypto.bootstrapCrossSigning({ authUploadDeviceSigningKeys: async (upload) => void (await upload(null)) })
  await crypto.bootstrapSecretStorage({ createSecretStorageKey: () => crypto.createRecoveryKeyFromPassphrase() })
  assert.equal(await crypto.isDehydrationSupported(), true)
  await crypto.startDehydration()
  const { room_id: roomId } = await dora.createRoom({ preset: Preset.PublicChat, initial_state: [encryption] })
  await emil.joinRoom(roomId, { viaServers: [one.serverName] })
  await until(emil, () => emil.getRoom(roomId)?.hasEncryptionStateEvent() === true)
  dora.stopClient()
  await dora.logout()

  await emil.sendTextMessage(roomId, 'when you come back')
  const tablet = await device(one, 'dora', false, secrets)
  const other = tablet.getCrypto()
  assert(other !== undefined)
  const keys = new Promise<number>((resolve) => tablet.on(CryptoEvent.RehydrationProgress, (count) => resolve(count)))
  assert.equal(await other.userHasCrossSigningKeys(tablet.getSafeUserId(), true), true)
  await other.bootstrapCrossSigning({})
  await other.startDehydration()
  assert.equal(await keys, 1)
  await until(tablet, () => reads(tablet, roomId, 'when you come back'))
})
