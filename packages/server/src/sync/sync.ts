import type { RoomId } from '@causeway/events'
import { MatrixError } from '../errors.ts'
import type { WaitingRoom } from '../http/waiting-room.ts'
import { covers } from '../rooms/history/positions.ts'
import type { Announcement } from '../storage/database.ts'
import { IgnoredUsers } from './ignored-users.ts'
import { LazyMembers, type LazyAnswer } from './lazy-members.ts'
import { catchUpMsMax, syncTimeoutMsMax } from './limits.ts'
import { RecentLog } from './recent-log.ts'
import { StreamTokens, type StreamPoint } from './stream-token.ts'
import { answerText, makeAnswer, type SyncAnswer } from './sync-answer.ts'
import { changesSince, type Changes } from './sync-changes.ts'
import type { SyncFilter } from './sync-filter.ts'
import type { SyncCaller, SyncPorts } from './sync-ports.ts'
import type { StateAfterName, SyncWish } from './sync-wish.ts'
import { AllUserRooms, type UserRooms } from './user-rooms.ts'

/** A /sync request. */
export interface SyncRequest {
  readonly caller: SyncCaller
  readonly since: string | undefined
  readonly filter: SyncFilter
  readonly timeoutMs: number
  readonly fullState: boolean
  readonly stateAfter: StateAfterName | undefined
  /** Where a waiting request registers. */
  readonly waiting: WaitingRoom
  /** Aborts when nobody waits for the answer any more. Asked for only if the request waits. */
  readonly signal: () => AbortSignal
}

/**
 * /sync (Client-Server API, "Syncing"). Tokens are positions only, so that any process answers any request. A client that
 * is not far behind is answered from the recent log and the room views, without a question to the database.
 */
export class Sync {
  readonly tokens: StreamTokens
  /** The rooms of users who sync. */
  readonly userRooms: AllUserRooms
  readonly #ports: SyncPorts
  readonly #log: RecentLog
  readonly #ignored: IgnoredUsers
  readonly #lazy = new LazyMembers()

  /** Takes part in every commit from here on: make it before anybody writes. */
  constructor(ports: SyncPorts) {
    this.#ports = ports
    this.tokens = new StreamTokens(ports.epoch)
    this.userRooms = new AllUserRooms(ports.db)
    this.#log = new RecentLog(ports.db)
    this.#ignored = new IgnoredUsers(ports.globalData)
    ports.db.onCommitted((announcements) => this.#note(announcements))
    ports.typing.onChange((roomId) => this.#wakeRoom(roomId))
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
      const now = this.#now()
      const changes = await changesSince(this.#ports, this.#log, user, looked)
      const answer = await this.#make(request, since, now, lazy, changes, user)
      if (answer.news || over) return this.#finish(answer, now, lazy)
      looked = now
      over = (await this.#wait(request, user, looked, deadline)) === 'over'
    }
  }

  async #answerWhole(request: SyncRequest, since: StreamPoint | undefined, lazy: LazyAnswer): Promise<string> {
    const user = await this.userRooms.of(request.caller.userId)
    const now = this.#now()
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
    const reading = { now: this.#ports.clock.now(), sessionId: caller.sessionId, format: filter.format }
    const ignored = await this.#ignored.of(caller.userId)
    const wish: SyncWish = { caller, since, now, filter, fullState, stateAfter, reading, ignored, lazy, tokens: this.tokens }
    return makeAnswer(this.#ports, wish, changes, user.rooms)
  }

  #finish(answer: SyncAnswer, now: StreamPoint, lazy: LazyAnswer): string {
    const token = this.tokens.stream(now)
    lazy.finish(token)
    return answerText(answer, token)
  }

  #now(): StreamPoint {
    return { positions: this.#ports.db.positions(), typing: this.#ports.typing.serial }
  }

  /** Where the client continues; absent for a fresh start, which a token from before a restore gets as well. */
  async #sinceOf(request: SyncRequest): Promise<StreamPoint | undefined> {
    if (request.since === undefined || request.since === '') return undefined
    const token = this.tokens.parse(request.since)
    if (token === undefined || token.kind === 'place') throw new MatrixError('M_INVALID_PARAM', 'since is not a token of this endpoint')
    if (token.kind === 'outdated') return undefined
    return (await this.#reached(token.point)) ? token.point : undefined
  }

  /** A token of another process can be ahead of what this one has seen: that is waited for, within bounds. */
  async #reached(point: StreamPoint): Promise<boolean> {
    const { db, clock } = this.#ports
    const deadline = clock.monotonic() + catchUpMsMax
    while (!covers(db.positions(), point.positions)) {
      const left = deadline - clock.monotonic()
      if (left <= 0) return false
      await clock.sleep(Math.min(left, 20))
    }
    return true
  }

  /** Wait until something touches the user or one of their rooms; 'over' when the answer is due whatever it holds. */
  #wait(request: SyncRequest, user: UserRooms, looked: StreamPoint, deadline: number): Promise<'woken' | 'over'> {
    const { clock } = this.#ports
    return new Promise((resolve) => {
      const ends: (() => void)[] = []
      const end = (outcome: 'woken' | 'over'): void => {
        for (const undo of ends.splice(0)) undo()
        resolve(outcome)
      }
      const over = (): void => end('over')
      ends.push(this.userRooms.wait(user, () => end('woken')))
      ends.push(clock.schedule(deadline - clock.monotonic(), over))
      const signal = request.signal()
      signal.addEventListener('abort', over, { once: true })
      ends.push(() => signal.removeEventListener('abort', over))
      ends.push(request.waiting.enter(over))
      if (signal.aborted) over()
      else if (this.#touchedSince(user, looked)) end('woken')
    })
  }

  /** Did something change while the last look was being taken, when nobody was there to be woken? */
  #touchedSince(user: UserRooms, looked: StreamPoint): boolean {
    if (user.stale || !this.#log.covers(looked.positions)) return true
    const changes = changesSince(this.#ports, this.#log, user, looked)
    return changes instanceof Promise || changes.userChanged || changes.rooms.length > 0
  }

  #note(announcements: readonly Announcement[]): void {
    this.userRooms.note(announcements)
    this.#ports.receipts.note(announcements)
    this.#ignored.note(announcements)
    const { rooms, users } = this.#log.note(announcements)
    for (const roomId of rooms) this.#wakeRoom(roomId)
    for (const userId of users) wake(this.userRooms.peek(userId))
  }

  #wakeRoom(roomId: RoomId): void {
    for (const user of this.userRooms.usersIn(roomId)) wake(user)
  }
}

function wake(user: UserRooms | undefined): void {
  if (user !== undefined) for (const waiter of user.waiters) waiter()
}
