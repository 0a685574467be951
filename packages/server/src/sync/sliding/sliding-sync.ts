import type { RoomId } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import type { Random } from '../../platform/random.ts'
import { LazyMembers, type LazyAnswer } from '../lazy-members.ts'
import { syncTimeoutMsMax } from '../limits.ts'
import type { StreamPoint } from '../stream-token.ts'
import type { SyncPorts } from '../sync-ports.ts'
import type { SyncStream, Waiter } from '../sync-stream.ts'
import type { UserRooms } from '../user-rooms.ts'
import { ConnectionState } from './connection-state.ts'
import { Connections, keyOf, type ConnectionName, type Resumed } from './connections.ts'
import type { AccountDataValues } from '../account-data-values.ts'
import { directRooms } from './direct-rooms.ts'
import { AllRoomFacts } from './room-facts.ts'
import { relevantRooms } from './room-lists.ts'
import { RoomRecency } from './room-recency.ts'
import { makeSlidingAnswer, type Happened, type SlidingAnswer } from './sliding-answer.ts'
import type { SlidingRequest } from './sliding-request.ts'
import type { SlidingWish } from './sliding-wish.ts'
import { Turns, type Turn } from './turns.ts'

/** What one request goes by while it is answered. */
interface Attempt {
  readonly request: SlidingRequest
  readonly name: ConnectionName
  readonly turn: Turn
  readonly lazy: LazyAnswer
  /** Absent for a new connection. */
  readonly resumed: Resumed | undefined
}

/**
 * Simplified sliding sync (MSC4186): the rooms that lists and subscriptions choose, each from where this connection has it,
 * and only when there is something new.
 */
export class SlidingSync {
  readonly #ports: SyncPorts
  readonly #stream: SyncStream
  readonly #connections: Connections
  readonly #recency: RoomRecency
  readonly #facts: AllRoomFacts
  readonly #direct: AccountDataValues<ReadonlySet<string>>
  readonly #lazy = new LazyMembers<string>()
  readonly #turns = new Turns()

  /** `stream`: of the /sync beside it. Make it before anybody writes. `writeAfterMs`: see `ConnectionWrites`. */
  constructor(stream: SyncStream, random: Random, writeAfterMs = 0) {
    const { ports } = stream
    const { db, clock } = ports
    this.#ports = ports
    this.#stream = stream
    this.#connections = new Connections({ db, clock, random, tokens: stream.tokens, writeAfterMs })
    this.#recency = new RoomRecency(ports)
    this.#facts = new AllRoomFacts(ports)
    this.#direct = directRooms(ports.globalData)
    for (const listener of [this.#connections, this.#recency, this.#facts, this.#direct]) {
      stream.onCommitted((announcements) => listener.note(announcements))
    }
  }

  /** Write what is only in memory: the server stops. */
  flush(): Promise<void> {
    return this.#connections.flush()
  }

  /** Answer a request as JSON text; waits for news as long as the client wants. Throws M_UNKNOWN_POS. */
  async answer(request: SlidingRequest): Promise<string> {
    const name = { caller: request.caller, connId: request.connId }
    const key = keyOf(name)
    const turn = this.#turns.begin(key)
    try {
      const resumed = request.pos === undefined ? undefined : await this.#resume(name, request.pos)
      const lazy = this.#lazy.begin(key, request.pos)
      return await this.#answer({ request, name, turn, lazy, resumed })
    } finally {
      turn.end()
    }
  }

  async #resume(name: ConnectionName, pos: string): Promise<Resumed> {
    const resumed = await this.#connections.resume(name, pos)
    if (await this.#stream.reached(resumed.point)) return resumed
    throw new MatrixError('M_UNKNOWN_POS', 'This pos is of a time that this server has not seen')
  }

  async #answer(attempt: Attempt): Promise<string> {
    const { request, resumed, turn } = attempt
    const { clock } = this.#ports
    const deadline = clock.monotonic() + Math.min(request.timeoutMs, syncTimeoutMsMax)
    const since = resumed?.point
    const touched = new Set<RoomId>()
    let userChanged = since === undefined
    let looked = since
    let signal: AbortSignal | undefined
    const waiter: Waiter = {
      waiting: request.waiting,
      signal: () => (signal ??= AbortSignal.any([request.signal(), turn.superseded])),
    }
    for (let over = request.timeoutMs <= 0 || since === undefined; ;) {
      const user = await this.#stream.userRooms.of(request.caller.userId)
      const now = this.#stream.now()
      const changes = looked === undefined ? undefined : await this.#stream.changes(user, looked)
      const unseen = new Set(changes?.rooms.map(({ roomId }) => roomId))
      for (const roomId of unseen) touched.add(roomId)
      userChanged ||= changes?.userChanged === true
      const answer = await this.#make(attempt, now, user, { rooms: touched, unseen, userChanged })
      if (answer.news || over || looked === undefined) return this.#finish(attempt, answer, now)
      looked = now
      over = (await this.#stream.wait(waiter, user, looked, deadline)) === 'over'
      // Nobody waits any more: nothing is to be written for them.
      if (waiter.signal().aborted) return unchanged(request)
    }
  }

  async #make({ request, lazy, resumed }: Attempt, now: StreamPoint, user: UserRooms, happened: Happened): Promise<SlidingAnswer> {
    const { caller } = request
    const wish: SlidingWish = {
      caller,
      since: resumed?.point,
      now,
      reading: { now: this.#ports.clock.now(), sessionId: caller.sessionId, format: 'client' },
      ignored: await this.#stream.ignored.of(caller.userId),
      direct: await this.#direct.of(caller.userId),
      lazy,
      tokens: this.#stream.tokens,
    }
    const state = resumed?.generation.state ?? ConnectionState.empty
    const invites = await this.#stream.invites.of(caller.userId)
    const reader = { user, state, since: resumed?.point.positions, ignored: wish.ignored, invites, direct: wish.direct }
    const relevant = await relevantRooms({ sync: this.#ports, recency: this.#recency, facts: this.#facts }, request, reader)
    return makeSlidingAnswer(this.#ports, wish, request, user, relevant, state, happened)
  }

  async #finish({ request, name, turn, lazy, resumed }: Attempt, answer: SlidingAnswer, now: StreamPoint): Promise<string> {
    let generation = resumed?.generation
    if (generation === undefined || answer.state !== generation.state) {
      if (generation !== undefined && turn.superseded.aborted) return unchanged(request)
      generation = await this.#connections.offer(name, generation, answer.state)
    }
    const pos = this.#connections.pos(generation, now)
    lazy.finish(pos)
    return `{"pos":${JSON.stringify(pos)},${answer.text}}`
  }
}

/** The answer that says nothing, and leaves the client where it is. */
function unchanged(request: SlidingRequest): string {
  return `{"pos":${JSON.stringify(request.pos ?? '')},"lists":{},"rooms":{},"extensions":{}}`
}
