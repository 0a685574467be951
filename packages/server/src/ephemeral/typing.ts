import { serverOf, type RoomId, type ServerName, type UserId } from '@causeway/events'
import type { Cancel, Clock } from '../platform/clock.ts'
import { typingMsDefault, typingMsMax, typingRecentMax, typingRoomsMax, typingUsersMax } from './limits.ts'

/** Somebody began or stopped to type. */
export interface TypingNotice {
  readonly roomId: RoomId
  readonly userId: UserId
  readonly typing: boolean
  /** Milliseconds that it lasts. */
  readonly timeoutMs: number
}

interface Ports {
  readonly clock: Clock
  /** Is this user, of any server, joined to the room? */
  readonly isJoined: (roomId: RoomId, userId: UserId) => Promise<boolean>
  /** A user of ours began or stopped: tell the other servers of the room, and the other processes of this one. */
  readonly broadcast: (notice: TypingNotice) => void
}

/** Ends by itself unless it is renewed. */
interface Typist {
  readonly cancel: Cancel
}

interface TypingRoom {
  /** The serial of the newest change. */
  serial: number
  readonly users: Map<UserId, Typist>
}

/**
 * Who types where: in memory only, and gone with the process (Client-Server API, "Typing Notifications"). Each change has a
 * serial, which is the time at least, so that serials keep growing over a restart.
 */
export class Typing {
  readonly #ports: Ports
  readonly #rooms = new Map<RoomId, TypingRoom>()
  readonly #listeners: ((roomId: RoomId) => void)[] = []
  #recent: { readonly roomId: RoomId; readonly serial: number }[] = []
  #serial: number

  constructor(ports: Ports) {
    this.#ports = ports
    this.#serial = ports.clock.now()
  }

  /** The serial of the newest change anywhere. */
  get serial(): number {
    return this.#serial
  }

  /** A new serial, for other things that are in memory only and told in the same order. */
  tick(): number {
    this.#serial = Math.max(this.#serial + 1, this.#ports.clock.now())
    return this.#serial
  }

  /** Called after each change, with its room. */
  onChange(listener: (roomId: RoomId) => void): void {
    this.#listeners.push(listener)
  }

  /** A user of ours says that they type, or no longer do. The caller has checked that they are joined. */
  set(notice: TypingNotice): void {
    if (this.#apply(notice, true)) this.#ports.broadcast(notice)
  }

  /** A notice of a user of ours that another process of this server took in. */
  relay(notice: TypingNotice): void {
    this.#apply(notice, false)
  }

  /** An EDU of another server: ignored unless it is about a user of that server who is joined. */
  async receive(origin: ServerName, notice: Omit<TypingNotice, 'timeoutMs'>): Promise<void> {
    const { roomId, userId } = notice
    if (serverOf(userId) !== origin || !(await this.#ports.isJoined(roomId, userId))) return
    this.#apply({ ...notice, timeoutMs: typingMsDefault }, false)
  }

  /** Who types in a room, in the order in which they began. */
  usersIn(roomId: RoomId): readonly UserId[] {
    return [...(this.#rooms.get(roomId)?.users.keys() ?? [])]
  }

  /** Did typing in a room change after `serial`? */
  changedSince(roomId: RoomId, serial: number): boolean {
    return (this.#rooms.get(roomId)?.serial ?? 0) > serial
  }

  /** The rooms where typing changed after `serial`; absent when there are too many to tell. */
  roomsSince(serial: number): ReadonlySet<RoomId> | undefined {
    const rooms = new Set<RoomId>()
    for (let index = this.#recent.length - 1; index >= 0; index -= 1) {
      const change = this.#recent[index]
      if (change === undefined || change.serial <= serial) return rooms
      rooms.add(change.roomId)
    }
    // Nothing was forgotten while the list never was full.
    return this.#recent.length < typingRecentMax ? rooms : undefined
  }

  /** `own`: it began here, so that this process tells the others when it ends. Gives whether anything changed or was renewed. */
  #apply({ roomId, userId, typing, timeoutMs }: TypingNotice, own: boolean): boolean {
    const room = this.#rooms.get(roomId)
    const running = room?.users.get(userId)
    running?.cancel()
    if (!typing) {
      if (room === undefined || running === undefined) return false
      room.users.delete(userId)
      this.#changed(roomId, room)
      return true
    }
    const users = room?.users ?? new Map<UserId, Typist>()
    if (running === undefined && users.size >= typingUsersMax) return false
    const end: TypingNotice = { roomId, userId, typing: false, timeoutMs: 0 }
    const expire = (): void => {
      if (this.#apply(end, own) && own) this.#ports.broadcast(end)
    }
    users.set(userId, { cancel: this.#ports.clock.schedule(Math.min(Math.max(timeoutMs, 0), typingMsMax), expire) })
    if (running === undefined) this.#changed(roomId, room ?? { serial: 0, users })
    return true
  }

  #changed(roomId: RoomId, room: TypingRoom): void {
    room.serial = this.tick()
    this.#rooms.delete(roomId)
    this.#rooms.set(roomId, room)
    this.#recent.push({ roomId, serial: this.#serial })
    if (this.#recent.length > typingRecentMax * 2) this.#recent = this.#recent.slice(-typingRecentMax)
    if (this.#rooms.size > typingRoomsMax) this.#forgetOldest()
    for (const listener of this.#listeners) listener(roomId)
  }

  #forgetOldest(): void {
    for (const [roomId, room] of this.#rooms) {
      for (const { cancel } of room.users.values()) cancel()
      this.#rooms.delete(roomId)
      return
    }
  }
}
