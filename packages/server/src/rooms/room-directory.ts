import {
  parseRoomId,
  parseServerName,
  powerLevels,
  serverOf,
  type JsonObject,
  type RoomAlias,
  type RoomId,
  type ServerName,
  type UserId,
} from '@causeway/events'
import { MatrixError } from '../errors.ts'
import { aliasesOf, claimAlias, deleteAlias, findAlias } from '../storage/tables/aliases.ts'
import { publishedRooms, setPublished } from '../storage/tables/rooms.ts'
import type { RoomEngine } from './engine/room-engine.ts'
import type { RoomView } from './engine/room-view.ts'
import { stateFor } from './engine/view-state.ts'
import { publicSummary, type PublicRoom } from './room-summary.ts'

/** Where an alias leads. */
export interface AliasTarget {
  readonly roomId: RoomId
  readonly servers: readonly ServerName[]
}

/** Which part of the directory is asked for. */
export interface DirectoryQuery {
  readonly limit: number
  readonly offset: number
  /** Looked for in name, topic and canonical alias. */
  readonly term: string | undefined
  /** The room types wanted; null is an ordinary room. */
  readonly roomTypes?: readonly (string | null)[] | undefined
}

interface Ports {
  readonly engine: RoomEngine
  /** Ask another server for one of its aliases. Absent if it has none, or cannot be reached. */
  readonly remoteAlias: (server: ServerName, alias: RoomAlias) => Promise<AliasTarget | undefined>
}

/** Aliases and the public directory of this server. */
export class RoomDirectory {
  readonly #ports: Ports

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** Where a local alias leads, if it is one. */
  async findLocal(alias: RoomAlias): Promise<AliasTarget | undefined> {
    const row = await findAlias(this.#ports.engine.ports.db, alias)
    const roomId = row === undefined ? undefined : parseRoomId(row.room_id)
    if (roomId === undefined) return undefined
    const view = await this.#ports.engine.view(roomId)
    const servers = new Set([this.#ports.engine.ports.serverName, ...serversOf(view)])
    return { roomId, servers: [...servers] }
  }

  /** Where an alias leads, asking its server when it is not ours. Throws M_NOT_FOUND. */
  async resolve(alias: RoomAlias): Promise<AliasTarget> {
    const server = serverOf(alias)
    const target =
      server === this.#ports.engine.ports.serverName ? await this.findLocal(alias) : await this.#ports.remoteAlias(server, alias)
    if (target === undefined) throw new MatrixError('M_NOT_FOUND', 'There is no such alias')
    return target
  }

  /** Give a room of ours an alias. Throws M_UNKNOWN with 409 when it is taken, M_FORBIDDEN, M_INVALID_PARAM. */
  async add(alias: RoomAlias, roomId: RoomId, userId: UserId): Promise<void> {
    const { db, serverName, clock } = this.#ports.engine.ports
    if (serverOf(alias) !== serverName) throw new MatrixError('M_INVALID_PARAM', 'The alias is not of this server')
    const view = await this.#ports.engine.view(roomId)
    if (view === undefined || !view.localJoined.has(userId)) throw new MatrixError('M_FORBIDDEN', 'You are not in this room')
    const outcome = await db.commit({ steps: [{ query: claimAlias(alias, roomId, userId, clock.now()), expect: 1 }] })
    if (!outcome.committed) throw new MatrixError('M_UNKNOWN', 'The alias is in use', { status: 409 })
  }

  /**
   * Take an alias away: its maker may, and whoever may change the room's canonical alias. Gives what m.room.canonical_alias
   * should say from now on, where it names the alias and the user may change it.
   */
  async remove(
    alias: RoomAlias,
    userId: UserId,
    admin: boolean,
  ): Promise<{ readonly roomId: RoomId; readonly canonical: JsonObject } | undefined> {
    const { db } = this.#ports.engine.ports
    const row = await findAlias(db, alias)
    const roomId = row === undefined ? undefined : parseRoomId(row.room_id)
    if (row === undefined || roomId === undefined) throw new MatrixError('M_NOT_FOUND', 'There is no such alias')
    const view = await this.#ports.engine.view(roomId)
    const mayChange = view !== undefined && (await this.#maySetCanonical(view, userId))
    if (row.creator !== userId && !admin && !mayChange) throw new MatrixError('M_FORBIDDEN', 'You may not take this alias away')
    const outcome = await db.commit({ steps: [{ query: deleteAlias(alias), expect: 1 }] })
    if (!outcome.committed) throw new MatrixError('M_NOT_FOUND', 'There is no such alias')
    const canonical = mayChange ? await this.#canonicalWithout(view, alias) : undefined
    return canonical === undefined ? undefined : { roomId, canonical }
  }

  async #canonicalWithout(view: RoomView, alias: RoomAlias): Promise<JsonObject | undefined> {
    const state = await stateFor(this.#ports.engine.ports.db, view, view.current, [['m.room.canonical_alias', '']])
    const content = state.get('m.room.canonical_alias', '')?.content ?? {}
    const others = Array.isArray(content['alt_aliases']) ? content['alt_aliases'] : []
    if (content['alias'] !== alias && !others.includes(alias)) return undefined
    const kept = Object.entries(content).filter(([key, value]) => key !== 'alt_aliases' && !(key === 'alias' && value === alias))
    const left = others.filter((other) => other !== alias)
    return Object.fromEntries(left.length === 0 ? kept : [...kept, ['alt_aliases', left]])
  }

  async #maySetCanonical(view: RoomView, userId: UserId): Promise<boolean> {
    if (!view.localJoined.has(userId)) return false
    const state = await stateFor(this.#ports.engine.ports.db, view, view.current, [
      ['m.room.create', ''],
      ['m.room.power_levels', ''],
    ])
    const levels = powerLevels(state, view.rules)
    return levels.of(userId) >= levels.required('m.room.canonical_alias', true)
  }

  /** The local aliases of a room, for its members (and for anybody where its history is open to the world). */
  async aliasesOf(roomId: RoomId, userId: UserId): Promise<string[]> {
    const view = await this.#ports.engine.view(roomId)
    const open =
      view !== undefined && (view.localJoined.has(userId) || (await publicSummary(this.#ports.engine.ports.db, view)).world_readable)
    if (!open) throw new MatrixError('M_FORBIDDEN', 'You are not in this room')
    return (await aliasesOf(this.#ports.engine.ports.db, roomId)).map((row) => row.alias)
  }

  /** Is the room in the public directory? Throws M_NOT_FOUND. */
  async isPublished(roomId: RoomId): Promise<boolean> {
    const { db } = this.#ports.engine.ports
    const view = await this.#ports.engine.view(roomId)
    if (view === undefined) throw new MatrixError('M_NOT_FOUND', 'Unknown room')
    return (await publishedRooms(db, 10_000)).some((row) => row.room === view.room)
  }

  /** Put a room into the public directory, or take it out: for those who may change its canonical alias, and administrators. */
  async publish(roomId: RoomId, userId: UserId, admin: boolean, published: boolean): Promise<void> {
    const view = await this.#ports.engine.view(roomId)
    if (view === undefined) throw new MatrixError('M_NOT_FOUND', 'Unknown room')
    if (!admin && !(await this.#maySetCanonical(view, userId))) {
      throw new MatrixError('M_FORBIDDEN', 'You may not change where this room is listed')
    }
    await this.#ports.engine.ports.db.commit({ steps: [{ query: setPublished(view.room, published), expect: 1 }] })
  }

  /** The public rooms, largest first; `term` is looked for in name, topic and canonical alias. */
  async list(options: DirectoryQuery): Promise<{ readonly rooms: PublicRoom[]; readonly total: number }> {
    const rows = await publishedRooms(this.#ports.engine.ports.db, 10_000)
    const types = options.roomTypes
    if ((options.term === undefined || options.term === '') && types === undefined) {
      const rooms = await this.#summaries(rows.slice(options.offset, options.offset + options.limit))
      return { rooms, total: rows.length }
    }
    const term = options.term?.toLowerCase() ?? ''
    const found = (await this.#summaries(rows)).filter(
      (room) =>
        (term === '' || [room.name, room.topic, room.canonical_alias].some((text) => text?.toLowerCase().includes(term) === true)) &&
        (types === undefined || types.includes(room.room_type ?? null)),
    )
    return { rooms: found.slice(options.offset, options.offset + options.limit), total: found.length }
  }

  async #summaries(rows: readonly { readonly room_id: string }[]): Promise<PublicRoom[]> {
    const rooms: PublicRoom[] = []
    for (const row of rows) {
      const roomId = parseRoomId(row.room_id)
      const view = roomId === undefined ? undefined : await this.#ports.engine.view(roomId)
      if (view !== undefined && view.hasState) rooms.push(await publicSummary(this.#ports.engine.ports.db, view))
    }
    return rooms
  }
}

function serversOf(view: RoomView | undefined): ServerName[] {
  return [...(view?.servers.keys() ?? [])].flatMap((server) => parseServerName(server) ?? []).slice(0, 50)
}
