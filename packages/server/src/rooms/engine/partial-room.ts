import { parseServerName, type ServerName } from '@causeway/events'
import { assert } from '../../assert.ts'
import type { Database } from '../../storage/database.ts'
import { completionOf, partialJoins, type PartialJoinRow } from '../../storage/tables/partial-joins.ts'
import type { EventNumber } from './state-vector.ts'

/** One of our joins whose state is not here as a whole (MSC3706). */
export interface PartialJoin {
  readonly event: EventNumber
  /** The server that let us in. */
  readonly through: ServerName
  /** The servers in the room, by its word. */
  readonly servers: readonly ServerName[]
  /** Of our streams at the join. */
  readonly positions: ReadonlyMap<number, number>
}

/** What a room knows of the part of its state that is missing: members whom the server that let us in left out. */
export class PartialRoom {
  readonly joins: readonly PartialJoin[]
  /** The servers that are in the room by the word of others: who of them is in it is not known, so none of them leaves. */
  readonly listed: ReadonlySet<ServerName>

  constructor(joins: readonly PartialJoin[]) {
    this.joins = joins
    this.listed = new Set(joins.flatMap((join) => [...join.servers]))
  }

  /** The same with one more join. */
  with(join: PartialJoin): PartialRoom {
    return new PartialRoom([...this.joins, join])
  }
}

/** When a room's state became complete. */
export interface RoomCompletion {
  readonly slot: number
  readonly position: number
  /** Did more change than that members became known? */
  readonly corrected: boolean
}

/** What a room's row says of its state, in full. `statePartial`: as the row has it. */
export async function loadPartialRoom(
  db: Database,
  room: number,
  statePartial: number,
): Promise<{ readonly partial?: PartialRoom; readonly unverified?: PartialRoom; readonly completion: RoomCompletion | undefined }> {
  if (statePartial === 0) return { completion: undefined }
  const row = await completionOf(db, room)
  const completion = row === undefined ? undefined : { slot: row.slot, position: row.position, corrected: row.corrected === 1 }
  if (statePartial === 2) return { completion }
  const joins = (await partialJoins(db, room)).map(joinOf)
  if (statePartial === 1) return { partial: new PartialRoom(joins), completion }
  // Who is in the room is known by now, but for those who cannot be verified.
  return { unverified: new PartialRoom(joins.map((join) => ({ ...join, servers: [] }))), completion }
}

function joinOf(row: PartialJoinRow): PartialJoin {
  const through = parseServerName(row.through)
  assert(through !== undefined, 'a stored server name is valid')
  const servers: unknown = JSON.parse(row.servers)
  const positions: unknown = JSON.parse(row.positions)
  return {
    event: row.event,
    through,
    servers: Array.isArray(servers) ? servers.flatMap((name) => (typeof name === 'string' ? (parseServerName(name) ?? []) : [])) : [],
    positions: new Map(Array.isArray(positions) ? positions : []),
  }
}
