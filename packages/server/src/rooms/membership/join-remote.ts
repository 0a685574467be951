import {
  authorize,
  isJsonObject,
  parsePdu,
  roomRules,
  supportedRoomVersions,
  type EventId,
  type JsonObject,
  type Pdu,
  type RoomId,
  type RoomRules,
  type ServerName,
  type UserId,
} from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { limits } from '../../limits.ts'
import type { Logger } from '../../platform/logger.ts'
import { loadEvents } from '../engine/load-room.ts'
import { placeEvent, writeNode } from '../engine/place-event.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import { RoomUnit } from '../engine/room-unit.ts'
import type { RoomView, StateNode } from '../engine/room-view.ts'
import { StateVector } from '../engine/state-vector.ts'
import { standing } from '../engine/stored-event.ts'
import { LoadedState } from '../engine/view-state.ts'
import { checkReceived } from '../inbound/check-received.ts'
import type { Inbox } from '../inbound/inbox.ts'
import type { RoomPeers } from '../inbound/room-peers.ts'
import { storeOutliers } from '../inbound/store-outliers.ts'
import type { JoinedRoom, MembershipPeers } from './membership-peers.ts'
import { buildOwnEvent } from './own-event.ts'
import { ensureRoom } from './room-stub.ts'

export interface JoinPorts {
  readonly engine: RoomEngine
  readonly peers: RoomPeers
  readonly membershipPeers: MembershipPeers
  readonly inbox: Inbox
  readonly log: Logger
  readonly newRoomNumber: () => Promise<number>
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
 * Join through another server (Server-Server API, "Joining Rooms"). The servers are tried in turn. Either the room and
 * the join are stored whole or nothing is. Throws the last server's refusal, in a form that our client may read.
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

async function joinThrough(ports: JoinPorts, join: RemoteJoin, server: ServerName): Promise<void> {
  const template = await ports.membershipPeers.make(server, 'join', join.roomId, join.userId, supportedRoomVersions)
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
    const joined = await ports.membershipPeers.sendJoin(server, join.roomId, own.eventId, own.object)
    await adopt(ports, join, rules, own, joined)
  } finally {
    release()
  }
}

/** Check all that send_join gave, and take the room over in one unit. */
async function adopt(ports: JoinPorts, join: RemoteJoin, rules: RoomRules, own: Pdu, joined: JoinedRoom): Promise<void> {
  if (joined.state.length + joined.authChain.length > limits.stateEventsMax) throw badAnswer('it gave too many events')
  const received = await checkReceived(ports.peers, [...joined.state, ...joined.authChain], join.roomId, rules, { historical: true })
  const pdus = new Map<EventId, Pdu>()
  const stateIds = new Set<EventId>()
  for (const [index, event] of received.entries()) {
    if (!event.ok) continue
    pdus.set(event.pdu.eventId, event.pdu)
    if (index < joined.state.length) stateIds.add(event.pdu.eventId)
  }
  const create = [...pdus.values()].find((pdu) => pdu.type === 'm.room.create' && pdu.stateKey === '')
  if (create === undefined) throw badAnswer('the create event is missing')
  if ((create.content['room_version'] ?? '1') !== rules.version) throw badAnswer('the room is of another version than it said')
  const event = countersigned(own, joined.event, rules)

  const taken = await ports.engine.run(join.roomId, async (view) => {
    const unit = new RoomUnit(ports.engine.ports, view)
    await storeOutliers(ports.engine.ports, view, unit, [...pdus.values()])
    const before = await stateOf(ports, view, unit, [...stateIds])
    const state = new LoadedState(
      (
        await loadEvents(
          ports.engine.ports.db,
          view,
          [...before.state.entries()].map(([, number]) => number),
        )
      ).map((entry) => entry.pdu),
    )
    const verdict = authorize(event, state, rules)
    if (!verdict.allowed) throw new MatrixError('M_FORBIDDEN', verdict.why)
    // What we knew of the room from an earlier stay does not count: the resident's state does.
    view.tips = []
    const place = { pdu: event, standing: standing.accepted, stateBefore: before }
    await placeEvent(ports.engine.ports, view, unit, place)
    const committed = unit.commit()
    ports.engine.holdUntil(view, committed)
    return { committed }
  })
  await taken.committed
}

/** Our event with the resident's signature, if it gave that very event back. */
function countersigned(own: Pdu, given: JsonObject | undefined, rules: RoomRules): Pdu {
  if (given === undefined) return own
  const parsed = parsePdu(given, rules)
  const same = parsed.ok && parsed.pdu.eventId === own.eventId && isJsonObject(parsed.pdu.object['signatures'])
  return same ? parsed.pdu : own
}

async function stateOf(ports: JoinPorts, view: RoomView, unit: RoomUnit, ids: readonly EventId[]): Promise<StateNode> {
  let state = StateVector.empty
  for (const id of ids) {
    const number = view.numberOf(id)
    const event = number === undefined ? undefined : (await loadEvents(ports.engine.ports.db, view, [number]))[0]
    if (event === undefined || !event.isState || event.standing === standing.rejected) continue
    state = state.with(event.key, event.event)
  }
  const none: StateNode = { node: 0, links: 0, state: StateVector.empty }
  return writeNode(unit, { node: view.nextNumber(), links: limits.stateLinksMax + 1, state }, none)
}

function badAnswer(why: string): MatrixError {
  return new MatrixError('M_UNKNOWN', `The other server's answer cannot be used: ${why}`, { status: 502 })
}
