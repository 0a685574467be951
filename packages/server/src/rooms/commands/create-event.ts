import { buildEvent, parseRoomId, type JsonObject, type Pdu, type RoomId, type RoomRules, type UserId } from '@causeway/events'
import { assert } from '../../assert.ts'
import { MatrixError } from '../../errors.ts'
import { limits } from '../../limits.ts'
import { newEventId, refusedDraft } from '../engine/local-event.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import { shardOf } from '../engine/shard-of.ts'

/** The first event of a room to be made. */
export interface CreateDraft {
  readonly creator: UserId
  /** Users who become creators beside them (room version 12 and later). */
  readonly additionalCreators: readonly UserId[]
  /** Content beyond what we set. */
  readonly content: JsonObject
}

/** The id of a room to be made, in a shard of this process: it decides, so some have to be thrown away. Before version 12. */
export function ownedRoomId(engine: RoomEngine, owns: (shard: number) => boolean): RoomId {
  const { random, serverName } = engine.ports
  for (let attempt = 0; attempt < limits.createAttemptsMax; attempt += 1) {
    const roomId = parseRoomId(`!${random.token(18)}:${serverName}`)
    assert(roomId !== undefined, 'our own room ids are valid')
    if (owns(shardOf(roomId))) return roomId
  }
  throw ownsNone()
}

/** The create event of a room whose id is its hash, likewise. Version 12 and later. */
export function ownedCreateEvent(engine: RoomEngine, draft: CreateDraft, rules: RoomRules, owns: (shard: number) => boolean): Pdu {
  for (let attempt = 0; attempt < limits.createAttemptsMax; attempt += 1) {
    // Another time makes another room.
    const create = build(engine, draft, rules, undefined, engine.ports.clock.now() + attempt)
    if (owns(shardOf(create.roomId))) return create
  }
  throw ownsNone()
}

/** The create event of a room with an id of its own. Before version 12. */
export function createEventOf(engine: RoomEngine, draft: CreateDraft, rules: RoomRules, roomId: RoomId): Pdu {
  return build(engine, draft, rules, roomId, engine.ports.clock.now())
}

function build(engine: RoomEngine, draft: CreateDraft, rules: RoomRules, roomId: RoomId | undefined, originServerTs: number): Pdu {
  const { ports } = engine
  const creator: JsonObject = rules.creatorIsSender ? {} : { creator: draft.creator }
  const creators: JsonObject = draft.additionalCreators.length > 0 ? { additional_creators: draft.additionalCreators } : {}
  const built = buildEvent(
    {
      roomId,
      type: 'm.room.create',
      stateKey: '',
      sender: draft.creator,
      content: { ...draft.content, ...creator, ...creators, room_version: rules.version },
      originServerTs,
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

function ownsNone(): MatrixError {
  return new MatrixError('M_UNKNOWN', 'This server process owns no rooms at the moment: try again', { status: 503 })
}
