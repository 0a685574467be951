import type { RoomId, UserId } from '@causeway/events'
import { assert } from '../../assert.ts'
import { sessionOf, type EventJson, type World } from '../sync.fixture.ts'
import { parseSlidingRequest } from './parse-sliding-request.ts'
import type { SlidingSync } from './sliding-sync.ts'

/** A room's entry as a client reads it. */
export interface EntryJson {
  readonly membership: string
  readonly bump_stamp: number
  readonly initial?: boolean
  readonly unstable_expanded_timeline?: boolean
  readonly name?: string
  readonly avatar?: string | null
  readonly heroes?: readonly { readonly user_id: string; readonly displayname?: string }[]
  readonly is_dm?: boolean
  readonly timeline?: readonly EventJson[]
  readonly required_state?: readonly EventJson[]
  readonly invite_state?: readonly EventJson[]
  readonly limited?: boolean
  readonly num_live?: number
  readonly prev_batch?: string
  readonly joined_count?: number
  readonly invited_count?: number
  readonly notification_count: number
  readonly highlight_count: number
}

/** An answer as a client reads it. */
export interface SlidingJson {
  readonly pos: string
  readonly txn_id?: string
  readonly lists: Readonly<Record<string, { readonly count: number }>>
  readonly rooms: Readonly<Record<string, EntryJson>>
  readonly extensions: Readonly<Record<string, unknown>>
}

/** How a test asks. The body is what a client would send. */
export interface SlidingAsk {
  readonly pos?: string
  readonly timeoutMs?: number
  readonly deviceId?: string
  readonly signal?: AbortSignal
}

/** A list of the first rooms, or with what is given instead. */
export function list(more: object = {}): object {
  return { ranges: [[0, 19]], timeline_limit: 10, required_state: [], ...more }
}

/** Sliding sync of a world. */
export class Sliding {
  readonly sync: SlidingSync
  readonly #world: World

  constructor(world: World, sync = world.layer.slidingSync) {
    this.#world = world
    this.sync = sync
  }

  async ask(userId: UserId, body: object, { pos, timeoutMs = 0, deviceId = 'D', signal }: SlidingAsk = {}): Promise<SlidingJson> {
    const text = await this.sync.answer({
      ...parseSlidingRequest(body, userId),
      caller: { userId, deviceId, sessionId: sessionOf(userId) },
      pos,
      timeoutMs,
      waiting: this.#world.waiting,
      signal: () => signal ?? new AbortController().signal,
    })
    return JSON.parse(text)
  }
}

/** A room's entry that must be there. */
export function entryOf(answer: SlidingJson, roomId: RoomId): EntryJson {
  const entry = answer.rooms[roomId]
  assert(entry !== undefined, 'the room is in the answer')
  return entry
}
