import { parseUserId, type UserId } from '@causeway/events'
import { presenceOfSyncMax } from '../ephemeral/limits.ts'
import { presenceContent } from '../ephemeral/presence-edu.ts'
import type { Presence } from '../ephemeral/presence.ts'
import type { Clock } from '../platform/clock.ts'
import { wantsKind } from '../rooms/history/event-filter.ts'
import type { Positions } from '../rooms/history/positions.ts'
import type { Database } from '../storage/database.ts'
import { whoShareRooms } from '../storage/tables/presence.ts'
import type { SyncExtension } from './sync-ports.ts'

interface Ports {
  readonly db: Database
  readonly clock: Clock
  readonly presence: Presence
  /** Those who came to share a room with a user between two positions, and perhaps others who share one. */
  readonly arrivals: (userId: UserId, since: Positions, now: Positions) => Promise<readonly string[]>
}

/** The presence of those with whom a user shares a room, and their own (Client-Server API, "Presence"). */
export function presencePart({ db, clock, presence, arrivals }: Ports): SyncExtension {
  return async ({ caller, since, now, sinceSerial, filter, wants }) => {
    if (wants?.has('presence') === false) return []
    const limit = Math.min(filter.presence.limit ?? presenceOfSyncMax, presenceOfSyncMax)
    const found = new Map(presence.changedSince(sinceSerial, limit).map((state) => [state.userId, state]))
    // Whoever is new to the reader is told as they are, though they did not change.
    for (const id of since === undefined ? [] : await arrivals(caller.userId, since, now)) {
      const userId = found.size < limit ? parseUserId(id) : undefined
      const state = userId === undefined ? undefined : presence.of(userId)
      if (state !== undefined && state.presence !== 'offline') found.set(state.userId, state)
    }
    const changed = [...found.values()].filter(({ userId }) => wantsKind(filter.presence, 'm.presence', userId))
    if (changed.length === 0) return []
    const shown = await whoMaySee(db, caller.userId, changed)
    const events = changed
      .filter(({ userId }) => shown.has(userId))
      .map((state) => JSON.stringify({ type: 'm.presence', sender: state.userId, content: presenceContent(state, clock.now()) }))
    return events.length === 0 ? [] : [{ name: 'presence', json: `{"events":[${events.join(',')}]}`, news: sinceSerial !== undefined }]
  }
}

async function whoMaySee(db: Database, reader: UserId, of: readonly { readonly userId: UserId }[]): Promise<ReadonlySet<string>> {
  const others = of.map(({ userId }) => userId).filter((userId) => userId !== reader)
  return new Set([reader, ...(await whoShareRooms(db, reader, others))])
}
