import type { EventId, Pdu } from '@causeway/events'
import { limits } from '../../limits.ts'
import type { Database } from '../../storage/database.ts'
import { newestPushClasses, upsertPushClass } from '../../storage/tables/push-classes.ts'
import { subscribersOf } from '../../storage/tables/thread-subscriptions.ts'
import { commonClass } from '../engine/notification-counts.ts'
import type { PushAction, PushTally } from '../engine/push-tally.ts'
import type { RoomView } from '../engine/room-view.ts'
import { PushAudience, type RulesSource } from './push-audience.ts'

interface Known {
  readonly audience: PushAudience
  readonly rulesVersion: number
  readonly membersVersion: number
  /** Whom no event has been judged for since they were read: the next one notes who of them is counted otherwise than before. */
  readonly unnoted: Set<string>
}

/** How a user is counted in a room, and where that is written. */
interface Counted {
  readonly classId: number
  readonly place: number
}

/** What judges one event. */
interface Audience {
  tally(view: RoomView, pdu: Pdu, thread: EventId | undefined): PushTally
}

/**
 * The push audience of each room in memory: kept up as members change, made anew when anybody's rules have changed. The first event that
 * is judged by other rules of a user notes that with it: what was unread before stays counted as it was.
 */
export class PushAudiences {
  readonly #db: Database
  readonly #source: RulesSource
  readonly #known = new WeakMap<RoomView, Known>()
  /** By room: how each of our users is counted who ever had other rules than most. */
  readonly #counted = new WeakMap<RoomView, Map<string, Counted>>()

  constructor(db: Database, source: RulesSource) {
    this.#db = db
    this.#source = source
  }

  /** The audience of a room for an event in a thread, or in the main timeline. Runs under the room's queue. */
  async of(view: RoomView, thread: EventId | undefined): Promise<Audience> {
    const counted = this.#counted.get(view) ?? (await this.#readCounted(view))
    const known = await this.#audienceOf(view)
    const { audience } = known
    const asks = thread !== undefined && audience.asksForSubscriptions
    const subscribers = asks ? await this.#subscribersOf(view, thread) : undefined
    return {
      tally: (now, pdu) => {
        const moves = movesOf(audience, counted, known.unnoted)
        known.unnoted.clear()
        return audience.tally(now, pdu, thread, { moves, ...(subscribers === undefined ? {} : { subscribers }) })
      },
    }
  }

  async #readCounted(view: RoomView): Promise<Map<string, Counted>> {
    const rows = await newestPushClasses(this.#db, view.room)
    const counted = new Map(rows.map(({ user_id: userId, class_id: classId, place }) => [userId, { classId, place }]))
    this.#counted.set(view, counted)
    return counted
  }

  async #audienceOf(view: RoomView): Promise<Known> {
    const known = this.#known.get(view)
    const rulesVersion = this.#source.version
    const membersVersion = view.localMembersVersion
    if (known?.rulesVersion === rulesVersion && known.membersVersion === membersVersion) return known
    const changed = known?.rulesVersion === rulesVersion ? view.localMembersSince(known.membersVersion) : undefined
    // What fails half-way is not kept.
    this.#known.delete(view)
    const isKept = known !== undefined && changed !== undefined
    const audience = isKept ? known.audience : new PushAudience()
    const read = changed ?? [...view.localJoined]
    await audience.read(this.#db, view, this.#source, read)
    const made: Known = { audience, rulesVersion, membersVersion, unnoted: new Set(isKept ? [...known.unnoted, ...read] : read) }
    this.#known.set(view, made)
    return made
  }

  /** Changed under the room's queue only (`subscribeThread`), which keeps what is remembered true. */
  async #subscribersOf(view: RoomView, thread: EventId): Promise<ReadonlySet<string>> {
    const known = view.threadSubscribers.get(thread)
    if (known !== undefined) return known
    const subscribers = new Set(await subscribersOf(this.#db, view.room, thread))
    view.threadSubscribers.set(thread, subscribers)
    return subscribers
  }
}

/** Rows for those of some users who are counted in another class from the event on that is about to take its place; remembered as written. */
function movesOf(audience: PushAudience, counted: Map<string, Counted>, userIds: Iterable<string>): PushAction[] {
  const moves: PushAction[] = []
  for (const userId of userIds) {
    const classId = audience.classOf(userId)
    if (classId === undefined) continue
    const before = counted.get(userId)
    if (classId === (before?.classId ?? commonClass)) continue
    const place = before === undefined ? 0 : (before.place + 1) % limits.pushClassChangesKept
    counted.set(userId, { classId, place })
    moves.push({ write: upsertPushClass, values: (room, pos) => [room, userId, place, pos, classId] })
  }
  return moves
}
