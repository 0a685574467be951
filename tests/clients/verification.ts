import assert from 'node:assert/strict'
import { EventType, KnownMembership, type MatrixClient } from 'matrix-js-sdk'
import {
  CryptoEvent,
  VerificationPhase,
  VerificationRequestEvent,
  VerifierEvent,
  type ShowSasCallbacks,
  type VerificationRequest,
  type Verifier,
} from 'matrix-js-sdk/lib/crypto-api/index.js'
import { cryptoOf, until } from './devices.ts'

/** Make somebody's cross-signing keys, and sign this device with them. */
export async function makeIdentity(client: MatrixClient): Promise<void> {
  await cryptoOf(client).bootstrapCrossSigning({ authUploadDeviceSigningKeys: async (upload) => void (await upload(null)) })
}

/** The next request for verification that comes to a client. */
export function nextRequest(client: MatrixClient): Promise<VerificationRequest> {
  return new Promise((resolve) => client.once(CryptoEvent.VerificationRequestReceived, resolve))
}

/**
 * Verify by comparing emoji (Client-Server API, "Short Authentication String (SAS) verification"), from the request to the end.
 * Both sides must be shown the same seven. `ask` sends the request from one side; it arrives at the client `asked`.
 */
export async function verifyByEmoji(ask: () => Promise<VerificationRequest>, asked: MatrixClient): Promise<void> {
  const arriving = nextRequest(asked)
  const mine = await ask()
  const theirs = await arriving
  await theirs.accept()
  await reached(mine, VerificationPhase.Ready)
  const verifier = await mine.startVerification('m.sas.v1')
  await reached(theirs, VerificationPhase.Started)
  const answering = theirs.verifier
  assert(answering !== undefined)
  const shown = Promise.all([shownEmoji(verifier), shownEmoji(answering)])
  const done = Promise.all([verifier.verify(), answering.verify()])
  const [here, there] = await Promise.race([shown, done.then(() => shown)])
  assert.equal(here.sas.emoji?.length, 7)
  assert.deepEqual(here.sas, there.sas)
  await Promise.all([here.confirm(), there.confirm()])
  await done
  await Promise.all([reached(mine, VerificationPhase.Done), reached(theirs, VerificationPhase.Done)])
}

/** Wait until a client has somebody's identity as verified. */
export async function seesVerified(client: MatrixClient, userId: string): Promise<void> {
  await until(
    client,
    async () => (await cryptoOf(client).getUserVerificationStatus(userId)).isCrossSigningVerified(),
    `${userId} to be verified`,
  )
}

/** Wait until a client has a device as signed by its owner. */
export async function seesSigned(client: MatrixClient, device: MatrixClient): Promise<void> {
  const [userId, deviceId] = [device.getSafeUserId(), device.getDeviceId() ?? '']
  await until(
    client,
    async () => (await cryptoOf(client).getDeviceVerificationStatus(userId, deviceId))?.signedByOwner === true,
    `${deviceId} to be signed`,
  )
}

/** Wait until a client knows a device of somebody. */
export async function seesDevice(client: MatrixClient, device: MatrixClient): Promise<void> {
  const [userId, deviceId] = [device.getSafeUserId(), device.getDeviceId() ?? '']
  await until(
    client,
    async () => {
      const known = await cryptoOf(client).getUserDeviceInfo([userId])
      return known.get(userId)?.has(deviceId) === true
    },
    `the new device ${deviceId}`,
  )
}

/** Wait until a client has somebody as a joined member of an encrypted room. */
export async function seesJoined(client: MatrixClient, roomId: string, userId: string): Promise<void> {
  await until(
    client,
    () => {
      const room = client.getRoom(roomId)
      const isEncrypted = room?.currentState.getStateEvents(EventType.RoomEncryption, '') !== null
      return room?.getMember(userId)?.membership === KnownMembership.Join && isEncrypted
    },
    `${userId} to join`,
  )
}

function reached(request: VerificationRequest, phase: VerificationPhase): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const cancelled = request.phase === VerificationPhase.Cancelled
      if (request.phase < phase && !cancelled) return
      request.off(VerificationRequestEvent.Change, look)
      if (cancelled) reject(new Error(`the verification was cancelled: ${request.cancellationCode}`))
      else resolve()
    }
    request.on(VerificationRequestEvent.Change, look)
    look()
  })
}

function shownEmoji(verifier: Verifier): Promise<ShowSasCallbacks> {
  const shown = verifier.getShowSasCallbacks()
  return shown === null ? new Promise((resolve) => verifier.once(VerifierEvent.ShowSas, resolve)) : Promise.resolve(shown)
}
