import type { UserId } from '@causeway/events'
import type { Clock } from '../platform/clock.ts'
import type { Database } from '../storage/database.ts'
import { insertUserRoomTask, supersedeUserRoomTasks, type UserRoomTaskKind } from '../storage/tables/user-room-tasks.ts'
import type { UserRoomTaskAnnouncement } from './announcements.ts'
import { always, type UnitParts } from './unit.ts'

/** Writers of one database at most: the low bits of a task's id say whose it is. */
const slotsMax = 32

/**
 * Ask something of the user's rooms. A newer task takes the place of an older one of its kind. It takes a stream position
 * for its id: call it in the synchronous stretch of the commit.
 */
export function userRoomTask(db: Database, clock: Clock, userId: UserId, task: UserRoomTaskKind, payload: object): UnitParts {
  const id = db.nextPosition() * slotsMax + db.slot
  const announcement: UserRoomTaskAnnouncement = { kind: 'user-room-task', userId, task }
  return {
    steps: always([supersedeUserRoomTasks(userId, task)]),
    rows: [{ write: insertUserRoomTask, rows: [[id, userId, task, JSON.stringify(payload), clock.now()]] }],
    announcements: [announcement],
  }
}
