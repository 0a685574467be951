import { parseEventId, type EventId, type RoomId, type UserId } from '@causeway/events'
import { MatrixError } from '../errors.ts'
import type { Located, Receipts } from './receipts.ts'

/** What a client says that its user has read. */
export interface MarkerCommand {
  readonly roomId: RoomId
  readonly userId: UserId
  readonly type: string
  readonly eventId: EventId
  /** '' for none. */
  readonly thread: string
}

/** Where a piece of account data stands. */
interface AccountDataPlace {
  readonly userId: UserId
  readonly roomId: RoomId
  readonly type: 'm.fully_read'
}

interface Ports {
  readonly receipts: Receipts
  /** Throws M_FORBIDDEN, M_NOT_FOUND, M_INVALID_PARAM. */
  readonly target: (roomId: RoomId, userId: UserId, eventId: EventId, thread: string) => Promise<Located>
  /** Position of an event in its room's timeline, 0 for an unknown one. */
  readonly locate: (roomId: RoomId, eventId: EventId) => Promise<Located | undefined>
  readonly accountData: {
    find(place: AccountDataPlace): Promise<string | undefined>
    change(place: AccountDataPlace, change: (content: string | undefined) => string | undefined): Promise<void>
  }
}

/** Read receipts and fully-read markers of our users (Client-Server API, "Receipts", "Read and unread markers"). */
export class ReadMarkers {
  readonly #ports: Ports

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** Move one marker forward. One that is further on already stays. Throws M_INVALID_PARAM for a type that is unknown. */
  async set(command: MarkerCommand): Promise<void> {
    const { roomId, userId, type, eventId, thread } = command
    if (type !== 'm.read' && type !== 'm.read.private' && type !== 'm.fully_read') {
      throw new MatrixError('M_INVALID_PARAM', 'There is no such type of receipt')
    }
    if (type === 'm.fully_read' && thread !== '') throw new MatrixError('M_INVALID_PARAM', 'm.fully_read has no threads')
    const located = await this.#ports.target(roomId, userId, eventId, thread)
    if (type === 'm.fully_read') await this.#setFullyRead(roomId, userId, eventId, located)
    else await this.#ports.receipts.set({ roomId, userId, type, thread, eventId }, located)
  }

  async #setFullyRead(roomId: RoomId, userId: UserId, eventId: EventId, located: Located): Promise<void> {
    const { accountData, locate } = this.#ports
    const place = { userId, roomId, type: 'm.fully_read' } as const
    const current = await accountData.find(place)
    const marked = current === undefined ? undefined : markedIn(current)
    const before = marked === undefined ? undefined : await locate(roomId, marked)
    if (before !== undefined && before.pos >= located.pos) return
    // Somebody else moved it meanwhile: theirs is as new as ours.
    await accountData.change(place, (content) => (content === current ? JSON.stringify({ event_id: eventId }) : content))
  }
}

function markedIn(content: string): EventId | undefined {
  const parsed: unknown = JSON.parse(content)
  const marked = typeof parsed === 'object' && parsed !== null && 'event_id' in parsed ? parsed.event_id : undefined
  return typeof marked === 'string' ? parseEventId(marked) : undefined
}
