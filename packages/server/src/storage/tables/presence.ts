import type { Database } from '../database.ts'
import { In, sql } from '../sql.ts'

/** Presence itself is kept in memory only; these tell who may know of it. Bound: `limit`, or the list of users. */

/** Which of some users, of any server, are joined to a room that a user is joined to as well. */
export async function whoShareRooms(db: Database, userId: string, others: readonly string[]): Promise<ReadonlySet<string>> {
  if (others.length === 0) return new Set()
  const rows = await db.all(sql<{ user_id: string }>('memberships.whoShare')`
    SELECT DISTINCT o.user_id FROM memberships m JOIN memberships o ON o.room = m.room
    WHERE m.user_id = ${userId} AND m.membership = 'join' AND o.user_id ${new In(others)} AND o.membership = 'join'`)
  return new Set(rows.map((row) => row.user_id))
}

/** Our users who are joined to a room that one of some users is joined to. Each room's members are read once, whoever is in it. */
export async function localSharers(db: Database, userIds: readonly string[], limit: number): Promise<string[]> {
  const rows = await db.all(sql<{ user_id: string }>('memberships.localSharers')`
    SELECT DISTINCT o.user_id FROM memberships o WHERE o.is_local = 1 AND o.membership = 'join' AND o.room IN
      (SELECT m.room FROM memberships m WHERE m.user_id ${new In(userIds)} AND m.membership = 'join') LIMIT ${limit}`)
  return rows.map((row) => row.user_id)
}

/** Which of some users are joined to a room that a server (ours) is in. */
export async function whoAreJoined(db: Database, userIds: readonly string[], server: string): Promise<ReadonlySet<string>> {
  const rows = await db.all(sql<{ user_id: string }>('memberships.whoAreJoined')`
    SELECT DISTINCT m.user_id FROM memberships m JOIN room_servers s ON s.room = m.room AND s.server = ${server}
    WHERE m.user_id ${new In(userIds)} AND m.membership = 'join' AND s.joined > 0`)
  return new Set(rows.map((row) => row.user_id))
}

/** The servers that share a room with users of ours, by user. Where these are more than `limit`, fewer users are asked for at once. */
export async function serversOfUsers(
  db: Database,
  userIds: readonly string[],
  limit: number,
): Promise<readonly { readonly user_id: string; readonly server: string }[]> {
  const rows = await db.all(sql<{ user_id: string; server: string }>('room_servers.ofUsers')`
    SELECT DISTINCT m.user_id, s.server FROM memberships m JOIN room_servers s ON s.room = m.room
    WHERE m.user_id ${new In(userIds)} AND m.membership = 'join' AND (s.joined > 0 OR s.listed = 1) LIMIT ${limit}`)
  if (rows.length < limit || userIds.length <= 1) return rows
  const half = Math.ceil(userIds.length / 2)
  return [...(await serversOfUsers(db, userIds.slice(0, half), limit)), ...(await serversOfUsers(db, userIds.slice(half), limit))]
}
