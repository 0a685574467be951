import { fromPlain, serverOf, type JsonObject, type JsonValue, type ServerName, type UserId } from '@causeway/events'
import { emptyObject } from '@causeway/events'
import { assert } from '../../assert.ts'
import { MatrixError } from '../../errors.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Database } from '../../storage/database.ts'
import { deleteProfileField, profileField as storedField, profileOf, setProfileField } from '../../storage/tables/profiles.ts'
import { findUser } from '../../storage/tables/users.ts'
import type { ProfileAnnouncement } from '../announcements.ts'
import { profileBytesMax } from '../limits.ts'
import { always, commitParts, mustFind, type UnitParts } from '../unit.ts'
import { userRoomTask } from '../user-room-task.ts'
import { checkProfileKey, isMemberField, profileField, tooLarge } from './profile-field.ts'

interface Ports {
  readonly db: Database
  readonly clock: Clock
  readonly serverName: ServerName
  /** Another server's answer about its user: the whole profile, or an object with the field. Throws M_NOT_FOUND and the like. */
  readonly remoteProfile: (userId: UserId, field: string | undefined) => Promise<JsonObject>
}

/** The profiles of our users, and questions after those of others (Client-Server API, "Profiles"). */
export class Profiles {
  readonly #ports: Ports

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** A whole profile, of whatever server. Throws M_NOT_FOUND. */
  async get(userId: UserId): Promise<JsonObject> {
    return this.#isLocal(userId) ? this.local(userId) : this.#ports.remoteProfile(userId, undefined)
  }

  /** An object with the one field. Throws M_NOT_FOUND. */
  async getField(userId: UserId, field: string): Promise<JsonObject> {
    if (this.#isLocal(userId)) return this.localField(userId, field)
    checkProfileKey(field)
    const profile = await this.#ports.remoteProfile(userId, field)
    const value = Object.hasOwn(profile, field) ? profile[field] : undefined
    if (value === undefined) throw noField()
    return { [field]: value }
  }

  /** A local user's whole profile; federation asks this too. Throws M_NOT_FOUND. */
  async local(userId: UserId): Promise<JsonObject> {
    const rows = await profileOf(this.#ports.db, userId)
    if (rows.length === 0) await this.#checkExists(userId)
    const profile = emptyObject()
    for (const { field, value } of rows) profile[field] = stored(value)
    return profile
  }

  /** An object with one field of a local user. Throws M_NOT_FOUND. */
  async localField(userId: UserId, field: string): Promise<JsonObject> {
    const found = await this.localPart(userId, field)
    if (!Object.hasOwn(found, field)) throw noField()
    return found
  }

  /** The same for another server: empty where the field is not set. Server-Server API, "Querying for information". Throws M_NOT_FOUND. */
  async localPart(userId: UserId, field: string): Promise<JsonObject> {
    checkProfileKey(field)
    const row = await storedField(this.#ports.db, userId, field)
    if (row !== undefined) return { [field]: stored(row.value) }
    await this.#checkExists(userId)
    return {}
  }

  /** What a local user's member events say of them: `displayname` and `avatar_url`, as far as they are set. */
  async memberFields(userId: UserId): Promise<JsonObject> {
    const fields = emptyObject()
    for (const { field, value } of await profileOf(this.#ports.db, userId)) if (isMemberField(field)) fields[field] = stored(value)
    return fields
  }

  /**
   * Set a field of a local user. Member events follow in the background.
   * Throws M_KEY_TOO_LARGE, M_INVALID_PARAM, M_BAD_JSON, M_PROFILE_TOO_LARGE.
   */
  async setField(userId: UserId, field: string, value: unknown): Promise<void> {
    const { db } = this.#ports
    checkProfileKey(field)
    const json = profileField(field, value)
    if (json === undefined) return this.deleteField(userId, field)
    if ((await storedField(db, userId, field))?.value === json) return
    await commitParts(
      db,
      { steps: [mustFind(setProfileField(userId, field, json, profileBytesMax), tooLarge)] },
      this.#effects(userId, field),
    )
  }

  /** Remove a field, if there is one. Throws M_KEY_TOO_LARGE, M_INVALID_PARAM. */
  async deleteField(userId: UserId, field: string): Promise<void> {
    const { db } = this.#ports
    checkProfileKey(field)
    if ((await storedField(db, userId, field)) === undefined) return
    await commitParts(db, { steps: always([deleteProfileField(userId, field)]) }, this.#effects(userId, field))
  }

  #effects(userId: UserId, field: string): UnitParts {
    const { db, clock } = this.#ports
    const announcement: ProfileAnnouncement = { kind: 'profile', userId, field }
    const task = isMemberField(field) ? userRoomTask(db, clock, userId, 'profile-changed', {}) : {}
    return { ...task, announcements: [announcement, ...(task.announcements ?? [])] }
  }

  #isLocal(userId: UserId): boolean {
    return serverOf(userId) === this.#ports.serverName
  }

  async #checkExists(userId: UserId): Promise<void> {
    if (!this.#isLocal(userId) || (await findUser(this.#ports.db, userId)) === undefined) {
      throw new MatrixError('M_NOT_FOUND', 'there is no such user')
    }
  }
}

function stored(json: string): JsonValue {
  const value = fromPlain(JSON.parse(json))
  assert(value !== undefined, 'a stored profile field is valid JSON')
  return value
}

function noField(): MatrixError {
  return new MatrixError('M_NOT_FOUND', 'the profile has no such field')
}
