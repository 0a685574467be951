import { ClientEvent, MatrixEventEvent, RoomEvent, type MatrixClient } from 'matrix-js-sdk'
import { CryptoEvent } from 'matrix-js-sdk/lib/crypto-api/index.js'

/**
 * Milliseconds that anything may take to arrive. They only keep what hangs from doing so for ever: servers wait for some seconds
 * before they try again to reach each other, and machines may be slow.
 */
const ARRIVAL_MS_MAX = 120_000

/**
 * Resolves when `condition` holds; it is looked at whenever the client has heard or decrypted something. Rejects, and says that it
 * was `what` (the condition's source, if absent), when that has not come to pass in time.
 */
export function until(client: MatrixClient, condition: () => boolean | Promise<boolean>, what?: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let [looking, again] = [false, false]
  let looks = 0
  const look = async (): Promise<void> => {
    again = true
    if (looking) return
    looking = true
    while (again) {
      again = false
      looks += 1
      if (await condition()) return resolve()
    }
    looking = false
  }
  const heard = (): void => void look().catch(reject)
  const client_: Listening = client
  for (const event of heardEvents) client_.on(event, heard)
  heard()
  return inTime(promise, () => {
    const state = `${looks} looks${looking ? ', the last is not done' : ''}, /sync is ${client.getSyncState()}`
    return `${what ?? source(condition)}, at ${client.getUserId()} ${client.getDeviceId()} (${state})`
  }).finally(() => {
    for (const event of heardEvents) client_.off(event, heard)
  })
}

/** As `awaited`, but rejects when that takes more than `msMax`, and says that it was `what`, and where it was waited for. */
export async function inTime<T>(awaited: Promise<T>, what: () => string, msMax: number = ARRIVAL_MS_MAX): Promise<T> {
  const cause = new Error('it was waited for here')
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`waited ${msMax} ms in vain for ${what()}`, { cause })), msMax)
  try {
    return await Promise.race([awaited, promise])
  } finally {
    clearTimeout(timer)
  }
}

/** A condition as it is written, in one line. */
function source(condition: () => unknown): string {
  return String(condition)
    .replace(/^(async )?\(\) => /, '')
    .replaceAll(/\s+/g, ' ')
}

type Heard = (typeof heardEvents)[number]

interface Listening {
  on(event: Heard, listener: () => void): unknown
  off(event: Heard, listener: () => void): unknown
}

const heardEvents = [
  ClientEvent.Sync,
  RoomEvent.Timeline,
  RoomEvent.Tags,
  RoomEvent.Receipt,
  RoomEvent.MyMembership,
  MatrixEventEvent.Decrypted,
  MatrixEventEvent.Replaced,
  CryptoEvent.DevicesUpdated,
  CryptoEvent.UserTrustStatusChanged,
  CryptoEvent.KeyBackupDecryptionKeyCached,
  CryptoEvent.KeyBackupSessionsRemaining,
] as const
