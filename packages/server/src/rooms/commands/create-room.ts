import {
  buildEvent,
  parseRoomId,
  roomRules,
  type JsonObject,
  type Pdu,
  type RoomAlias,
  type RoomId,
  type RoomRules,
  type UserId,
} from '@causeway/events'
import { assert } from '../../assert.ts'
import { MatrixError } from '../../errors.ts'
import { limits } from '../../limits.ts'
import type { Rows } from '../../storage/database.ts'
import { claimAlias } from '../../storage/tables/aliases.ts'
import { insertRoom } from '../../storage/tables/rooms.ts'
import { packCheckpoint } from '../engine/load-room.ts'
import { newEventId, refusedDraft, type EventWish } from '../engine/local-event.ts'
import { placeEvent } from '../engine/place-event.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import { RoomUnit } from '../engine/room-unit.ts'
import { RoomView } from '../engine/room-view.ts'
import { shardOf } from '../engine/shard-of.ts'
import { standing } from '../engine/stored-event.ts'
import { initialEvents, type RoomPlan } from './initial-events.ts'
import { placeLocal } from './send-event.ts'

/** A room to be made. */
export interface CreateRoomCommand extends RoomPlan {
  readonly creator: UserId
  readonly roomVersion: string
  /** Content of the create event beyond what we set. */
  readonly creationContent: JsonObject
  /** A local alias, already checked to be free to take by the creator. */
  readonly alias: RoomAlias | undefined
  /** Show the room in the public directory. */
  readonly published: boolean
  /** Member events of our own users who are invited: they come into being with the room. */
  readonly localInvites: readonly { readonly target: UserId; readonly content: JsonObject }[]
}

/**
 * Make a room: all its first events are one unit, so that a room is there whole or not at all. Throws
 * M_UNSUPPORTED_ROOM_VERSION, M_ROOM_IN_USE, or what one of the events is refused with.
 */
export async function createRoom(
  engine: RoomEngine,
  room: number,
  command: CreateRoomCommand,
  owns: (shard: number) => boolean = () => true,
): Promise<RoomId> {
  const rules = roomRules(command.roomVersion)
  if (rules === undefined) {
    throw new MatrixError('M_UNSUPPORTED_ROOM_VERSION', `This server does not know room version ${command.roomVersion}`)
  }
  const create = buildOwned(engine, command, rules, owns)
  const view = new RoomView(room, create.roomId, rules, shardOf(create.roomId))
  let committed: Promise<unknown> = Promise.resolve()
  await engine.create(view, async () => {
    const unit = new RoomUnit(engine.ports, view)
    await placeEvent(engine.ports, view, unit, { pdu: create, standing: standing.accepted, stateBefore: view.current })
    for (const event of initialEvents(command, command.creator, rules)) await placeLocal(engine, view, unit, wishOf(event, command.creator))
    for (const { target, content } of command.localInvites) {
      await placeLocal(engine, view, unit, {
        type: 'm.room.member',
        stateKey: target,
        sender: command.creator,
        content: { ...content, membership: 'invite' },
      })
    }
    unit.addRows(roomRows(view, command))
    if (command.alias !== undefined) {
      unit.addStep({ query: claimAlias(command.alias, view.roomId, command.creator, engine.ports.clock.now()), expect: 1 })
    }
    const outcome = unit.commit()
    // Refusal: the alias was taken a moment ago.
    committed = outcome.then((result) => {
      if (!result.committed) throw new MatrixError('M_ROOM_IN_USE', 'The room alias is in use')
    })
    engine.holdUntil(view, committed)
  })
  await committed
  return view.roomId
}

/** The create event of a room in a shard of this process: its id decides, so some have to be thrown away. */
function buildOwned(engine: RoomEngine, command: CreateRoomCommand, rules: RoomRules, owns: (shard: number) => boolean): Pdu {
  for (let attempt = 0; attempt < limits.createAttemptsMax; attempt += 1) {
    const create = buildCreate(engine, command, rules, attempt)
    if (owns(shardOf(create.roomId))) return create
  }
  throw new MatrixError('M_UNKNOWN', 'This server process owns no rooms at the moment: try again', { status: 503 })
}

function buildCreate(engine: RoomEngine, command: CreateRoomCommand, rules: RoomRules, attempt: number): Pdu {
  const { ports } = engine
  const roomId = rules.roomIdIsCreateHash ? undefined : parseRoomId(`!${ports.random.token(18)}:${ports.serverName}`)
  assert(rules.roomIdIsCreateHash || roomId !== undefined, 'our own room ids are valid')
  const creator: JsonObject = rules.creatorIsSender ? {} : { creator: command.creator }
  const trusted = rules.creatorsOutrankAll && command.preset === 'trusted_private_chat' ? command.invite : []
  const given = command.additionalCreators.filter((user) => user !== command.creator)
  const additional = [...new Set([...given, ...trusted])]
  const creators: JsonObject = additional.length > 0 ? { additional_creators: additional } : {}
  const built = buildEvent(
    {
      roomId,
      type: 'm.room.create',
      stateKey: '',
      sender: command.creator,
      content: { ...command.creationContent, ...creator, ...creators, room_version: rules.version },
      // In version 12 the id is a hash of this event: another time makes another room.
      originServerTs: ports.clock.now() + attempt,
      depth: 1,
      prevEvents: [],
      authEvents: [],
      eventId: rules.eventIds === 'given' ? newEventId(ports) : undefined,
    },
    rules,
    ports.signer,
  )
  if (!built.ok) throw refusedDraft(built.refusal)
  return built.pdu
}

function wishOf(event: Omit<EventWish, 'sender'>, sender: UserId): EventWish {
  return { ...event, sender }
}

function roomRows(view: RoomView, command: CreateRoomCommand): Rows[] {
  const checkpoint = packCheckpoint({ livePos: view.livePos, currentNode: view.current.node, tips: view.tips.map((tip) => tip.event) })
  const published = command.published ? 1 : 0
  return [{ write: insertRoom, rows: [[view.room, view.roomId, view.shard, view.rules.version, published, checkpoint]] }]
}
