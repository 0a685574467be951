import type { Database } from '../database.ts'
import { In, sql, type Query } from '../sql.ts'
import { insert, upsert } from '../table-write.ts'

/** Bound: one row a user, and one for each whom a user signed. */
export const upsertDeviceListChange = upsert({
  name: 'device_list_changes.upsert',
  table: 'device_list_changes',
  key: ['user_id', 'seen_by'],
  columns: { user_id: 'text', seen_by: 'text', slot: 'int', position: 'int' },
})

/** Bound: one row a device, until its servers are told. */
export const upsertListOutbox = upsert({
  name: 'device_list_outbox.upsert',
  table: 'device_list_outbox',
  key: ['user_id', 'device_id'],
  columns: { user_id: 'text', device_id: 'text', seq: 'int' },
})

/** Bound: `updatesPerUserMax` a user, until they are worked in. */
export const insertListInbox = insert({
  name: 'device_list_inbox.insert',
  table: 'device_list_inbox',
  columns: { user_id: 'text', seq: 'int', json: 'text' },
})

export const upsertRemoteList = upsert({
  name: 'remote_device_lists.upsert',
  table: 'remote_device_lists',
  key: ['user_id'],
  columns: { user_id: 'text', stream_id: 'int', stale: 'int', positions: 'text' },
})

export const upsertRemoteDevice = upsert({
  name: 'remote_devices.upsert',
  table: 'remote_devices',
  key: ['user_id', 'device_id'],
  columns: { user_id: 'text', device_id: 'text', json: 'text' },
})

/** A change that one writer noted. */
export interface ListChangeRow {
  readonly user_id: string
  readonly seen_by: string
  readonly position: number
}

/** Changes of one writer after (position, user), up to a position, in order. */
export function listChanges(
  db: Database,
  slot: number,
  after: { readonly position: number; readonly userId: string },
  upTo: number,
  limit: number,
): Promise<ListChangeRow[]> {
  return db.all(sql<ListChangeRow>('device_list_changes.page')`
    SELECT user_id, seen_by, position FROM device_list_changes
    WHERE slot = ${slot} AND (position, user_id) > (${after.position}, ${after.userId}) AND position <= ${upTo}
    ORDER BY position, user_id LIMIT ${limit}`)
}

/** A membership that changed in a room that the reader is in or was in. */
export interface SharedMembershipRow {
  readonly user_id: string
  readonly room: number
  readonly room_id: string
  readonly membership: string
  readonly position: number
  /** 1 while the room's members are not all known. */
  readonly state_partial: number
}

/** Memberships that one writer changed in the rooms of a reader, after (position, room, user), in order. */
export function membershipChanges(
  db: Database,
  reader: string,
  slot: number,
  after: { readonly position: number; readonly room: number; readonly userId: string },
  upTo: number,
  limit: number,
): Promise<SharedMembershipRow[]> {
  return db.all(sql<SharedMembershipRow>('memberships.changesForUser')`
    SELECT m.user_id, m.room, r.room_id, r.state_partial, m.membership, m.position FROM memberships m
    JOIN rooms r ON r.room = m.room
    JOIN memberships mine ON mine.room = m.room AND mine.user_id = ${reader}
    WHERE m.slot = ${slot} AND m.position > 0 AND (m.position, m.room, m.user_id) > (${after.position}, ${after.room}, ${after.userId})
      AND m.position <= ${upTo} AND (mine.membership = 'join' OR m.user_id = ${reader})
    ORDER BY m.position, m.room, m.user_id LIMIT ${limit}`)
}

/** The joined members of a room, at most `limit`. */
export function joinedMembers(db: Database, room: number, limit: number): Promise<{ user_id: string }[]> {
  return db.all(sql<{ user_id: string }>('memberships.joinedMembers')`
    SELECT user_id FROM memberships WHERE room = ${room} AND membership = 'join' LIMIT ${limit}`)
}

/** Which of some users share a room with a reader now. Bound: the list. */
export function sharingWith(db: Database, reader: string, userIds: readonly string[]): Promise<{ user_id: string }[]> {
  return db.all(sql<{ user_id: string }>('memberships.sharingWith')`
    SELECT DISTINCT m.user_id FROM memberships m JOIN memberships mine ON mine.room = m.room
    WHERE m.user_id ${new In(userIds)} AND m.membership = 'join' AND mine.user_id = ${reader} AND mine.membership = 'join'`)
}

/** The rooms that a user is joined to. Bound: the user's rooms. */
export function roomsOfUser(db: Database, userId: string): Promise<{ room_id: string }[]> {
  return db.all(sql<{ room_id: string }>('memberships.roomsOfUser')`
    SELECT r.room_id FROM memberships m JOIN rooms r ON r.room = m.room WHERE m.user_id = ${userId} AND m.membership = 'join'`)
}

/** The servers that share a room with a user. Bound: the servers of the user's rooms. */
export function serversSharingWith(db: Database, userId: string): Promise<{ server: string }[]> {
  return db.all(sql<{ server: string }>('room_servers.sharingWith')`
    SELECT DISTINCT s.server FROM memberships m JOIN room_servers s ON s.room = m.room
    WHERE m.user_id = ${userId} AND m.membership = 'join' AND (s.joined > 0 OR s.listed = 1)`)
}

/**
 * A page of a room's servers after a name, in order, and whether they share another room with a user; `but` are rooms that do not
 * count, `own` is our server, which is left out: in most rooms there is no other. `joined` is 0 for a server that is in the room by
 * another's word alone.
 */
export function serversOfRoom(
  db: Database,
  user: { readonly userId: string; readonly but: readonly string[]; readonly own: string },
  roomId: string,
  after: string,
  limit: number,
): Promise<{ server: string; joined: number; shared: number }[]> {
  return db.all(sql<{ server: string; joined: number; shared: number }>('room_servers.newToUser')`
    SELECT p.server, p.joined, CASE WHEN EXISTS (
        SELECT 1 FROM memberships m JOIN room_servers o ON o.room = m.room JOIN rooms q ON q.room = m.room
        WHERE m.user_id = ${user.userId} AND m.membership = 'join' AND o.server = p.server AND (o.joined > 0 OR o.listed = 1)
          AND NOT (q.room_id ${new In(user.but)})) THEN 1 ELSE 0 END AS shared
    FROM (SELECT s.server, s.joined FROM rooms r JOIN room_servers s ON s.room = r.room
      WHERE r.room_id = ${roomId} AND (s.joined > 0 OR s.listed = 1) AND s.server > ${after} AND s.server <> ${user.own}
      ORDER BY s.server LIMIT ${limit}) p
    ORDER BY p.server`)
}

/** Where some users of other servers are joined together with us, and since when: by writer and position. Bound: their rooms. */
export function remoteJoins(
  db: Database,
  userIds: readonly string[],
  server: string,
): Promise<{ user_id: string; slot: number; position: number }[]> {
  return db.all(sql<{ user_id: string; slot: number; position: number }>('memberships.remoteJoins')`
    SELECT m.user_id, m.slot, m.position FROM memberships m
    JOIN room_servers s ON s.room = m.room AND s.server = ${server}
    WHERE m.user_id ${new In(userIds)} AND m.membership = 'join' AND s.joined > 0`)
}

/** Rooms of a user whose members became known between two positions of a slot. Bound: the user's rooms. */
export function completedRooms(db: Database, userId: string, slot: number, after: number, upTo: number): Promise<{ room: number }[]> {
  return db.all(sql<{ room: number }>('room_completions.forUser')`
    SELECT c.room FROM room_completions c JOIN memberships m ON m.room = c.room
    WHERE m.user_id = ${userId} AND m.membership = 'join' AND c.slot = ${slot} AND c.position > ${after} AND c.position <= ${upTo}`)
}

/** Is a server in a room of ours of whose members we do not know all? */
export async function isListedServer(db: Database, server: string): Promise<boolean> {
  const row = await db.first(sql<{ room: number }>('room_servers.isListed')`
    SELECT room FROM room_servers WHERE server = ${server} AND listed = 1 LIMIT 1`)
  return row !== undefined
}

/** When the devices of a user last changed. */
export function lastListChange(db: Database, userId: string): Promise<{ slot: number; position: number } | undefined> {
  return db.first(sql<{ slot: number; position: number }>('device_list_changes.last')`
    SELECT slot, position FROM device_list_changes WHERE user_id = ${userId} AND seen_by = ''`)
}

/** What is still to be told of users, those of one at a time. `after`: a user id. */
export function nextOutboxUser(db: Database, after: string): Promise<{ user_id: string } | undefined> {
  return db.first(sql<{ user_id: string }>('device_list_outbox.next')`
    SELECT user_id FROM device_list_outbox WHERE user_id > ${after} ORDER BY user_id LIMIT 1`)
}

/** What is still to be told of one user. Bound: `devicesPerUserMax`. */
export function listOutboxOf(db: Database, userId: string): Promise<{ device_id: string; seq: number }[]> {
  return db.all(sql<{ device_id: string; seq: number }>('device_list_outbox.ofUser')`
    SELECT device_id, seq FROM device_list_outbox WHERE user_id = ${userId} ORDER BY seq, device_id`)
}

/** It is told; a change that came meanwhile has another seq and stays. */
export function deleteListOutbox(userId: string, deviceId: string, seq: number): Query<unknown> {
  return sql('device_list_outbox.delete')`
    DELETE FROM device_list_outbox WHERE user_id = ${userId} AND device_id = ${deviceId} AND seq = ${seq}`
}

/** The last stream_id that others were told of a user; 0 before the first. */
export async function listStreamId(db: Database, userId: string): Promise<number> {
  const row = await db.first(sql<{ stream_id: number }>('device_list_counters.one')`
    SELECT stream_id FROM device_list_counters WHERE user_id = ${userId}`)
  return row?.stream_id ?? 0
}

/** Move a user's stream_id on from what it was; with `expect: 1` nobody else did meanwhile. */
export function advanceStreamId(userId: string, was: number, next: number): Query<unknown> {
  return sql('device_list_counters.advance')`
    INSERT INTO device_list_counters (user_id, stream_id) VALUES (${userId}, ${next})
    ON CONFLICT (user_id) DO UPDATE SET stream_id = excluded.stream_id WHERE device_list_counters.stream_id = ${was}`
}

/** A list of another server's user. */
export interface RemoteListRow {
  readonly user_id: string
  readonly stream_id: number
  readonly stale: number
  readonly positions: string
}

/** The lists that we keep of some users. Bound: the list. */
export function remoteLists(db: Database, userIds: readonly string[]): Promise<RemoteListRow[]> {
  return db.all(sql<RemoteListRow>('remote_device_lists.ofUsers')`
    SELECT user_id, stream_id, stale, positions FROM remote_device_lists WHERE user_id ${new In(userIds)}`)
}

/** The devices that we keep of some users; `json` is an entry of `/user/devices`. Bound: `remoteDevicesMax` a user. */
export function remoteDevicesOf(db: Database, userIds: readonly string[]): Promise<{ user_id: string; device_id: string; json: string }[]> {
  return db.all(sql<{ user_id: string; device_id: string; json: string }>('remote_devices.ofUsers')`
    SELECT user_id, device_id, json FROM remote_devices WHERE user_id ${new In(userIds)} ORDER BY user_id, device_id`)
}

/** A list must be fetched again. */
export function markStale(userId: string): Query<unknown> {
  return sql('remote_device_lists.markStale')`UPDATE remote_device_lists SET stale = 1 WHERE user_id = ${userId}`
}

/** The lists of a room's members are as old as our stay in it, of those who share no other room with us. */
export function markMembersStale(room: number, server: string): Query<unknown> {
  return sql('remote_device_lists.markMembersStale')`UPDATE remote_device_lists SET stale = 1
    WHERE user_id IN (SELECT m.user_id FROM memberships m WHERE m.room = ${room} AND m.membership = 'join')
    AND NOT EXISTS (SELECT 1 FROM memberships o JOIN room_servers s ON s.room = o.room AND s.server = ${server} AND s.joined > 0
      WHERE o.user_id = remote_device_lists.user_id AND o.membership = 'join' AND o.room <> ${room})`
}

/** Nothing is kept of a user any more. */
export function forgetRemoteList(userId: string): readonly Query<unknown>[] {
  return [
    sql('remote_device_lists.forget')`DELETE FROM remote_device_lists WHERE user_id = ${userId}`,
    sql('remote_devices.forget')`DELETE FROM remote_devices WHERE user_id = ${userId}`,
    sql('cross_signing_keys.forget')`DELETE FROM cross_signing_keys WHERE user_id = ${userId}`,
  ]
}

export function deleteRemoteDevices(userId: string): Query<unknown> {
  return sql('remote_devices.deleteAll')`DELETE FROM remote_devices WHERE user_id = ${userId}`
}

export function deleteRemoteDevice(userId: string, deviceId: string): Query<unknown> {
  return sql('remote_devices.delete')`DELETE FROM remote_devices WHERE user_id = ${userId} AND device_id = ${deviceId}`
}

/** Users of whom something was told or whose list is stale, after a user id, in order. */
export function unsettledUsers(db: Database, after: string, limit: number): Promise<{ user_id: string }[]> {
  return db.all(sql<{ user_id: string }>('device_list_inbox.users')`
    SELECT user_id FROM device_list_inbox WHERE user_id > ${after}
    UNION SELECT user_id FROM remote_device_lists WHERE stale = 1 AND user_id > ${after} ORDER BY user_id LIMIT ${limit}`)
}

/** What was told of a user, in order. */
export function listInboxOf(db: Database, userId: string, limit: number): Promise<{ seq: number; json: string }[]> {
  return db.all(sql<{ seq: number; json: string }>('device_list_inbox.ofUser')`
    SELECT seq, json FROM device_list_inbox WHERE user_id = ${userId} ORDER BY seq LIMIT ${limit}`)
}

/** It is worked in. */
export function deleteListInbox(userId: string, upTo: number): Query<unknown> {
  return sql('device_list_inbox.delete')`DELETE FROM device_list_inbox WHERE user_id = ${userId} AND seq <= ${upTo}`
}
