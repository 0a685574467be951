import { serverOf, type EventId, type ServerName, type UserId } from '@causeway/events'
import { assert } from '../../assert.ts'
import { limits } from '../../limits.ts'
import { TimeSlice } from '../../platform/time-slice.ts'
import type { Announcement, Rows } from '../../storage/database.ts'
import { removePartialJoins, unlistServers, upsertCompletion, writeStatePartial } from '../../storage/tables/partial-joins.ts'
import { insertStateChange, removeStateChange, stateChanges, writeCheckpoint } from '../../storage/tables/rooms.ts'
import { loadEvents, loadRoom, packCheckpoint } from '../engine/load-room.ts'
import type { PartialRoom } from '../engine/partial-room.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import { RoomUnit } from '../engine/room-unit.ts'
import type { RoomView } from '../engine/room-view.ts'
import type { EventNumber, KeyNumber, StateVector } from '../engine/state-vector.ts'
import { before, type StateChange } from '../history/state-history.ts'
import { CompleteMembers } from './complete-members.ts'
import type { FullState } from './full-state.ts'
import { missingPrevs, provisionalOf, type MissingState } from './provisional.ts'
import { Replay } from './replay.ts'

export interface CompletionPorts {
  readonly engine: RoomEngine
  /** What tells the changes of our users' devices since some positions once more: servers that should have heard of them were not known. */
  readonly tellDevices: (
    userIds: readonly UserId[],
    since: ReadonlyMap<number, number>,
  ) => Promise<{ readonly rows: readonly Rows[]; readonly announcements: readonly Announcement[] }>
}

/** The states after events that are not here; 'unknown' where no server gives them. */
export type GivenStates = ReadonlyMap<EventId, FullState | 'unknown'>

/** Events whose state is missing. */
export type MissingStates = ReadonlyMap<EventId, MissingState>

/**
 * All of a room's state is here: what was judged by a part of it is judged again, and everything that follows from the
 * state (members, servers, how the state moved) is put right, in one unit. Gives the events whose state is still missing
 * instead, if there are any; then nothing is changed. Where some of the state `awaits` keys the room is
 * kept such that this can be done once more. `ahead`: by which member events memberships were written before, by their keys. Runs under the room's
 * queue, which it keeps until the unit is durable.
 */
export async function completeRoom(
  ports: CompletionPorts,
  held: RoomView,
  given: GivenStates,
  ahead: ReadonlyMap<KeyNumber, EventNumber>,
): Promise<{ missing: MissingStates }> {
  const { engine } = ports
  const { db, clock } = engine.ports
  const partial = held.partial ?? held.unverified
  if (partial === undefined) return { missing: new Map() }
  await engine.settled(held.roomId)
  const view = await loadRoom(db, held.room, new TimeSlice(clock))
  assert(view !== undefined, 'a room under its queue is stored')
  const events = await provisionalOf(db, view)
  const anchors = new Set(partial.joins.map((join) => join.event))
  const missing = await missingPrevs(db, view, events, anchors)
  for (const id of given.keys()) missing.delete(id)
  if (missing.size > 0) return { missing }

  const provisional = view.current.state
  const firstPos = events.reduce((first, { pos }) => Math.min(first, pos ?? first), view.livePos + 1)
  const recorded = await stateChanges(db, view.room, firstPos - 1, view.livePos)
  const heard = held.partial === undefined ? new Set(held.servers.keys()) : partial.listed
  const awaits = [...given.values()].some((full) => full !== 'unknown' && full.awaits.length > 0)
  view.partial = undefined
  view.unverified = undefined
  view.tips = []
  view.current = { node: 0, links: 0, state: before(provisional, recorded, firstPos - 1) }
  const unit = new RoomUnit(engine.ports, view)
  const states = new Map([...given].map(([id, full]) => [id, full === 'unknown' ? full : full.state]))
  const replay = new Replay(engine.ports, view, unit, { given: states, anchors, last: !awaits })
  for (const [index, event] of events.entries()) {
    if (index > 0 && index % limits.provisionalSlice === 0) await clock.sleep(0)
    await replay.judge(event)
  }
  await replay.finish()
  await clock.sleep(0)
  writeChanges(view, unit, recorded, replay, firstPos)
  const written = new Map(ahead)
  for (const { key } of recorded) written.delete(key)
  await writeMembers(ports, view, unit, replay, given, { partial, provisional, heard, written })
  const corrected = replay.corrected || hasCorrections(view, provisional)
  unit.whenPlaced((position) => unit.draft.add(upsertCompletion, view.room, db.slot, position, corrected ? 1 : 0))
  const tips = view.tips.map((tip) => tip.event)
  unit.addLast(writeCheckpoint, [view.room, packCheckpoint({ livePos: view.livePos, currentNode: view.current.node, tips })])
  unit.draft.add(writeStatePartial, view.room, awaits ? 3 : 2)
  if (!awaits) unit.addStep({ query: removePartialJoins(view.room) })
  unit.addStep({ query: unlistServers(view.room) })
  unit.completes()
  const outcome = await unit.commit()
  assert(outcome.committed, 'nothing refuses a room its completion')
  // From here on the room is as storage has it now.
  engine.drop(view.roomId)
  return { missing: new Map() }
}

async function writeMembers(
  ports: CompletionPorts,
  view: RoomView,
  unit: RoomUnit,
  replay: Replay,
  given: GivenStates,
  from: {
    readonly partial: PartialRoom
    readonly provisional: StateVector
    readonly heard: ReadonlySet<ServerName>
    readonly written: ReadonlyMap<KeyNumber, EventNumber>
  },
): Promise<void> {
  const facts = new Map([...given.values()].flatMap((full) => (full === 'unknown' ? [] : [...full.members])))
  const members = new CompleteMembers(ports.engine.ports, view, unit, facts)
  const { partial, heard } = from
  const joined = await members.write(from.provisional, partial.listed, from.written)
  await sendUnheard(ports.engine, view, unit, joined.difference(heard))
  const there = new Set([...members.serversOf(given), ...members.joinedBy(replay.judged())])
  const unheard = [...there].some((server) => !heard.has(server) && server !== ports.engine.ports.serverName)
  const since = partial.joins[0]?.positions
  if (!unheard || since === undefined) return
  const told = await ports.tellDevices([...view.localJoined], since)
  unit.addRows(told.rows)
  unit.addAnnouncements(told.announcements)
}

/**
 * Nobody knew that these servers are in the room when our users said something: the newest of it is sent, and what is before that they can
 * ask for.
 */
async function sendUnheard(engine: RoomEngine, view: RoomView, unit: RoomUnit, unheard: ReadonlySet<ServerName>): Promise<void> {
  const { db, serverName } = engine.ports
  const servers = [...unheard].filter((server) => server !== serverName)
  if (servers.length === 0) return
  const tips = await loadEvents(
    db,
    view,
    view.tips.map((tip) => tip.event),
  )
  for (const event of tips) {
    if (event.pos !== undefined && serverOf(event.pdu.sender) === serverName) unit.addDeparture({ event, servers, late: true })
  }
}

/** How the state moved is put right where it differs from what was written. */
function writeChanges(view: RoomView, unit: RoomUnit, recorded: readonly StateChange[], replay: Replay, firstPos: number): void {
  const known = new Map(recorded.map((change) => [`${change.pos} ${change.key}`, change]))
  const now = new Map(replay.changes.map((change) => [`${change.pos} ${change.key}`, change]))
  for (const [name, change] of known) {
    const right = now.get(name)
    if (right?.old !== change.old || right.new !== change.new) unit.draft.add(removeStateChange, view.room, change.pos, change.key)
  }
  for (const [name, change] of now) {
    const written = known.get(name)
    if (written?.old === change.old && written.new === change.new) continue
    // Before a room's first event nobody looks: that its members were missing needs no record.
    if (written === undefined && change.pos === firstPos && firstPos === 1) continue
    unit.draft.add(insertStateChange, view.room, change.pos, change.key, change.old, change.new)
  }
}

/** Is the state another one than that with more members? */
function hasCorrections(view: RoomView, provisional: StateVector): boolean {
  return provisional.differences(view.current.state).some(([key, old]) => old !== 0 || view.keys.at(key)?.type !== 'm.room.member')
}
