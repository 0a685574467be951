import type { RoomId, UserId } from '@causeway/events'
import type { WaitingRoom } from '../http/waiting-room.ts'
import { covers } from '../rooms/history/positions.ts'
import type { Announcement } from '../storage/database.ts'
import type { AccountDataValues } from './account-data-values.ts'
import { ignoredUsers } from './ignored-users.ts'
import { catchUpMsMax } from './limits.ts'
import { RecentLog } from './recent-log.ts'
import { ShownInvites } from './shown-invites.ts'
import { StreamTokens, type StreamPoint } from './stream-token.ts'
import { changesSince, type Changes } from './sync-changes.ts'
import type { SyncPorts } from './sync-ports.ts'
import { AllUserRooms, type UserRooms } from './user-rooms.ts'

/** A request that may wait for news. */
export interface Waiter {
  /** Where it registers. */
  readonly waiting: WaitingRoom
  /** Aborts when nobody waits for the answer any more. Asked for only if the request waits. */
  readonly signal: () => AbortSignal
}

/**
 * The stream of everything that happens, as the readers of both kinds of sync follow it: where it stands, what changed for
 * a user since a point, and the waiting for more.
 */
export class SyncStream {
  readonly tokens: StreamTokens
  /** The rooms of users who sync. */
  readonly userRooms: AllUserRooms
  readonly ignored: AccountDataValues<ReadonlySet<string>>
  readonly invites: ShownInvites
  /** What both kinds of sync stand on. */
  readonly ports: SyncPorts
  readonly #log: RecentLog
  readonly #listeners: ((announcements: readonly Announcement[]) => void)[] = []

  /** Takes part in every commit from here on: make it before anybody writes. */
  constructor(ports: SyncPorts) {
    this.ports = ports
    this.tokens = new StreamTokens(ports.epoch)
    this.userRooms = new AllUserRooms(ports.db)
    this.#log = new RecentLog(ports.db)
    this.ignored = ignoredUsers(ports.globalData)
    this.invites = new ShownInvites(ports.globalData)
    ports.db.onCommitted((announcements) => this.#note(announcements))
    ports.typing.onChange((roomId) => this.#wakeRoom(roomId))
  }

  /** Called with what was committed, before anybody who waits is woken. */
  onCommitted(listener: (announcements: readonly Announcement[]) => void): void {
    this.#listeners.push(listener)
  }

  /** Where the stream stands. */
  now(): StreamPoint {
    return { positions: this.ports.db.positions(), typing: this.ports.typing.serial }
  }

  /** What may hold news for a user since a point. */
  changes(user: UserRooms, from: StreamPoint): Changes | Promise<Changes> {
    return changesSince(this.ports, this.#log, user, from)
  }

  /** A token of another process can be ahead of what this one has seen: that is waited for, within bounds. */
  async reached(point: StreamPoint): Promise<boolean> {
    const { db, clock } = this.ports
    const deadline = clock.monotonic() + catchUpMsMax
    while (!covers(db.positions(), point.positions)) {
      const left = deadline - clock.monotonic()
      if (left <= 0) return false
      await clock.sleep(Math.min(left, 20))
    }
    return true
  }

  /**
   * Wait until something touches the user or one of their rooms; 'over' when the answer is due whatever it holds. `looked`:
   * the point up to which the caller has looked. `deadline`: of the monotonic clock.
   */
  wait(request: Waiter, user: UserRooms, looked: StreamPoint, deadline: number): Promise<'woken' | 'over'> {
    const { clock } = this.ports
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
    const changes = changesSince(this.ports, this.#log, user, looked)
    return changes instanceof Promise || changes.userChanged || changes.rooms.length > 0
  }

  #note(announcements: readonly Announcement[]): void {
    this.userRooms.note(announcements)
    this.ports.receipts.note(announcements)
    this.ignored.note(announcements)
    this.invites.note(announcements)
    for (const listener of this.#listeners) listener(announcements)
    const { rooms, users } = this.#log.note(announcements)
    for (const roomId of rooms) this.#wakeRoom(roomId)
    for (const userId of users) wake(this.userRooms.peek(userId))
  }

  /** Wake a user's waiting requests. */
  wakeUser(userId: UserId): void {
    wake(this.userRooms.peek(userId))
  }

  #wakeRoom(roomId: RoomId): void {
    for (const user of this.userRooms.usersIn(roomId)) wake(user)
  }
}

function wake(user: UserRooms | undefined): void {
  if (user !== undefined) for (const waiter of user.waiters) waiter()
}
