import type { EventId, JsonObject, ServerName } from '@causeway/events'
import { limits } from '../../limits.ts'
import type { RoomPeers } from './room-peers.ts'

/** Events one by one, as far as the peer has them. Absent when an answer was lost: that is no sign that the state is without the event. */
export async function fetchSingly(
  peers: RoomPeers,
  server: ServerName,
  ids: readonly EventId[],
): Promise<readonly JsonObject[] | undefined> {
  const events: JsonObject[] = []
  for (let at = 0; at < ids.length; at += limits.singleEventFetchesAtOnce) {
    const page = await Promise.all(ids.slice(at, at + limits.singleEventFetchesAtOnce).map((id) => peers.event(server, id)))
    if (page.includes(undefined)) return undefined
    events.push(...page.filter((event) => event !== undefined && event !== null))
  }
  return events
}
