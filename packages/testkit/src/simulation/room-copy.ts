import { arrayAt, objectAt, stringAt } from '../client/json.ts'
import type { SimServer } from '../scenario/sim-server.ts'

/** How a server judged an event (events.standing). */
export const standings = ['accepted', 'soft-failed', 'rejected', 'outlier', 'undecided'] as const
export type StandingName = (typeof standings)[number]

export interface EventCopy {
  readonly eventId: string
  readonly standing: StandingName
  readonly type: string
  readonly stateKey: string | undefined
  readonly sender: string
  readonly content: Readonly<Record<string, unknown>>
  readonly prevEvents: readonly string[]
  /** Has a place in the timeline or in history. */
  readonly placed: boolean
  readonly redacted: boolean
}

/** What one server has of one room, as it is stored. */
export interface RoomCopy {
  readonly server: SimServer
  readonly roomId: string
  readonly events: ReadonlyMap<string, EventCopy>
  /** Members in the current state, of all servers. */
  readonly memberships: ReadonlyMap<string, string>
  /** Joined members by server, as counted. */
  readonly servers: ReadonlyMap<string, number>
  readonly localJoined: readonly string[]
}

/** Read a server's copy of a room; undefined when it has never heard of it. */
export function roomCopy(server: SimServer, roomId: string): RoomCopy | undefined {
  const quoted = `'${roomId.replaceAll("'", "''")}'`
  const room = server.rows(`SELECT room FROM rooms WHERE room_id = ${quoted}`)[0]?.['room']
  if (room === undefined) return undefined
  const rows = server.rows(`SELECT e.event_id, e.standing, e.pos, e.redacted_by, b.json FROM events e
    JOIN event_bodies b ON b.room = e.room AND b.event = e.event WHERE e.room = ${String(room)}`)
  const members = server.rows(`SELECT user_id, membership, is_local FROM memberships WHERE room = ${String(room)}`)
  const counts = server.rows(`SELECT server, joined FROM room_servers WHERE room = ${String(room)} AND joined > 0`)
  return {
    server,
    roomId,
    events: new Map(rows.map((row) => [String(row['event_id']), eventCopy(row)])),
    memberships: new Map(members.map((row) => [String(row['user_id']), String(row['membership'])])),
    servers: new Map(counts.map((row) => [String(row['server']), Number(row['joined'])])),
    localJoined: members.flatMap((row) => (row['is_local'] === 1 && row['membership'] === 'join' ? [String(row['user_id'])] : [])),
  }
}

const decoder = new TextDecoder()

function eventCopy(row: Readonly<Record<string, unknown>>): EventCopy {
  const { json } = row
  const event: unknown = JSON.parse(json instanceof Uint8Array ? decoder.decode(json) : String(json))
  const stateKey = objectAt(event)['state_key']
  return {
    eventId: String(row['event_id']),
    standing: standings[Number(row['standing'])] ?? 'undecided',
    type: stringAt(event, 'type'),
    sender: stringAt(event, 'sender'),
    stateKey: typeof stateKey === 'string' ? stateKey : undefined,
    content: objectAt(event, 'content'),
    // Versions 1 and 2 name each with its hash.
    prevEvents: arrayAt(event, 'prev_events').map((prev) => String(Array.isArray(prev) ? prev[0] : prev)),
    placed: row['pos'] !== null,
    redacted: row['redacted_by'] !== null,
  }
}
