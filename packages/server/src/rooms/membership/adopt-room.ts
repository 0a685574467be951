import {
  authorize,
  isJsonObject,
  parsePdu,
  type EventId,
  type JsonObject,
  type Pdu,
  type RoomId,
  type RoomRules,
  type ServerName,
} from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { limits } from '../../limits.ts'
import { TimeSlice } from '../../platform/time-slice.ts'
import { markMembersStale } from '../../storage/tables/device-lists.ts'
import { insertPartialJoin, listRoomServer, writeStatePartial } from '../../storage/tables/partial-joins.ts'
import { takesPart } from '../commands/change-membership.ts'
import { loadEntries } from '../engine/load-entries.ts'
import { findEvent, loadNumbers } from '../engine/load-room.ts'
import { PartialRoom } from '../engine/partial-room.ts'
import { placeEvent, writeNode } from '../engine/place-event.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import { RoomUnit } from '../engine/room-unit.ts'
import type { RoomView, StateNode } from '../engine/room-view.ts'
import { StateVector } from '../engine/state-vector.ts'
import { inGraph, standing } from '../engine/stored-event.ts'
import { bridgeGap } from '../inbound/bridge-gap.ts'
import { checkReceived } from '../inbound/check-received.ts'
import { judge, keysFor, knownState } from '../inbound/judge.ts'
import type { RoomPeers } from '../inbound/room-peers.ts'
import { storeInSlices } from '../inbound/store-in-slices.ts'
import type { JoinedRoom } from './membership-peers.ts'

interface Ports {
  readonly engine: RoomEngine
  readonly peers: RoomPeers
}

/** Our join as a resident server took it, and the room as it gave it. */
export interface Adoption {
  readonly roomId: RoomId
  readonly rules: RoomRules
  readonly own: Pdu
  readonly through: ServerName
  readonly joined: JoinedRoom
}

/**
 * Check all that send_join gave, and take the room over in one unit; what the state rests on is kept before that. Where
 * members were left out the room stands from now on with a part of its state. Throws for an answer that cannot be used.
 */
export async function adoptRoom(ports: Ports, adoption: Adoption): Promise<void> {
  const { engine } = ports
  const { roomId, rules, own, joined } = adoption
  if (joined.state.length + joined.authChain.length > limits.stateEventsMax) throw badAnswer('it gave too many events')
  const slice = new TimeSlice(engine.ports.clock)
  const check = async (values: readonly JsonObject[]): Promise<Pdu[]> =>
    (await checkReceived(ports.peers, values, roomId, rules, { historical: true, slice })).flatMap((event) => (event.ok ? [event.pdu] : []))
  const state = await check(joined.state)
  const pdus = new Map([...state, ...(await check(joined.authChain))].map((pdu) => [pdu.eventId, pdu]))
  const create = [...pdus.values()].find((pdu) => pdu.type === 'm.room.create' && pdu.stateKey === '')
  if (create === undefined) throw badAnswer('the create event is missing')
  if ((create.content['room_version'] ?? '1') !== rules.version) throw badAnswer('the room is of another version than it said')
  const event = countersigned(own, joined.event, rules)
  await storeInSlices(engine, roomId, [...pdus.values()])

  const taken = await engine.run(roomId, async (view) => {
    const unit = new RoomUnit(engine.ports, view)
    if (takesPart(engine, view)) await joinBeside(engine, view, unit, event)
    else await takeOver(engine, view, unit, event, new Set(state.map((pdu) => pdu.eventId)), adoption)
    const committed = unit.commit()
    engine.holdUntil(view, committed)
    return { committed }
  })
  await taken.committed
}

/** The room begins, for us, with this join. */
async function takeOver(
  engine: RoomEngine,
  view: RoomView,
  unit: RoomUnit,
  event: Pdu,
  stateIds: ReadonlySet<EventId>,
  { through, joined }: Adoption,
): Promise<void> {
  const { ports } = engine
  const before = await stateOf(engine, view, unit, [...stateIds])
  const known = view.partial ?? view.unverified
  view.unverified = undefined
  const joins = known?.joins ?? []
  const positions = ports.db.positions()
  const servers = (joined.serversInRoom ?? []).filter((server) => server !== ports.serverName)
  if (joined.serversInRoom !== undefined) {
    view.partial = new PartialRoom([...joins, { event: 0, through, servers, positions }])
    for (const server of servers.filter((each) => known?.listed.has(each) !== true)) list(view, unit, server)
    unit.draft.add(writeStatePartial, view.room, 1)
  }
  const verdict = authorize(event, await knownState(ports, view, before, keysFor(event, view), event), view.rules)
  if (!verdict.allowed) throw new MatrixError('M_FORBIDDEN', verdict.why)
  // What we knew of the room from an earlier stay does not count: the resident's state does. Nor what we knew of its members' devices.
  if (view.livePos > 0) unit.addStep({ query: markMembersStale(view.room, ports.serverName) })
  view.tips = []
  const stored = await placeEvent(ports, view, unit, { pdu: event, standing: standing.accepted, stateBefore: before })
  if (joined.serversInRoom === undefined) return
  view.partial = new PartialRoom([...joins, { event: stored.event, through, servers, positions }])
  unit.draft.add(insertPartialJoin, view.room, stored.event, through, JSON.stringify(servers), JSON.stringify([...positions]))
}

/** A server is in the room by another's word: as if it had one more member than those that we know of. */
function list(view: RoomView, unit: RoomUnit, server: ServerName): void {
  const joined = view.servers.get(server) ?? 0
  view.servers.set(server, joined + 1)
  unit.draft.add(listRoomServer, view.room, server, joined, 1)
}

/** Another of our users came in through a resident, since we could not tell by a part of the state whether they may. */
async function joinBeside(engine: RoomEngine, view: RoomView, unit: RoomUnit, event: Pdu): Promise<void> {
  const { ports } = engine
  const existing = await findEvent(ports.db, view, event.eventId)
  if (existing !== undefined && inGraph(existing)) return
  let judgement = await judge(ports, view, unit, event)
  if ('missingPrev' in judgement) {
    judgement = await judge(ports, view, unit, event, { stateBefore: await bridgeGap(ports, view, unit, event) })
  }
  if (!('standing' in judgement)) throw badAnswer('events that the join rests on are missing')
  const { refusal, stateBefore } = judgement
  if (refusal?.allowed === false) throw new MatrixError('M_FORBIDDEN', refusal.why)
  const place = { pdu: event, standing: standing.accepted, stateBefore }
  await placeEvent(ports, view, unit, existing === undefined ? place : { ...place, existing })
}

/** Our event with the resident's signature, if it gave that very event back. */
function countersigned(own: Pdu, given: JsonObject | undefined, rules: RoomRules): Pdu {
  if (given === undefined) return own
  const parsed = parsePdu(given, rules)
  const same = parsed.ok && parsed.pdu.eventId === own.eventId && isJsonObject(parsed.pdu.object['signatures'])
  return same ? parsed.pdu : own
}

async function stateOf(engine: RoomEngine, view: RoomView, unit: RoomUnit, ids: readonly EventId[]): Promise<StateNode> {
  const { db } = engine.ports
  const numbers = [...(await loadNumbers(db, view, ids)).values()]
  const entries = await loadEntries(db, view, numbers, new TimeSlice(engine.ports.clock))
  const none: StateNode = { node: 0, links: 0, state: StateVector.empty }
  return writeNode(unit, { node: view.nextNumber(), links: limits.stateLinksMax + 1, state: StateVector.of(entries) }, none)
}

function badAnswer(why: string): MatrixError {
  return new MatrixError('M_UNKNOWN', `The other server's answer cannot be used: ${why}`, { status: 502 })
}
