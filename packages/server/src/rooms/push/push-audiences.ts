import type { EventId, Pdu } from '@causeway/events'
import type { Database } from '../../storage/database.ts'
import { subscribersOf } from '../../storage/tables/thread-subscriptions.ts'
import type { PushTally } from '../engine/push-tally.ts'
import type { RoomView } from '../engine/room-view.ts'
import { PushAudience, type RulesSource } from './push-audience.ts'

interface Known {
  readonly audience: PushAudience
  readonly rulesVersion: number
  readonly membersVersion: number
}

/** What judges one event. */
interface Audience {
  tally(view: RoomView, pdu: Pdu, thread: EventId | undefined): PushTally
}

/** The push audience of each room in memory, made anew when its members or anybody's rules have changed. */
export class PushAudiences {
  readonly #db: Database
  readonly #source: RulesSource
  readonly #known = new WeakMap<RoomView, Known>()

  constructor(db: Database, source: RulesSource) {
    this.#db = db
    this.#source = source
  }

  /** The audience of a room for an event in a thread, or in the main timeline. Runs under the room's queue. */
  async of(view: RoomView, thread: EventId | undefined): Promise<Audience> {
    const audience = await this.#audienceOf(view)
    if (thread === undefined || !audience.asksForSubscriptions) return audience
    const subscribers = await this.#subscribersOf(view, thread)
    return { tally: (now, pdu) => audience.tally(now, pdu, thread, subscribers) }
  }

  async #audienceOf(view: RoomView): Promise<PushAudience> {
    const known = this.#known.get(view)
    const rulesVersion = this.#source.version
    const membersVersion = view.localMembersVersion
    if (known?.rulesVersion === rulesVersion && known.membersVersion === membersVersion) return known.audience
    const audience = await PushAudience.load(this.#db, view, this.#source)
    this.#known.set(view, { audience, rulesVersion, membersVersion })
    return audience
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
