import type { Database } from '../database.ts'
import { sql } from '../sql.ts'
import { upsert } from '../table-write.ts'

/** From live position `pos` on a user is counted in a class of equal push rules. */
export interface PushClassRow {
  readonly pos: number
  readonly class_id: number
}

/** Bound: `pushClassChangesKept` places for each of our users in a room. */
export const upsertPushClass = upsert({
  name: 'push_classes.upsert',
  table: 'push_classes',
  key: ['room', 'user_id', 'place'],
  columns: { room: 'int', user_id: 'text', place: 'int', pos: 'int', class_id: 'int' },
})

/** How a user's class changed in a room, oldest first. Bound: `pushClassChangesKept`. */
export function pushClassesOf(db: Database, room: number, userId: string): Promise<PushClassRow[]> {
  return db.all(sql<PushClassRow>('push_classes.ofUser')`
    SELECT pos, class_id FROM push_classes WHERE room = ${room} AND user_id = ${userId} ORDER BY pos`)
}

/** The newest class of each user of a room who ever had another than class 1. Bound: our users who are or were in the room. */
export function newestPushClasses(db: Database, room: number): Promise<{ user_id: string; place: number; class_id: number }[]> {
  return db.all(sql<{ user_id: string; place: number; class_id: number }>('push_classes.newest')`
    SELECT c.user_id, c.place, c.class_id FROM push_classes c
    WHERE c.room = ${room} AND c.pos = (SELECT max(n.pos) FROM push_classes n WHERE n.room = c.room AND n.user_id = c.user_id)`)
}
