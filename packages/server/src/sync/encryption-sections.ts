import type { DeviceListStream } from '../e2ee/device-list-stream.ts'
import type { OneTimeKeys } from '../e2ee/one-time-keys.ts'
import type { ToDeviceQueues } from '../e2ee/to-device-queues.ts'
import type { Database } from '../storage/database.ts'
import type { UserId } from '@causeway/events'
import { RecentLists } from './recent-lists.ts'
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

async function deviceListsSection(
  ports: Ports,
  recent: RecentLists,
  { caller, since, anew = false, now, filter }: ExtensionRequest,
): Promise<SyncSection[]> {
  // A first sync tells no changes: a client that begins asks for everything. One that does not know that it begins is told all.
  if (since === undefined ? !anew : !recent.mayHaveChanged(await ports.roomsOf(caller.userId), since)) return []
  const from = since ?? new Map()
  const { changed, left } = await ports.deviceListStream.between(caller.userId, from, now, filter.state.lazyLoadMembers ? 'lazy' : 'whole')
  if (changed.length + left.length === 0) return []
  return [{ name: 'device_lists', json: JSON.stringify({ changed, left }), news: true }]
}
