import { arrayAt, objectAt, stringAt } from '../client/json.ts'
import type { SimServer } from '../scenario/sim-server.ts'

/** How a server judged an event (events.standing). */
export const standings = ['accepted', 'soft-failed', 'rejected', 'outlier', 'undecided'] as const
export type StandingName = (typeof standings)[number]

export interface EventCopy {
  /** Its number in the room on this server. */
  readonly number: number
  readonly eventId: string
  readonly standing: StandingName
  readonly type: string
  readonly stateKey: string | undefined
  readonly sender: string
  readonly content: Readonly<Record<string, unknown>>
  readonly prevEvents: readonly string[]
  readonly authEvents: readonly string[]
  /** Its place in the timeline, above 0, or in history, below; absent when it has none. */
  readonly pos: number | undefined
  readonly redacted: boolean
}

/** At a place in the timeline another event came to hold a key of the state. Absent: none. */
export interface StateMove {
  readonly pos: number
  readonly key: string
  readonly old: EventCopy | undefined
  readonly now: EventCopy | undefined
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
  /** `type|state key` to event id, as the timeline has moved it. Only for rooms that were made or joined here. */
  readonly currentState: ReadonlyMap<string, string>
  /** How the current state moved, oldest first. */
  readonly moves: readonly StateMove[]
}

/** Read a server's copy of a room; undefined when it has never heard of it. */
export function roomCopy(server: SimServer, roomId: string): RoomCopy | undefined {
  const quoted = `'${roomId.replaceAll("'", "''")}'`
  const room = server.rows(`SELECT room FROM rooms WHERE room_id = ${quoted}`)[0]?.['room']
  if (room === undefined) return undefined
  const rows = server.rows(`SELECT e.event, e.event_id, e.standing, e.pos, e.redacted_by, b.json FROM events e
    JOIN event_bodies b ON b.room = e.room AND b.event = e.event WHERE e.room = ${String(room)}`)
  const members = server.rows(`SELECT user_id, membership, is_local FROM memberships WHERE room = ${String(room)}`)
  const counts = server.rows(`SELECT server, joined FROM room_servers WHERE room = ${String(room)} AND joined > 0`)
  const events = new Map(rows.map((row) => [String(row['event_id']), eventCopy(row)]))
  const moves = movesOf(server, String(room), events)
  return {
    server,
    roomId,
    events,
    moves,
    currentState: new Map(moves.flatMap(({ key, now }) => (now === undefined ? [] : [[key, now.eventId] as const]))),
    memberships: new Map(members.map((row) => [String(row['user_id']), String(row['membership'])])),
    servers: new Map(counts.map((row) => [String(row['server']), Number(row['joined'])])),
    localJoined: members.flatMap((row) => (row['is_local'] === 1 && row['membership'] === 'join' ? [String(row['user_id'])] : [])),
  }
}

function movesOf(server: SimServer, room: string, events: ReadonlyMap<string, EventCopy>): StateMove[] {
  const byNumber = new Map([...events.values()].map((event) => [event.number, event]))
  return server.rows(`SELECT pos, old, new FROM state_changes WHERE room = ${room} ORDER BY pos`).flatMap((row) => {
    const [old, now] = [byNumber.get(Number(row['old'])), byNumber.get(Number(row['new']))]
    const named = now ?? old
    return named === undefined ? [] : [{ pos: Number(row['pos']), key: `${named.type}|${named.stateKey}`, old, now }]
  })
}

/** Versions 1 and 2 name each event with its hash. */
function idOf(reference: unknown): string {
  return String(Array.isArray(reference) ? reference[0] : reference)
}

const decoder = new TextDecoder()

function eventCopy(row: Readonly<Record<string, unknown>>): EventCopy {
  const { json } = row
  const event: unknown = JSON.parse(json instanceof Uint8Array ? decoder.decode(json) : String(json))
  const stateKey = objectAt(event)['state_key']
  return {
    number: Number(row['event']),
    eventId: String(row['event_id']),
    standing: standings[Number(row['standing'])] ?? 'undecided',
    type: stringAt(event, 'type'),
    sender: stringAt(event, 'sender'),
    stateKey: typeof stateKey === 'string' ? stateKey : undefined,
    content: objectAt(event, 'content'),
    prevEvents: arrayAt(event, 'prev_events').map(idOf),
    authEvents: arrayAt(event, 'auth_events').map(idOf),
    pos: row['pos'] === null ? undefined : Number(row['pos']),
    redacted: row['redacted_by'] !== null,
  }
}
