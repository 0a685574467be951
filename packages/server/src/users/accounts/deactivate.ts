import type { UserId } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Database } from '../../storage/database.ts'
import { deleteAccountData } from '../../storage/tables/account-data.ts'
import { deleteCrossSigningKeys } from '../../storage/tables/cross-signing.ts'
import { devicesOf } from '../../storage/tables/devices.ts'
import { deleteFilters } from '../../storage/tables/filters.ts'
import { deleteBackups } from '../../storage/tables/key-backups.ts'
import { deleteProfile } from '../../storage/tables/profiles.ts'
import { deleteThreadSubscriptions } from '../../storage/tables/thread-subscriptions.ts'
import { deletePassword, findUser, markDeactivated } from '../../storage/tables/users.ts'
import type { Sessions } from '../sessions/sessions.ts'
import type { UserErasedAnnouncement } from './erased-users.ts'
import { commitParts, always, mustFind, type UnitParts } from '../unit.ts'
import { userRoomTask } from '../user-room-task.ts'

interface Ports {
  readonly db: Database
  readonly clock: Clock
  readonly sessions: Sessions
}

/** Ends accounts for ever (Client-Server API, "Account deactivation"). */
export class Deactivation {
  readonly #ports: Ports

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /**
   * End an account as one unit with `also`: its password, sessions, devices and keys go, it leaves its rooms in the background, and
   * nobody gets its name again. `erase`: its profile and account data go too. An account that was ended before stays as it is.
   * Throws M_NOT_FOUND.
   */
  async deactivate(userId: UserId, erase: boolean, also: UnitParts = {}): Promise<void> {
    const { db, clock, sessions } = this.#ports
    const user = await findUser(db, userId)
    if (user === undefined) throw new MatrixError('M_NOT_FOUND', 'there is no such user')
    if (user.deactivated === 1) return commitParts(db, also)
    const deviceIds = (await devicesOf(db, userId)).map((device) => device.device_id)
    const already = (): MatrixError => new MatrixError('M_USER_DEACTIVATED', 'this account is deactivated already')
    const erased: UserErasedAnnouncement = { kind: 'user-erased', userId }
    const end: UnitParts = {
      announcements: erase ? [erased] : [],
      steps: [
        mustFind(markDeactivated(userId, erase ? 1 : 0), already),
        ...always([deletePassword(userId), deleteCrossSigningKeys(userId), deleteThreadSubscriptions(userId), ...deleteBackups(userId)]),
        ...always(erase ? [deleteProfile(userId), deleteAccountData(userId), deleteFilters(userId)] : []),
      ],
    }
    const task = userRoomTask(db, clock, userId, 'leave-all-rooms', { erase })
    await commitParts(db, also, end, sessions.endAll(userId, deviceIds, undefined), task)
  }
}
