import type { UserId } from '@causeway/events'
import { utf8Length } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Random } from '../../platform/random.ts'
import { insertDevice } from '../../storage/tables/devices.ts'
import { endSessionsOfDevices, insertAccessToken, insertRefreshToken, upsertSession } from '../../storage/tables/sessions.ts'
import type { CallersChangedAnnouncement } from '../announcements.ts'
import { accessTokenMs, deviceIdBytesMax, deviceIdChars, deviceNameCharsMax } from '../limits.ts'
import { always, type UnitParts } from '../unit.ts'
import { newAccessToken, newRefreshToken, randomNumber, tokenHash } from './tokens.ts'

/** How somebody wants to log in. */
export interface SessionWish {
  /** One is chosen if absent. The sessions of a device that the user has already end. */
  readonly deviceId?: string | undefined
  /** For a device that is new. */
  readonly displayName?: string | undefined
  /** Can the client refresh its access token? Then that expires. */
  readonly refreshable?: boolean | undefined
  /** Where the request came from. */
  readonly address?: string | undefined
}

/** Tokens for a client, in the names of the specification. */
export interface TokenGrant {
  readonly access_token: string
  readonly refresh_token?: string
  readonly expires_in_ms?: number
}

/** A session that is made once its parts are committed. */
export interface NewSession {
  readonly deviceId: string
  readonly grant: TokenGrant
  readonly parts: UnitParts
}

/** A pair of tokens that is good once its parts are committed. */
export interface NewPair {
  readonly grant: Required<TokenGrant>
  readonly parts: UnitParts
}

/** Throws M_INVALID_PARAM for a device id that nobody may have. */
export function checkDeviceId(deviceId: string): void {
  if (deviceId === '' || utf8Length(deviceId) > deviceIdBytesMax || deviceId.includes('\0') || !deviceId.isWellFormed()) {
    throw new MatrixError('M_INVALID_PARAM', `a device id has 1 to ${deviceIdBytesMax} bytes`)
  }
}

/** A device's name as it is stored. Throws M_INVALID_PARAM for one that is too long or no text. */
export function checkDeviceName(name: string): string {
  if (name.length > deviceNameCharsMax || name.includes('\0') || !name.isWellFormed()) {
    throw new MatrixError('M_INVALID_PARAM', `a device's name has at most ${deviceNameCharsMax} characters`)
  }
  return name
}

/**
 * What makes a session for `userId`. `earlier` is the number of the session that the wished device has now: the new one
 * takes it over, for transaction ids are the device's, whoever holds its token (Client-Server API, "Transaction
 * identifiers"). Throws M_INVALID_PARAM.
 */
export function newSession(
  ports: { readonly clock: Clock; readonly random: Random },
  userId: UserId,
  wish: SessionWish,
  earlier: number | undefined,
): NewSession {
  const { clock, random } = ports
  if (wish.deviceId !== undefined) checkDeviceId(wish.deviceId)
  const deviceId = wish.deviceId ?? random.token(deviceIdChars).toUpperCase()
  const displayName = wish.displayName === undefined ? null : checkDeviceName(wish.displayName)
  const session = earlier ?? randomNumber(random)
  const now = clock.now()
  const tokens = wish.refreshable === true ? newPair(ports, session, 0) : lastingToken(random, session)
  const announcement: CallersChangedAnnouncement = { kind: 'callers-changed', userId, goneDeviceIds: [] }
  return {
    deviceId,
    grant: tokens.grant,
    parts: {
      steps: wish.deviceId === undefined ? [] : always(endSessionsOfDevices(userId, [deviceId])),
      rows: [
        { write: insertDevice, rows: [[userId, deviceId, displayName, now, now, wish.address ?? null]] },
        { write: upsertSession, rows: [[session, userId, deviceId, '', '', now, 0]] },
        ...(tokens.parts.rows ?? []),
      ],
      announcements: wish.deviceId === undefined ? [] : [announcement],
    },
  }
}

/** An access token that expires and a refresh token, in exchange for those of the pair `parent`. */
export function newPair({ clock, random }: { readonly clock: Clock; readonly random: Random }, session: number, parent: number): NewPair {
  const now = clock.now()
  const pair = randomNumber(random)
  const accessToken = newAccessToken(random)
  const refreshToken = newRefreshToken(random)
  return {
    grant: { access_token: accessToken, refresh_token: refreshToken, expires_in_ms: accessTokenMs },
    parts: {
      rows: [
        { write: insertAccessToken, rows: [[tokenHash(accessToken), session, pair, now + accessTokenMs]] },
        { write: insertRefreshToken, rows: [[tokenHash(refreshToken), session, pair, parent, now]] },
      ],
    },
  }
}

function lastingToken(random: Random, session: number): { readonly grant: TokenGrant; readonly parts: UnitParts } {
  const accessToken = newAccessToken(random)
  return {
    grant: { access_token: accessToken },
    parts: { rows: [{ write: insertAccessToken, rows: [[tokenHash(accessToken), session, 0, null]] }] },
  }
}
