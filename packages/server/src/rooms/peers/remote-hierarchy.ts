import type { RoomId, ServerName } from '@causeway/events'
import { LRUCache } from 'lru-cache'
import type { FederationClient } from '../../federation/client/federation-client.ts'
import { getSpaceHierarchy } from '../../federation/wire/events.ts'
import type { Clock } from '../../platform/clock.ts'
import { hierarchyAskMs, hierarchyAsksMax, hierarchyInMemoryMax, hierarchyKeptMs, hierarchyServersMax } from '../spaces/limits.ts'
import { readHierarchy, type RemoteSpace } from './read-hierarchy.ts'

interface Ports {
  readonly client: FederationClient
  readonly clock: Clock
  readonly serverName: ServerName
}

interface Kept {
  /** Absent: nobody told. */
  readonly space: RemoteSpace | undefined
  /** Monotonic milliseconds. */
  readonly until: number
}

/** What one request of a client may cost other servers. */
export interface Asking {
  /** That nobody told of a room a moment ago is taken for an answer: on the further pages of one list. */
  readonly again: boolean
  readonly signal: AbortSignal
  /** Rooms that may still be asked for. */
  left: number
}

/** UTF-16 units that an answer weighs beside its texts. */
const entryWeight = 500

/** Rooms that this server is not in, as those that are tell of them; answers are kept for a minute. */
export class RemoteHierarchy {
  readonly #ports: Ports
  readonly #kept = new LRUCache<string, Kept>({ maxSize: hierarchyInMemoryMax })

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** Run `work` with a bounded number of questions to other servers, in a bounded time. */
  async asking<T>(again: boolean, work: (asking: Asking) => Promise<T>): Promise<T> {
    const late = new AbortController()
    const cancel = this.#ports.clock.schedule(hierarchyAskMs, () => late.abort())
    try {
      return await work({ again, signal: late.signal, left: hierarchyAsksMax })
    } finally {
      cancel()
    }
  }

  /**
   * Ask servers that may be in a room, one after the other, what it is. Absent when none tells. What they say is for our
   * server as a whole: whether a given user may know it is for the caller to decide.
   */
  async find(roomId: RoomId, via: readonly ServerName[], suggestedOnly: boolean, asking: Asking): Promise<RemoteSpace | undefined> {
    const key = `${suggestedOnly ? 's' : 'a'}${roomId}`
    const kept = this.#kept.get(key)
    const usable = kept !== undefined && kept.until > this.#ports.clock.monotonic() && (kept.space !== undefined || asking.again)
    if (usable) return kept.space
    const servers = [...new Set(via)].filter((server) => server !== this.#ports.serverName).slice(0, hierarchyServersMax)
    if (servers.length === 0 || asking.left <= 0 || asking.signal.aborted) return undefined
    asking.left -= 1
    let space: RemoteSpace | undefined
    for (const server of servers) {
      if (space !== undefined || asking.signal.aborted) break
      const options = { params: { roomId }, query: { suggested_only: suggestedOnly }, signal: asking.signal }
      const answer = await this.#ports.client.call(server, getSpaceHierarchy, options)
      space = answer.ok ? readHierarchy(answer.value, roomId) : undefined
    }
    this.#kept.set(key, { space, until: this.#ports.clock.monotonic() + hierarchyKeptMs }, { size: weigh(space) })
    return space
  }
}

function weigh(space: RemoteSpace | undefined): number {
  if (space === undefined) return entryWeight
  return entryWeight + JSON.stringify([space.room, space.children, [...space.descriptions.values()]]).length * 2
}
