import assert from 'node:assert/strict'
import { KnownMembership, type MatrixClient } from 'matrix-js-sdk'
import {
  CryptoEvent,
  VerificationPhase,
  VerificationRequestEvent,
  VerifierEvent,
  type CryptoApi,
  type ShowSasCallbacks,
  type VerificationRequest,
  type Verifier,
} from 'matrix-js-sdk/lib/crypto-api/index.js'
import { cryptoOf } from './devices.ts'
import { inTime, until } from './waiting.ts'

/** Make somebody's cross-signing keys, and sign this device with them. */
export async function makeIdentity(client: MatrixClient): Promise<void> {
  await cryptoOf(client).bootstrapCrossSigning({ authUploadDeviceSigningKeys: async (upload) => void (await upload(null)) })
}

/**
 * Requests whose verification is under way. The SDK tells a request of its changes through a weak reference, and it is the request
 * alone that leads to whoever waits for a change of it: if nobody held it, a garbage collection would leave them waiting for ever.
 */
const underWay = new Set<VerificationRequest>()

/**
 * Verify by comparing emoji (Client-Server API, "Short Authentication String (SAS) verification"), from the request to the end.
 * Both sides must be shown the same seven. `ask` sends the request from `asker`; it arrives at `asked`.
 */
export async function verifyByEmoji(
  asker: MatrixClient,
  asked: MatrixClient,
  ask: (crypto: CryptoApi) => Promise<VerificationRequest>,
): Promise<void> {
  // A request of a device that is not known is dropped, and an identity that is not known at the start is not verified at the end.
  await Promise.all([knows(asker, asked), knows(asked, asker)])
  const arriving = new Promise<VerificationRequest>((resolve) => asked.once(CryptoEvent.VerificationRequestReceived, resolve))
  const mine = await ask(cryptoOf(asker))
  underWay.add(mine)
  const theirs = await inTime(arriving, () => `the request, at ${asked.getUserId()}`)
  underWay.add(theirs)
  try {
    await compareEmoji(mine, theirs)
  } finally {
    underWay.delete(mine)
    underWay.delete(theirs)
  }
}

async function compareEmoji(mine: VerificationRequest, theirs: VerificationRequest): Promise<void> {
  const both = (): string => `(one side: ${phaseText(mine)}, the other: ${phaseText(theirs)})`
  await theirs.accept()
  await inTime(reached(mine, VerificationPhase.Ready), () => `the request to be accepted ${both()}`)
  const verifier = await mine.startVerification('m.sas.v1')
  await inTime(reached(theirs, VerificationPhase.Started), () => `the start ${both()}`)
  const answering = theirs.verifier
  assert(answering !== undefined)
  const shown = Promise.all([shownEmoji(verifier), shownEmoji(answering)])
  const done = Promise.all([verifier.verify(), answering.verify()])
  const [here, there] = await inTime(Promise.race([shown, done.then(() => shown)]), () => `the emoji ${both()}`)
  assert.equal(here.sas.emoji?.length, 7)
  assert.deepEqual(here.sas, there.sas)
  await Promise.all([here.confirm(), there.confirm()])
  await inTime(done, () => `the comparison to count ${both()}`)
  const ended = Promise.all([reached(mine, VerificationPhase.Done), reached(theirs, VerificationPhase.Done)])
  await inTime(ended, () => `the end ${both()}`)
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
    `the device ${deviceId} of ${userId}`,
  )
}

/** Wait until a client knows a device of somebody, and who its owner is. */
async function knows(client: MatrixClient, device: MatrixClient): Promise<void> {
  await seesDevice(client, device)
  const userId = device.getSafeUserId()
  await until(client, () => cryptoOf(client).userHasCrossSigningKeys(userId), `the identity of ${userId}`)
}

/** Wait until a client has somebody as a joined member of an encrypted room. */
export async function seesJoined(client: MatrixClient, roomId: string, userId: string): Promise<void> {
  await until(
    client,
    async () => client.getRoom(roomId)?.getMember(userId)?.membership === KnownMembership.Join && (await encrypts(client, roomId)),
    `${userId} to join`,
  )
}

/** Does a client know that a room is encrypted? Its encryption hears of that some time after the room's state. */
export async function encrypts(client: MatrixClient, roomId: string): Promise<boolean> {
  return client.getRoom(roomId)?.hasEncryptionStateEvent() === true && (await cryptoOf(client).isEncryptionEnabledInRoom(roomId))
}

function reached(request: VerificationRequest, phase: VerificationPhase): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const now = phaseOf(request)
      if (now === undefined || (now < phase && now !== VerificationPhase.Cancelled)) return
      request.off(VerificationRequestEvent.Change, look)
      if (now === VerificationPhase.Cancelled) reject(new Error(`the verification was cancelled: ${request.cancellationCode}`))
      else resolve()
    }
    request.on(VerificationRequestEvent.Change, look)
    look()
  })
}

/** The phase of a request; absent in the moment between its start and the SDK's notice of it, where the SDK throws an error. */
function phaseOf(request: VerificationRequest): VerificationPhase | undefined {
  try {
    return request.phase
  } catch {
    return undefined
  }
}

function phaseText(request: VerificationRequest): string {
  const phase = phaseOf(request)
  return phase === undefined ? 'between phases' : `${VerificationPhase[phase]}`
}

function shownEmoji(verifier: Verifier): Promise<ShowSasCallbacks> {
  const shown = verifier.getShowSasCallbacks()
  return shown === null ? new Promise((resolve) => verifier.once(VerifierEvent.ShowSas, resolve)) : Promise.resolve(shown)
}
