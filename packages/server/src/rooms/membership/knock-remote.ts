import { roomRules, supportedRoomVersions, type JsonObject, type Pdu, type RoomId, type ServerName, type UserId } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { limits } from '../../limits.ts'
import type { Logger } from '../../platform/logger.ts'
import { upsertMembership } from '../../storage/tables/memberships.ts'
import { loadNode } from '../engine/load-room.ts'
import { placeEvent } from '../engine/place-event.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import { RoomUnit } from '../engine/room-unit.ts'
import { standing } from '../engine/stored-event.ts'
import type { RoomPeers } from '../inbound/room-peers.ts'
import type { MembershipPeers } from './membership-peers.ts'
import { buildOwnEvent } from './own-event.ts'
import { ensureRoom } from './room-stub.ts'
import { receivedStripped } from './received-stripped.ts'
import type { Stripped } from './stripped-state.ts'

interface Ports {
  readonly engine: RoomEngine
  readonly peers: RoomPeers
  readonly membershipPeers: MembershipPeers
  readonly log: Logger
  readonly newRoomNumber: () => Promise<number>
}

/** One of our users knocks on a room that this server is not in. */
export interface RemoteKnock {
  readonly roomId: RoomId
  readonly userId: UserId
  /** Servers that may be in the room, best first. */
  readonly servers: readonly ServerName[]
  /** Profile, reason, and what else the member event holds beside `membership`. */
  readonly content: JsonObject
}

/**
 * Knock through another server (Server-Server API, "Knocking upon a room"). The servers are tried in turn. What comes of it
 * arrives as an invite, or as the end of the knock. Throws the last server's refusal, in a form that our client may read.
 */
export async function knockRemote(ports: Ports, knock: RemoteKnock): Promise<void> {
  let failure: unknown = new MatrixError('M_NOT_FOUND', 'No known server is in this room')
  for (const server of knock.servers.slice(0, limits.joinServersMax)) {
    if (server === ports.engine.ports.serverName) continue
    try {
      await knockThrough(ports, knock, server)
      return
    } catch (error) {
      if (!(error instanceof MatrixError)) throw error
      ports.log.info({ server, room: knock.roomId, code: error.code, why: error.message }, 'a server did not let us knock')
      failure = error
    }
  }
  throw failure
}

async function knockThrough(ports: Ports, knock: RemoteKnock, server: ServerName): Promise<void> {
  const { roomId, userId } = knock
  const template = await ports.membershipPeers.make(server, 'knock', roomId, userId, supportedRoomVersions)
  const rules = roomRules(template.roomVersion ?? '1')
  if (rules === undefined || !rules.knocking) {
    throw new MatrixError('M_UNSUPPORTED_ROOM_VERSION', `This server cannot knock on rooms of version ${template.roomVersion ?? ''}`)
  }
  const own = buildOwnEvent(ports.engine.ports, template.event, {
    roomId,
    rules,
    userId,
    content: { ...knock.content, membership: 'knock' },
  })
  await ensureRoom(ports.engine, ports.newRoomNumber, roomId, rules)
  const given = await ports.membershipPeers.sendKnock(server, roomId, own.eventId, own.object)
  // The knock is sent: state that cannot be shown does not undo it.
  const { shown } = await receivedStripped(ports.peers, given, roomId, rules)
  await keep(ports, knock, own, shown)
}

/** The knock becomes known to its user's clients. */
async function keep(ports: Ports, { roomId, userId }: RemoteKnock, own: Pdu, stripped: readonly Stripped[]): Promise<void> {
  const { engine } = ports
  const { db } = engine.ports
  const state = JSON.stringify([...stripped, { type: own.type, state_key: userId, sender: userId, content: own.content }])
  const kept = await engine.run(roomId, async (view) => {
    const unit = new RoomUnit(engine.ports, view)
    const none = await loadNode(db, view, 0)
    const event = await placeEvent(engine.ports, view, unit, { pdu: own, standing: standing.outlier, stateBefore: none })
    unit.addMemberships([{ userId, membership: 'knock' }])
    unit.takePosition()
    unit.whenPlaced((position) =>
      unit.draft.add(upsertMembership, view.room, userId, 'knock', event.event, 0, db.slot, position, 1, 0, userId, state),
    )
    const committed = unit.commit()
    engine.holdUntil(view, committed)
    return { committed }
  })
  await kept.committed
}
