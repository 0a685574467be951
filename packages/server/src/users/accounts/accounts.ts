import { parseUserId, serverOf, type ServerName, type UserId } from '@causeway/events'
import { assert } from '../../assert.ts'
import { MatrixError } from '../../errors.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Random } from '../../platform/random.ts'
import type { Database } from '../../storage/database.ts'
import { insertProfileField } from '../../storage/tables/profiles.ts'
import {
  addUser,
  findUser,
  insertPassword,
  listUsers,
  setLocked,
  setSuspended,
  upsertPassword,
  userIsActive,
  type UserRow,
} from '../../storage/tables/users.ts'
import { devicesOf } from '../../storage/tables/devices.ts'
import type { CallersChangedAnnouncement } from '../announcements.ts'
import type { PasswordHashes } from '../passwords/password-hashes.ts'
import { checkNewPassword } from '../passwords/password-policy.ts'
import { profileField } from '../profiles/profile-field.ts'
import type { SessionWish, TokenGrant } from '../sessions/new-session.ts'
import type { Sessions } from '../sessions/sessions.ts'
import { commitParts, mustFind, type UnitParts } from '../unit.ts'
import { newUserId, randomUsername } from '../username.ts'

/** An account that is to be made. */
export interface AccountWish {
  /** One is chosen if absent. */
  readonly username: string | undefined
  /** Without a password nobody can log in with one. */
  readonly password: string | undefined
  readonly admin?: boolean
  /** The localpart if absent. */
  readonly displayName?: string | undefined
  /** Log in at once. */
  readonly session?: SessionWish | undefined
}

/** An account that was made. */
export interface MadeAccount {
  readonly userId: UserId
  readonly login: { readonly deviceId: string; readonly grant: TokenGrant } | undefined
}

/** What an account may do. */
export interface Standing {
  readonly admin: boolean
  readonly locked: boolean
  readonly suspended: boolean
}

interface Ports {
  readonly db: Database
  readonly clock: Clock
  readonly random: Random
  readonly serverName: ServerName
  readonly hashes: PasswordHashes
  /** Characters (code points) that a new password must have. */
  readonly passwordCharsMin: number
  readonly sessions: Sessions
}

/** The server's accounts: make, find, change what they may do and their passwords. */
export class Accounts {
  readonly #ports: Ports

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** The local account, deactivated or not. */
  find(userId: UserId): Promise<UserRow | undefined> {
    return findUser(this.#ports.db, userId)
  }

  /** Accounts after `after` in the order of their ids, at most `limit`. */
  list(after: string, limit: number): Promise<UserRow[]> {
    return listUsers(this.#ports.db, after, limit)
  }

  /** The local user that a name on the command line or in an administrator's request means: a localpart or a whole id. */
  named(name: string): UserId | undefined {
    const { serverName } = this.#ports
    const userId = parseUserId(name.startsWith('@') ? name : `@${name}:${serverName}`)
    return userId !== undefined && serverOf(userId) === serverName ? userId : undefined
  }

  /** The id that a new account with this name would have. Throws M_INVALID_USERNAME, M_USER_IN_USE. */
  async checkAvailable(username: string): Promise<UserId> {
    const userId = newUserId(username, this.#ports.serverName)
    if ((await this.find(userId)) !== undefined) throw inUse()
    return userId
  }

  /** Throws M_WEAK_PASSWORD for what can't become somebody's password. */
  checkNewPassword(password: string): void {
    checkNewPassword(password, this.#ports.passwordCharsMin)
  }

  /**
   * Make an account as one unit with `also`. Of several who want the same name at once, one gets it.
   * Throws M_INVALID_USERNAME, M_USER_IN_USE, M_WEAK_PASSWORD, M_INVALID_PARAM, M_LIMIT_EXCEEDED.
   */
  async create(wish: AccountWish, also: UnitParts = {}): Promise<MadeAccount> {
    const { db, clock, random, sessions, hashes, serverName } = this.#ports
    if (wish.password !== undefined) this.checkNewPassword(wish.password)
    const userId = await this.checkAvailable(wish.username ?? randomUsername(random))
    const session = wish.session === undefined ? undefined : await sessions.prepare(userId, wish.session)
    const displayName = profileField('displayname', wish.displayName ?? userId.slice(1, -serverName.length - 1))
    const hash = wish.password === undefined ? undefined : await hashes.hash(wish.password)
    const now = clock.now()
    const account: UnitParts = {
      steps: [mustFind(addUser(userId, wish.admin === true ? 1 : 0, now), inUse)],
      rows: [
        ...(hash === undefined ? [] : [{ write: insertPassword, rows: [[userId, hash, now]] }]),
        ...(displayName === undefined ? [] : [{ write: insertProfileField, rows: [[userId, 'displayname', displayName]] }]),
      ],
    }
    await commitParts(db, account, also, session?.parts ?? {})
    return { userId, login: session === undefined ? undefined : { deviceId: session.deviceId, grant: session.grant } }
  }

  /**
   * Set a password. All sessions end, and their devices, but those of `keep.deviceId`, or of all with `keep.all`.
   * Throws M_WEAK_PASSWORD, M_NOT_FOUND, M_LIMIT_EXCEEDED.
   */
  async setPassword(
    userId: UserId,
    password: string,
    keep: { readonly deviceId?: string | undefined; readonly all?: boolean },
    also: UnitParts = {},
  ): Promise<void> {
    const { db, clock, hashes, sessions } = this.#ports
    this.checkNewPassword(password)
    const hash = await hashes.hash(password)
    const devices = keep.all === true ? [] : await devicesOf(db, userId)
    const going = devices.map((device) => device.device_id).filter((deviceId) => deviceId !== keep.deviceId)
    const change: UnitParts = {
      steps: [mustFind(userIsActive(userId), unknownUser)],
      rows: [{ write: upsertPassword, rows: [[userId, hash, clock.now()]] }],
    }
    await commitParts(db, also, change, keep.all === true ? {} : sessions.endAll(userId, going, keep.deviceId))
  }

  /** What the account may do. Throws M_NOT_FOUND for none, or one that is deactivated. */
  async standing(userId: UserId): Promise<Standing> {
    const user = await this.#active(userId)
    return { admin: user.admin === 1, locked: user.locked === 1, suspended: user.suspended === 1 }
  }

  /** Lock, unlock, suspend or readmit an account. Throws M_NOT_FOUND, and M_FORBIDDEN for an administrator's. */
  async setStanding(userId: UserId, change: Partial<Omit<Standing, 'admin'>>): Promise<void> {
    const user = await this.#active(userId)
    if (user.admin === 1) throw new MatrixError('M_FORBIDDEN', "an administrator's account can't be locked or suspended")
    const { locked, suspended } = change
    const announcement: CallersChangedAnnouncement = { kind: 'callers-changed', userId, goneDeviceIds: [] }
    await commitParts(this.#ports.db, {
      steps: [
        ...(locked === undefined ? [] : [mustFind(setLocked(userId, locked ? 1 : 0), unknownUser)]),
        ...(suspended === undefined ? [] : [mustFind(setSuspended(userId, suspended ? 1 : 0), unknownUser)]),
      ],
      announcements: [announcement],
    })
  }

  async #active(userId: UserId): Promise<UserRow> {
    assert(serverOf(userId) === this.#ports.serverName, 'only local users have accounts')
    const user = await this.find(userId)
    if (user === undefined || user.deactivated === 1) throw unknownUser()
    return user
  }
}

function inUse(): MatrixError {
  return new MatrixError('M_USER_IN_USE', 'this username is taken')
}

function unknownUser(): MatrixError {
  return new MatrixError('M_NOT_FOUND', 'there is no such user')
}
