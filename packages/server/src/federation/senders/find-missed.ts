import { isJsonObject, parseJson, parseServerName, parseUserId, serverOf, type ServerName } from '@causeway/events'
import type { Database } from '../../storage/database.ts'
import { passedOnAfter, serversSince, type PassedOnRow } from '../../storage/tables/outbound.ts'
import { replayPageSize } from '../limits.ts'

/** An event of the log that a server may not have got. */
export interface Unaccounted {
  readonly server: ServerName
  readonly room: number
  readonly pos: number
}

/**
 * Who may have missed the events that a slot passed on after a position: after a crash nothing but the log knows of the last
 * second. A server that got one already finds it to be a repetition.
 */
export async function* findMissed(db: Database, slot: number, position: number, serverName: ServerName): AsyncGenerator<Unaccounted> {
  let place = { position, room: Number.MAX_SAFE_INTEGER, event: Number.MAX_SAFE_INTEGER }
  for (;;) {
    const events = await passedOnAfter(db, slot, place, replayPageSize)
    const rooms = new Map<number, readonly { readonly server: string; readonly left_pos: number | null }[]>()
    for (const event of events) {
      let servers = rooms.get(event.room)
      // The first event of a room in a page is its earliest.
      if (servers === undefined) rooms.set(event.room, (servers = await serversSince(db, event.room, event.pos)))
      for (const server of addressees(event, servers, serverName)) yield { server, room: event.room, pos: event.pos }
    }
    const last = events.at(-1)
    if (last === undefined || events.length < replayPageSize) return
    place = { position: last.position, room: last.room, event: last.event }
  }
}

/** The servers in the room, those that left with the event, and the server of the user that it is about. */
function addressees(
  event: PassedOnRow & { readonly is_state: number },
  servers: readonly { readonly server: string; readonly left_pos: number | null }[],
  serverName: ServerName,
): ReadonlySet<ServerName> {
  const found = new Set<ServerName>()
  for (const { server, left_pos: leftPos } of servers) {
    const name = parseServerName(server)
    if (name !== undefined && (leftPos === null || leftPos >= event.pos)) found.add(name)
  }
  const parsed = parseJson(event.json)
  const { sender, type, state_key: stateKey } = parsed.ok && isJsonObject(parsed.value) ? parsed.value : {}
  const target = event.is_state === 1 && type === 'm.room.member' && typeof stateKey === 'string' ? parseUserId(stateKey) : undefined
  if (target !== undefined) found.add(serverOf(target))
  const origin = typeof sender === 'string' ? parseUserId(sender) : undefined
  if (origin !== undefined) found.delete(serverOf(origin))
  found.delete(serverName)
  return found
}
