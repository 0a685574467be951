import {
  creators,
  powerLevels,
  roomRules,
  type EventId,
  type JsonObject,
  type Pdu,
  type RoomId,
  type RoomRules,
  type UserId,
} from '@causeway/events'
import { assert } from '../../assert.ts'
import { MatrixError } from '../../errors.ts'
import { moveAliases } from '../../storage/tables/aliases.ts'
import { findRoom, markStateReset, setPublished } from '../../storage/tables/rooms.ts'
import { createEventOf, ownedCreateEvent, ownedRoomId } from '../commands/create-event.ts'
import { roomRows } from '../commands/create-room.ts'
import { placeLocal, requireJoined } from '../commands/send-event.ts'
import type { EventWish } from '../engine/local-event.ts'
import { predecessorOf } from '../engine/note-moves.ts'
import { placeEvent } from '../engine/place-event.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import { RoomUnit } from '../engine/room-unit.ts'
import { RoomView } from '../engine/room-view.ts'
import { shardOf } from '../engine/shard-of.ts'
import { standing, type StoredEvent } from '../engine/stored-event.ts'
import { stateFor } from '../engine/view-state.ts'
import { carriedSlice } from './limits.ts'
import { replacementOf } from './replacement.ts'
import { carriedAliases, type CarriedAliases } from './carried-aliases.ts'
import { carriedState, type CarriedEvent } from './carried-state.ts'

/** A room to be upgraded by one of its members. */
export interface UpgradeCommand {
  readonly roomId: RoomId
  readonly sender: UserId
  readonly newVersion: string
  /** Creators beside the sender, where the new version knows such. */
  readonly additionalCreators: readonly UserId[]
}

interface Ports {
  readonly engine: RoomEngine
  readonly newRoomNumber: () => Promise<number>
  readonly profileOf: (userId: UserId) => Promise<JsonObject>
  /** May this process write rooms of this shard? */
  readonly owns: (shard: number) => boolean
}

/** What both rooms are made of. */
interface Plan {
  readonly command: UpgradeCommand
  readonly rules: RoomRules
  readonly additionalCreators: readonly UserId[]
  readonly profile: JsonObject
  readonly createContent: JsonObject
  readonly state: readonly CarriedEvent[]
  readonly aliases: CarriedAliases
  readonly published: boolean
}

/**
 * Put a new room in the place of one that we are in (Client-Server API, "Room Upgrades"); resolves with its id once all is
 * durable. The new room with its state, the end of the old one, and the aliases and the listing that move are one unit: all of
 * it is there or nothing, and a request that is repeated after an answer was lost gets the room that it made. Throws
 * M_UNSUPPORTED_ROOM_VERSION, and M_FORBIDDEN for whoever may not end the old room.
 */
export async function upgradeRoom(ports: Ports, command: UpgradeCommand): Promise<RoomId> {
  const { engine } = ports
  const rules = roomRules(command.newVersion)
  if (rules === undefined) {
    throw new MatrixError('M_UNSUPPORTED_ROOM_VERSION', `This server does not know room version ${command.newVersion}`)
  }
  const room = await ports.newRoomNumber()
  const profile = await ports.profileOf(command.sender)
  const upgraded = await engine.run(command.roomId, async (old): Promise<{ roomId: RoomId; committed: Promise<unknown> }> => {
    requireJoined(old, command.sender)
    const earlier = await earlierUpgrade(engine, old, command)
    if (earlier !== undefined) return { roomId: earlier, committed: engine.settled(command.roomId) }
    const closing = new RoomUnit(engine.ports, old)
    // Nothing is read behind what is still being written.
    await engine.settled(command.roomId)
    const plan = await planOf(engine, old, command, rules, profile)
    const create = await beginning(ports, old, closing, plan)
    const view = new RoomView(room, create.roomId, rules, shardOf(create.roomId))
    let committed: Promise<unknown> = Promise.resolve()
    await engine.create(view, async () => {
      const unit = new RoomUnit(engine.ports, view)
      await fill(engine, view, unit, create, plan)
      await end(engine, old, closing, plan)
      // Whoever was told that the old room may have been attacked has done what there is to do.
      closing.draft.add(markStateReset, old.room, null)
      closing.addStep({ query: moveAliases(old.roomId, view.roomId) })
      if (plan.published) closing.addStep({ query: setPublished(old.room, false), expect: 1 })
      const outcome = unit.commitWith(closing)
      committed = outcome.then((result) => assert(result.committed, 'nothing refuses an upgrade'))
      engine.holdUntil(view, committed)
      engine.holdUntil(old, committed)
    })
    return { roomId: view.roomId, committed }
  })
  await upgraded.committed
  return upgraded.roomId
}

/** The room that the same user has made in this one's place already, in the version that is asked for. */
async function earlierUpgrade(engine: RoomEngine, old: RoomView, command: UpgradeCommand): Promise<RoomId | undefined> {
  const tombstone = (await stateFor(engine.ports.db, old, old.current, [['m.room.tombstone', '']])).get('m.room.tombstone', '')
  const roomId = tombstone?.sender === command.sender ? replacementOf(tombstone) : undefined
  const view = roomId === undefined ? undefined : await engine.view(roomId)
  if (view?.rules.version !== command.newVersion) return undefined
  const create = (await stateFor(engine.ports.db, view, view.current, [['m.room.create', '']])).get('m.room.create', '')
  return create?.sender === command.sender && predecessorOf(create) === old.roomId ? roomId : undefined
}

async function planOf(engine: RoomEngine, old: RoomView, command: UpgradeCommand, rules: RoomRules, profile: JsonObject): Promise<Plan> {
  const { db } = engine.ports
  const create = (await stateFor(db, old, old.current, [['m.room.create', '']])).get('m.room.create', '')
  assert(create !== undefined, 'a room that we are in has a create event')
  const given = rules.creatorsOutrankAll ? command.additionalCreators : []
  const additionalCreators = [...new Set(given)].filter((user) => user !== command.sender)
  const { type, 'm.federate': federate } = create.content
  return {
    command,
    rules,
    additionalCreators,
    profile,
    createContent: { ...(typeof type === 'string' ? { type } : {}), ...(federate === false ? { 'm.federate': false } : {}) },
    state: await carriedState(db, old, rules, { old: creators(create, old.rules), new: [command.sender, ...additionalCreators] }),
    aliases: await carriedAliases(db, old),
    published: (await findRoom(db, old.roomId))?.published === 1,
  }
}

/**
 * The first event of the new room, with the tombstone placed in the old one: they name each other's room; before version 12 the
 * former names the latter's id, too.
 */
async function beginning(ports: Ports, old: RoomView, closing: RoomUnit, plan: Plan): Promise<Pdu> {
  const { engine, owns } = ports
  const draft = (eventId?: EventId) => ({
    creator: plan.command.sender,
    additionalCreators: plan.additionalCreators,
    content: { ...plan.createContent, predecessor: { room_id: old.roomId, ...(eventId === undefined ? {} : { event_id: eventId }) } },
  })
  const bury = (roomId: RoomId): Promise<StoredEvent> =>
    placeLocal(engine, old, closing, {
      type: 'm.room.tombstone',
      stateKey: '',
      sender: plan.command.sender,
      content: { body: 'This room has been replaced', replacement_room: roomId },
    })
  if (plan.rules.roomIdIsCreateHash) {
    const create = ownedCreateEvent(engine, draft(), plan.rules, owns)
    await bury(create.roomId)
    return create
  }
  const roomId = ownedRoomId(engine, owns)
  const tombstone = await bury(roomId)
  return createEventOf(engine, draft(tombstone.pdu.eventId), plan.rules, roomId)
}

/** All events of the new room. */
async function fill(engine: RoomEngine, view: RoomView, unit: RoomUnit, create: Pdu, plan: Plan): Promise<void> {
  const { sender } = plan.command
  await placeEvent(engine.ports, view, unit, { pdu: create, standing: standing.accepted, stateBefore: view.current })
  await placeLocal(engine, view, unit, {
    type: 'm.room.member',
    stateKey: sender,
    sender,
    content: { ...plan.profile, membership: 'join' },
  })
  const aliases =
    plan.aliases.new === undefined ? [] : [{ type: 'm.room.canonical_alias', stateKey: '', content: plan.aliases.new, needed: false }]
  for (const [index, { needed, ...event }] of [...aliases, ...plan.state].entries()) {
    if (index % carriedSlice === carriedSlice - 1) await engine.ports.clock.sleep(0)
    if (needed) await placeLocal(engine, view, unit, { ...event, sender })
    else await placeIfAllowed(engine, view, unit, { ...event, sender })
  }
  unit.addRows(roomRows(view, plan))
}

/** The old room no longer names what has moved, and nobody talks in it but those who moderate it; as far as the sender may say so. */
async function end(engine: RoomEngine, old: RoomView, closing: RoomUnit, plan: Plan): Promise<void> {
  const { sender } = plan.command
  if (plan.aliases.old !== undefined) {
    await placeIfAllowed(engine, old, closing, { type: 'm.room.canonical_alias', stateKey: '', sender, content: plan.aliases.old })
  }
  const keys = [
    ['m.room.create', ''],
    ['m.room.power_levels', ''],
  ] as const
  const state = await stateFor(engine.ports.db, old, old.current, keys)
  const content = state.get('m.room.power_levels', '')?.content
  if (content === undefined) return
  const levels = powerLevels(state, old.rules)
  const silent = Math.max(50, levels.usersDefault + 1)
  if (levels.eventsDefault >= silent && levels.invite >= silent) return
  const raised = { ...content, events_default: Math.max(silent, levels.eventsDefault), invite: Math.max(silent, levels.invite) }
  await placeIfAllowed(engine, old, closing, { type: 'm.room.power_levels', stateKey: '', sender, content: raised })
}

/** What the rules refuse is left out. */
async function placeIfAllowed(engine: RoomEngine, view: RoomView, unit: RoomUnit, wish: EventWish): Promise<void> {
  try {
    await placeLocal(engine, view, unit, wish)
  } catch (error) {
    if (!(error instanceof MatrixError)) throw error
  }
}
