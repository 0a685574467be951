import { roomRules, type JsonObject, type Pdu, type RoomAlias, type RoomId, type RoomRules, type UserId } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import type { Rows } from '../../storage/database.ts'
import { claimAlias } from '../../storage/tables/aliases.ts'
import { insertRoom } from '../../storage/tables/rooms.ts'
import { packCheckpoint } from '../engine/load-room.ts'
import type { EventWish } from '../engine/local-event.ts'
import { placeEvent } from '../engine/place-event.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import { RoomUnit } from '../engine/room-unit.ts'
import { RoomView } from '../engine/room-view.ts'
import { shardOf } from '../engine/shard-of.ts'
import { standing } from '../engine/stored-event.ts'
import { createEventOf, ownedCreateEvent, ownedRoomId } from './create-event.ts'
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

function buildOwned(engine: RoomEngine, command: CreateRoomCommand, rules: RoomRules, owns: (shard: number) => boolean): Pdu {
  const trusted = rules.creatorsOutrankAll && command.preset === 'trusted_private_chat' ? command.invite : []
  const given = command.additionalCreators.filter((user) => user !== command.creator)
  const draft = { creator: command.creator, additionalCreators: [...new Set([...given, ...trusted])], content: command.creationContent }
  return rules.roomIdIsCreateHash
    ? ownedCreateEvent(engine, draft, rules, owns)
    : createEventOf(engine, draft, rules, ownedRoomId(engine, owns))
}

function wishOf(event: Omit<EventWish, 'sender'>, sender: UserId): EventWish {
  return { ...event, sender }
}

/** The row of a new room. */
export function roomRows(view: RoomView, { published }: { readonly published: boolean }): Rows[] {
  const checkpoint = packCheckpoint({ livePos: view.livePos, currentNode: view.current.node, tips: view.tips.map((tip) => tip.event) })
  return [{ write: insertRoom, rows: [[view.room, view.roomId, view.shard, view.rules.version, published ? 1 : 0, checkpoint]] }]
}
