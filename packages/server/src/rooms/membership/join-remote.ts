import {
  AUTH_EVENTS_MAX,
  membershipOfEvent,
  parseEventId,
  roomRules,
  supportedRoomVersions,
  type JsonObject,
  type JsonValue,
  type Pdu,
  type RoomId,
  type ServerName,
  type UserId,
} from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { limits } from '../../limits.ts'
import type { Logger } from '../../platform/logger.ts'
import { loadEvents, loadNumbers } from '../engine/load-room.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import type { Inbox } from '../inbound/inbox.ts'
import type { RoomPeers } from '../inbound/room-peers.ts'
import { adoptRoom } from './adopt-room.ts'
import type { MembershipPeers, Template } from './membership-peers.ts'
import { buildOwnEvent } from './own-event.ts'
import { ensureRoom } from './room-stub.ts'

export interface JoinPorts {
  readonly engine: RoomEngine
  readonly peers: RoomPeers
  readonly membershipPeers: MembershipPeers
  readonly inbox: Inbox
  readonly log: Logger
  readonly newRoomNumber: () => Promise<number>
  /** Are members left out of the answer to a join, and fetched afterwards (MSC3706)? */
  readonly omitMembers: boolean
  /** A room stands with a part of its state: begin to fetch the rest. */
  readonly fetchRest: (roomId: RoomId) => void
}

/** One of our users wants into a room that this server is not in. */
export interface RemoteJoin {
  readonly roomId: RoomId
  readonly userId: UserId
  /** Servers that may be in the room, best first. */
  readonly servers: readonly ServerName[]
  /** Profile, reason, and what else the member event holds beside `membership`. */
  readonly content: JsonObject
}

/**
 * Join through another server (Server-Server API, "Joining Rooms"). The servers are tried in turn. Either the join and the
 * state that came with it are stored or the room is not there. Throws the last server's refusal, in a form that our client may read.
 */
export async function joinRemote(ports: JoinPorts, join: RemoteJoin): Promise<void> {
  let failure: unknown = new MatrixError('M_NOT_FOUND', 'No known server is in this room')
  for (const server of join.servers.slice(0, limits.joinServersMax)) {
    if (server === ports.engine.ports.serverName) continue
    try {
      await joinThrough(ports, join, server)
      return
    } catch (error) {
      if (!(error instanceof MatrixError)) throw error
      ports.log.info({ server, room: join.roomId, code: error.code, why: error.message }, 'a server did not let us join')
      failure = error
    }
  }
  throw failure
}

/**
 * The template of a join. A server that has not heard yet that our user left would have them join as somebody who is there: their leaving
 * would win in the end, and they would be out. Asking wakes what waits for that server, so it is asked again a moment later.
 */
async function templateOf(ports: JoinPorts, join: RemoteJoin, server: ServerName): Promise<Template> {
  for (let turn = 1; ; turn += 1) {
    const template = await ports.membershipPeers.make(server, 'join', join.roomId, join.userId, supportedRoomVersions)
    if (turn >= limits.staleTemplatesMax || !(await isBeforeLeave(ports, join, template))) return template
    await ports.engine.ports.clock.sleep(limits.staleTemplateMs)
  }
}

/** Does a template rest on a join of our user that they have left after? */
async function isBeforeLeave({ engine }: JoinPorts, { roomId, userId }: RemoteJoin, { event }: Template): Promise<boolean> {
  const view = await engine.view(roomId)
  const { auth_events: authEvents } = event
  if (view === undefined || !view.hasState || !Array.isArray(authEvents) || view.localJoined.has(userId)) return false
  const named = authEvents
    .slice(0, AUTH_EVENTS_MAX)
    .flatMap((entry: JsonValue) => parseEventId(String(Array.isArray(entry) ? entry[0] : entry)) ?? [])
  const known = await loadEvents(engine.ports.db, view, [...(await loadNumbers(engine.ports.db, view, named)).values()])
  return known.some(({ pdu }) => pdu.type === 'm.room.member' && pdu.stateKey === userId && membershipOfEvent(pdu) === 'join')
}

async function joinThrough(ports: JoinPorts, join: RemoteJoin, server: ServerName): Promise<void> {
  const template = await templateOf(ports, join, server)
  const rules = roomRules(template.roomVersion ?? '1')
  if (rules === undefined) {
    throw new MatrixError('M_UNSUPPORTED_ROOM_VERSION', `This server does not know room version ${template.roomVersion ?? ''}`)
  }
  const own: Pdu = buildOwnEvent(ports.engine.ports, template.event, {
    roomId: join.roomId,
    rules,
    userId: join.userId,
    content: { ...join.content, membership: 'join' },
  })
  // Events of the room may arrive before the answer is worked off: they need a room to wait in.
  await ensureRoom(ports.engine, ports.newRoomNumber, join.roomId, rules)
  const release = ports.inbox.hold(join.roomId)
  try {
    const joined = await ports.membershipPeers.sendJoin(server, join.roomId, own.eventId, own.object, { omitMembers: ports.omitMembers })
    await adoptRoom(ports, { roomId: join.roomId, rules, own, through: server, joined })
    if (joined.serversInRoom !== undefined) ports.fetchRest(join.roomId)
  } finally {
    release()
  }
}
