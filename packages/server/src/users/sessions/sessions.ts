import type { UserId } from '@causeway/events'
import { parseUserId } from '@causeway/events'
import { assert } from '../../assert.ts'
import { MatrixError } from '../../errors.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Random } from '../../platform/random.ts'
import type { Database } from '../../storage/database.ts'
import { countDevices, deleteDevices, deleteDevicesBut, devicesOf, findDevice } from '../../storage/tables/devices.ts'
import {
  countOffers,
  endSession,
  endSessionsBut,
  endSessionsOfDevices,
  findRefreshToken,
  forgetOldTokens,
  provePair,
  sessionOfDevice,
  withdrawOffers,
  type RefreshTokenRow,
} from '../../storage/tables/sessions.ts'
import type { CallersChangedAnnouncement } from '../announcements.ts'
import { devicesPerUserMax, expiredTokenMs, oldRefreshTokenMs, refreshRepeatsMax, shownTokenCharsMax } from '../limits.ts'
import { always, commitParts, mustFind, type UnitParts } from '../unit.ts'
import type { DeviceEffects } from './device-effects.ts'
import { checkDeviceId, newPair, newSession, type NewSession, type SessionWish, type TokenGrant } from './new-session.ts'
import { tokenHash } from './tokens.ts'

interface Ports {
  readonly db: Database
  readonly clock: Clock
  readonly random: Random
  readonly effects: DeviceEffects
}

/** Who is logged in, with which devices and tokens. */
export class Sessions {
  readonly #ports: Ports

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /**
   * What makes a session, for the unit of a login or a registration. Throws M_INVALID_PARAM, and M_FORBIDDEN for a user
   * with too many devices.
   */
  async prepare(userId: UserId, wish: SessionWish): Promise<NewSession> {
    const { db } = this.#ports
    if (wish.deviceId !== undefined) checkDeviceId(wish.deviceId)
    if ((await countDevices(db, userId)) >= devicesPerUserMax) {
      const known = wish.deviceId !== undefined && (await findDevice(db, userId, wish.deviceId)) !== undefined
      if (!known) throw new MatrixError('M_FORBIDDEN', 'this account has too many devices: log some of them out')
    }
    const earlier = wish.deviceId === undefined ? undefined : await sessionOfDevice(db, userId, wish.deviceId)
    return newSession(this.#ports, userId, wish, earlier)
  }

  /**
   * New tokens for a refresh token (Client-Server API, "Refreshing access tokens"). It may be used again, should the answer
   * get lost, until one of the new ones is used; after that its use ends the session. Throws M_UNKNOWN_TOKEN, M_USER_LOCKED.
   */
  async refresh(token: string): Promise<TokenGrant> {
    const { db, clock } = this.#ports
    const row = token.length > shownTokenCharsMax ? undefined : await findRefreshToken(db, tokenHash(token))
    if (row === undefined) throw new MatrixError('M_UNKNOWN_TOKEN', 'unknown refresh token')
    if (row.locked === 1) throw new MatrixError('M_USER_LOCKED', 'this account is locked', { extra: { soft_logout: true } })
    const { session, pair, parent } = row
    if (row.session_pair !== pair && row.session_pair !== parent) return this.#endStolen(row)

    const next = newPair(this.#ports, session, pair)
    const withdrawn = (await countOffers(db, session, pair)) >= refreshRepeatsMax
    const now = clock.now()
    const proof: UnitParts = {
      steps: [
        mustFind(provePair(session, pair, parent), superseded),
        ...always(withdrawn ? withdrawOffers(session, pair) : []),
        ...always(forgetOldTokens(session, pair, now - expiredTokenMs, now - oldRefreshTokenMs)),
      ],
    }
    await commitParts(db, proof, next.parts)
    return next.grant
  }

  /** End a session and its device. */
  async logOut(caller: { readonly userId: UserId; readonly deviceId: string }): Promise<void> {
    await this.removeDevices(caller.userId, [caller.deviceId])
  }

  /** End all sessions of a user, and all devices. */
  async logOutAll(userId: UserId): Promise<void> {
    const deviceIds = (await devicesOf(this.#ports.db, userId)).map((device) => device.device_id)
    await commitParts(this.#ports.db, this.endAll(userId, deviceIds, undefined))
  }

  /** End some devices of a user, known or not, and their sessions. `also`: what belongs to the same action. */
  async removeDevices(userId: UserId, deviceIds: readonly string[], also: UnitParts = {}): Promise<void> {
    const { db } = this.#ports
    if (deviceIds.length === 0) return commitParts(db, also)
    await commitParts(db, also, this.removal(userId, deviceIds))
  }

  /** What ends some devices, at least one, and their sessions. Call it in the synchronous stretch of the commit. */
  removal(userId: UserId, deviceIds: readonly string[]): UnitParts {
    const effects = this.#ports.effects.removed(userId, deviceIds)
    return {
      rows: effects.rows ?? [],
      steps: [...always([...endSessionsOfDevices(userId, deviceIds), deleteDevices(userId, deviceIds)]), ...(effects.steps ?? [])],
      announcements: [callersChanged(userId, deviceIds), ...(effects.announcements ?? [])],
    }
  }

  /**
   * What ends a user's sessions and devices but one device's. `deviceIds` are those that are known to go. Call it in the
   * synchronous stretch of the commit.
   */
  endAll(userId: UserId, deviceIds: readonly string[], keptDeviceId: string | undefined): UnitParts {
    const kept = keptDeviceId ?? ''
    const effects = deviceIds.length === 0 ? {} : this.#ports.effects.removed(userId, deviceIds)
    return {
      rows: effects.rows ?? [],
      steps: [...always([...endSessionsBut(userId, kept), deleteDevicesBut(userId, kept)]), ...(effects.steps ?? [])],
      announcements: [callersChanged(userId, deviceIds), ...(effects.announcements ?? [])],
    }
  }

  /** A refresh token is used that was superseded: somebody else has it. The session ends, its device stays for its owner. */
  async #endStolen(row: RefreshTokenRow): Promise<never> {
    const userId = parseUserId(row.user_id)
    assert(userId !== undefined, 'stored user ids are valid')
    await commitParts(this.#ports.db, { steps: always(endSession(row.session)), announcements: [callersChanged(userId, [])] })
    throw superseded()
  }
}

function callersChanged(userId: UserId, goneDeviceIds: readonly string[]): CallersChangedAnnouncement {
  return { kind: 'callers-changed', userId, goneDeviceIds }
}

function superseded(): MatrixError {
  return new MatrixError('M_UNKNOWN_TOKEN', 'the refresh token has been used already', { extra: { soft_logout: true } })
}
