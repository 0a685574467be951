import { parseUserId, serverOf, type RoomId, type ServerName, type UserId } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { membershipIn } from '../../storage/tables/memberships.ts'
import { findRoom } from '../../storage/tables/rooms.ts'
import { takesPart } from '../commands/change-membership.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import type { RemoteSpace } from '../peers/read-hierarchy.ts'
import type { Asking, RemoteHierarchy } from '../peers/remote-hierarchy.ts'
import { describeRoom, type RoomDescription } from '../room-summary.ts'
import { hierarchyRoomsMax, hierarchySlice } from './limits.ts'
import { childrenOf, type SpaceChild, type StrippedChild } from './space-children.ts'
import { userMayKnow } from './who-may-know.ts'

/** A room of a hierarchy, with its links if it is a space. */
export interface HierarchyRoom extends RoomDescription {
  readonly children_state: readonly StrippedChild[]
}

/** Which part of a hierarchy is asked for. */
export interface HierarchyWish {
  readonly suggestedOnly: boolean
  /** Levels below the root that are followed. */
  readonly maxDepth: number
  /** Rooms that earlier pages gave. */
  readonly skip: number
  readonly limit: number
}

/** A page of a hierarchy; `further` if there are rooms after it. */
export interface HierarchyPage {
  readonly rooms: readonly HierarchyRoom[]
  readonly further: boolean
}

interface Ports {
  readonly engine: RoomEngine
  readonly remote: RemoteHierarchy
}

/** A room that the walk has come to. */
interface Step {
  readonly roomId: RoomId
  readonly via: readonly ServerName[]
  readonly depth: number
  /** The remote space that links to it. */
  readonly from: RemoteSpace | undefined
}

interface Found {
  readonly room: RoomDescription
  readonly children: readonly SpaceChild[]
  readonly remote: RemoteSpace | undefined
}

/** The rooms below a space that a user may know. Client-Server API, "Discovering rooms within spaces". */
export class Hierarchy {
  readonly #ports: Ports

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /**
   * A page of the walk, depth first. Each page walks from the root again, past what earlier ones gave, so that any process
   * can make any page; each room comes once, so loops end. Throws M_FORBIDDEN for a root that the user may not know, and
   * for one that is not there.
   */
  async page(root: RoomId, userId: UserId, wish: HierarchyWish): Promise<HierarchyPage> {
    return this.#ports.remote.asking(wish.skip > 0, (asking) => this.#walk(root, userId, wish, asking))
  }

  /** What a room is that we are not in, if one of `via` tells and the user may know it. */
  async describeRemote(roomId: RoomId, via: readonly ServerName[], userId: UserId): Promise<RoomDescription | undefined> {
    const { engine, remote } = this.#ports
    const servers = [...via, ...(await this.#likelyServers(roomId, userId))]
    const space = await remote.asking(false, (asking) => remote.find(roomId, servers, false, asking))
    return space !== undefined && (await userMayKnow(engine, space.room, userId)) ? space.room : undefined
  }

  async #walk(root: RoomId, userId: UserId, wish: HierarchyWish, asking: Asking): Promise<HierarchyPage> {
    const rooms: HierarchyRoom[] = []
    const seen = new Set<RoomId>()
    const stack: Step[] = [{ roomId: root, via: await this.#likelyServers(root, userId), depth: 0, from: undefined }]
    let passed = 0
    for (let step = stack.pop(); step !== undefined && seen.size < hierarchyRoomsMax; step = stack.pop()) {
      if (seen.has(step.roomId)) continue
      seen.add(step.roomId)
      if (seen.size % hierarchySlice === 0) await this.#ports.engine.ports.clock.sleep(0)
      const found = await this.#find(step, userId, wish.suggestedOnly, asking)
      if (found === undefined) {
        if (step.depth === 0) throw new MatrixError('M_FORBIDDEN', 'You may not view this room, or it does not exist')
        continue
      }
      if (rooms.length >= wish.limit) return { rooms, further: true }
      const { room, remote } = found
      const children = wish.suggestedOnly ? found.children.filter((child) => child.suggested) : found.children
      passed += 1
      if (passed > wish.skip) rooms.push({ ...room, children_state: children.map((child) => child.stripped) })
      if (step.depth >= wish.maxDepth) continue
      for (const child of children.toReversed()) {
        if (!seen.has(child.roomId)) stack.push({ roomId: child.roomId, via: child.via, depth: step.depth + 1, from: remote })
      }
    }
    return { rooms, further: false }
  }

  /** A room, if the user may know it. What we know ourselves stands before what others say. */
  async #find(step: Step, userId: UserId, suggestedOnly: boolean, asking: Asking): Promise<Found | undefined> {
    const { engine } = this.#ports
    const view = await engine.view(step.roomId)
    if (view !== undefined && takesPart(engine, view)) {
      const room = await describeRoom(engine.ports.db, view)
      if (!(await userMayKnow(engine, room, userId))) return undefined
      const children = room.room_type === 'm.space' ? await childrenOf(engine.ports.db, view) : []
      return { room, children, remote: undefined }
    }
    const remote = await this.#askFor(step, suggestedOnly, asking)
    if (remote === undefined || !(await userMayKnow(engine, remote.room, userId))) return undefined
    return { room: remote.room, children: remote.children, remote }
  }

  /** What others say of a room: of one that is no space, whoever told of its parent has said all there is to say. */
  async #askFor(step: Step, suggestedOnly: boolean, asking: Asking): Promise<RemoteSpace | undefined> {
    if (step.from?.inaccessible.has(step.roomId) === true) return undefined
    const described = step.from?.descriptions.get(step.roomId)
    if (described !== undefined && described.room_type !== 'm.space') {
      return { room: described, children: [], descriptions: new Map(), inaccessible: new Set() }
    }
    return this.#ports.remote.find(step.roomId, step.via, suggestedOnly, asking)
  }

  /** Servers that may be in a room when nobody names any: whose id it bears (before version 12), and who invited. */
  async #likelyServers(roomId: RoomId, userId: UserId): Promise<ServerName[]> {
    const { db } = this.#ports.engine.ports
    const row = await findRoom(db, roomId)
    const membership = row === undefined ? undefined : await membershipIn(db, row.room, userId)
    const inviter = membership?.membership === 'invite' ? parseUserId(membership.sender) : undefined
    return [serverOf(roomId), inviter === undefined ? undefined : serverOf(inviter)].filter((server) => server !== undefined)
  }
}
