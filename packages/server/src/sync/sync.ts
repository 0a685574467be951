import { MatrixError } from '../errors.ts'
import { LazyMembers, type LazyAnswer } from './lazy-members.ts'
import { syncTimeoutMsMax } from './limits.ts'
import type { StreamPoint, StreamTokens } from './stream-token.ts'
import { answerText, makeAnswer, type SyncAnswer } from './sync-answer.ts'
import type { Changes } from './sync-changes.ts'
import type { SyncFilter } from './sync-filter.ts'
import type { SyncCaller, SyncPorts } from './sync-ports.ts'
import { SyncStream, type Waiter } from './sync-stream.ts'
import type { StateAfterName, SyncWish } from './sync-wish.ts'
import type { AllUserRooms, UserRooms } from './user-rooms.ts'

/** A /sync request. */
export interface SyncRequest extends Waiter {
  readonly caller: SyncCaller
  readonly since: string | undefined
  readonly filter: SyncFilter
  readonly timeoutMs: number
  readonly fullState: boolean
  readonly stateAfter: StateAfterName | undefined
}

/**
 * /sync (Client-Server API, "Syncing"). Tokens are positions only, so that any process answers any request. A client that
 * is not far behind is answered from the recent log and the room views, without a question to the database.
 */
export class Sync {
  /** What sliding sync follows as well. */
  readonly stream: SyncStream
  readonly #ports: SyncPorts
  readonly #lazy = new LazyMembers<number>()

  /** Takes part in every commit from here on: make it before anybody writes. */
  constructor(ports: SyncPorts) {
    this.#ports = ports
    this.stream = new SyncStream(ports)
  }

  get tokens(): StreamTokens {
    return this.stream.tokens
  }

  /** The rooms of users who sync. */
  get userRooms(): AllUserRooms {
    return this.stream.userRooms
  }

  /** Answer a request as JSON text; waits for news as long as the client wants. Throws M_INVALID_PARAM for a bad `since`. */
  async answer(request: SyncRequest): Promise<string> {
    const since = await this.#sinceOf(request)
    const lazy = this.#lazy.begin(request.caller.sessionId, since === undefined ? undefined : request.since)
    if (since === undefined || request.fullState) return this.#answerWhole(request, since, lazy)
    const deadline = this.#ports.clock.monotonic() + Math.min(request.timeoutMs, syncTimeoutMsMax)
    let looked = since
    for (let over = request.timeoutMs <= 0; ;) {
      const user = await this.userRooms.of(request.caller.userId)
      const now = this.stream.now()
      const changes = await this.stream.changes(user, looked)
      const answer = await this.#make(request, since, now, lazy, changes, user)
      if (answer.news || over) return this.#finish(answer, now, lazy)
      looked = now
      over = (await this.stream.wait(request, user, looked, deadline)) === 'over'
    }
  }

  async #answerWhole(request: SyncRequest, since: StreamPoint | undefined, lazy: LazyAnswer): Promise<string> {
    const user = await this.userRooms.of(request.caller.userId)
    const now = this.stream.now()
    const changes = { rooms: [...user.rooms.values()], userChanged: true }
    return this.#finish(await this.#make(request, since, now, lazy, changes, user), now, lazy)
  }

  async #make(
    request: SyncRequest,
    since: StreamPoint | undefined,
    now: StreamPoint,
    lazy: LazyAnswer,
    changes: Changes,
    user: UserRooms,
  ): Promise<SyncAnswer> {
    const { caller, filter, fullState, stateAfter } = request
    const reading = { now: this.#ports.clock.now(), sessionId: caller.sessionId, format: filter.format, fields: filter.fields }
    const [ignored, invites] = [await this.stream.ignored.of(caller.userId), await this.stream.invites.of(caller.userId)]
    const anew = since === undefined && request.since !== undefined && request.since !== ''
    const wish: SyncWish = { caller, since, anew, now, filter, fullState, stateAfter, reading, ignored, invites, lazy, tokens: this.tokens }
    return makeAnswer(this.#ports, wish, changes, user.rooms)
  }

  #finish(answer: SyncAnswer, now: StreamPoint, lazy: LazyAnswer): string {
    // What did not fit goes with the next answer, wherever else the client is by then.
    const toDevice = answer.sections.find(({ name }) => name === 'to_device')?.upTo
    const token = this.tokens.stream(toDevice === undefined ? now : { ...now, toDevice })
    lazy.finish(token)
    return answerText(answer, token)
  }

  /** Where the client continues; absent for a fresh start, which a token from before a restore gets as well. */
  async #sinceOf(request: SyncRequest): Promise<StreamPoint | undefined> {
    if (request.since === undefined || request.since === '') return undefined
    const token = this.tokens.parse(request.since)
    if (token === undefined || token.kind === 'place') throw new MatrixError('M_INVALID_PARAM', 'since is not a token of this endpoint')
    if (token.kind === 'outdated') return undefined
    return (await this.stream.reached(token.point)) ? token.point : undefined
  }
}
