import { roomsInMemoryMax } from '../e2ee/limits.ts'
import { isDeviceListAnnouncement } from '../e2ee/announcements.ts'
import type { DeviceListStream } from '../e2ee/device-list-stream.ts'
import type { OneTimeKeys } from '../e2ee/one-time-keys.ts'
import type { ToDeviceQueues } from '../e2ee/to-device-queues.ts'
import { isRoomAnnouncement } from '../rooms/engine/room-announcement.ts'
import { covers, type Positions } from '../rooms/history/positions.ts'
import type { Announcement, Database } from '../storage/database.ts'
import type { RoomId, UserId } from '@causeway/events'
import { recentUsersMax } from './limits.ts'
import { LastChanges } from './recent-log.ts'
import type { ExtensionRequest, SectionName, SyncExtension, SyncSection } from './sync-ports.ts'
import type { UserRooms } from './user-rooms.ts'

interface Ports {
  readonly db: Database
  readonly toDeviceQueues: ToDeviceQueues
  readonly oneTimeKeys: OneTimeKeys
  readonly deviceListStream: DeviceListStream
  /** The rooms of a user who syncs. */
  readonly roomsOf: (userId: UserId) => Promise<UserRooms>
}

/** What end-to-end encryption adds to /sync (Client-Server API, "Extensions to /sync" of its modules). */
export function encryptionSections(ports: Ports): SyncExtension {
  const recent = new RecentLists(ports.db)
  return async (request) => {
    const wants = (name: SectionName): boolean => request.wants === undefined || request.wants.has(name)
    const sections: SyncSection[] = []
    if (wants('to_device')) sections.push(...(await toDeviceSection(ports, request)))
    if (wants('device_lists')) sections.push(...(await deviceListsSection(ports, recent, request)))
    if (wants('device_one_time_keys_count') || wants('device_unused_fallback_key_types')) {
      const { userId, deviceId } = request.caller
      const counts = await ports.oneTimeKeys.counts(userId, deviceId)
      sections.push(
        { name: 'device_one_time_keys_count', json: counts.oneTimeKeys, news: false },
        { name: 'device_unused_fallback_key_types', json: counts.unusedFallbackKeys, news: false },
      )
      // Clients of before Matrix 1.2 know it under this name.
      if (request.wants === undefined) {
        sections.push({ name: 'org.matrix.msc2732.device_unused_fallback_key_types', json: counts.unusedFallbackKeys, news: false })
      }
    }
    return sections
  }
}

async function toDeviceSection({ toDeviceQueues }: Ports, request: ExtensionRequest): Promise<SyncSection[]> {
  const since = request.toDeviceSince ?? request.since
  const { events, upTo } = await toDeviceQueues.next(request.caller, since, request.now, request.limit)
  if (events.length === 0 && upTo === undefined && request.wants === undefined) return []
  const section: SyncSection = { name: 'to_device', json: `{"events":[${events.join(',')}]}`, news: events.length > 0 }
  return [upTo === undefined ? section : { ...section, upTo }]
}

async function deviceListsSection(ports: Ports, recent: RecentLists, { caller, since, now }: ExtensionRequest): Promise<SyncSection[]> {
  // A first sync tells no changes: a client that begins asks for everything.
  if (since === undefined || !recent.mayHaveChanged(await ports.roomsOf(caller.userId), since)) return []
  const { changed, left } = await ports.deviceListStream.between(caller.userId, since, now)
  if (changed.length + left.length === 0) return []
  return [{ name: 'device_lists', json: JSON.stringify({ changed, left }), news: true }]
}

/** Remembers where device lists, or who shares rooms, changed lately: most answers need not ask storage. */
class RecentLists {
  readonly #rooms = new LastChanges<RoomId>(roomsInMemoryMax)
  readonly #users = new LastChanges<UserId>(recentUsersMax)
  /** From here on all changes are remembered. */
  readonly #floor: Map<number, number>
  readonly #newest = new Map<number, number>()

  constructor(db: Database) {
    this.#floor = new Map(db.positions())
    db.onCommitted((announcements) => this.#note(announcements))
  }

  mayHaveChanged(user: UserRooms, since: Positions): boolean {
    if (!covers(since, this.#floor)) return true
    if (covers(since, this.#newest)) return false
    if (this.#users.changedSince(user.userId, since)) return true
    for (const { roomId, membership } of user.rooms.values()) {
      if (membership === 'join' && this.#rooms.changedSince(roomId, since)) return true
    }
    return false
  }

  #note(announcements: readonly Announcement[]): void {
    for (const announcement of announcements) {
      if (isDeviceListAnnouncement(announcement)) this.#remember(announcement, announcement.roomId, announcement.userId)
      if (!isRoomAnnouncement(announcement)) continue
      const hasMembers = announcement.memberships.length > 0 || announcement.events.some(({ pdu }) => pdu.type === 'm.room.member')
      if (hasMembers) this.#remember(announcement, announcement.roomId, undefined)
      for (const { userId } of announcement.memberships) this.#remember(announcement, undefined, userId)
    }
  }

  #remember(written: { readonly slot: number; readonly position: number }, roomId: RoomId | undefined, userId: UserId | undefined): void {
    const { slot, position } = written
    if (position > (this.#newest.get(slot) ?? 0)) this.#newest.set(slot, position)
    const forgotten = [
      roomId === undefined ? undefined : this.#rooms.note(roomId, written),
      userId === undefined ? undefined : this.#users.note(userId, written),
    ]
    for (const at of forgotten) if (at !== undefined && at > (this.#floor.get(slot) ?? 0)) this.#floor.set(slot, at)
  }
}
