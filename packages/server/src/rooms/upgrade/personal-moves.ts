import { parseRoomId, parseUserId, type RoomId, type UserId } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/logger.ts'
import { localMembers } from '../../storage/tables/memberships.ts'
import { deleteRoomMove, nextRoomMoves, type RoomMoveRow } from '../../storage/tables/room-moves.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import { RowWork } from '../row-work.ts'
import { movesBatch, movesRetryMs } from './limits.ts'
import { replacedBy, replacing, type Replacement } from './replacement.ts'

interface Ports {
  readonly engine: RoomEngine
  readonly clock: Clock
  readonly log: Logger
  /** Copy what a user has set for a room to another one, where they have set nothing there. May be repeated. */
  readonly copySettings: (userId: UserId, from: RoomId, to: RoomId) => Promise<void>
}

/**
 * When one of our users comes into a room that took the place of another one that they were in, their tags, their push rules
 * and its standing as a direct chat go along (Client-Server API, "Room Upgrades"). Both rooms must say so, whichever says it
 * last. The moves are rows, written with the event that causes them, worked off in the background and taken up again at start.
 */
export class PersonalMoves {
  readonly #ports: Ports
  readonly #work: RowWork

  constructor(ports: Ports) {
    this.#ports = ports
    this.#work = new RowWork(
      { ...ports, db: ports.engine.ports.db },
      {
        kind: 'room-move',
        round: () => this.#round(),
        retryMs: movesRetryMs,
        failure: 'settings of users could not go along to a new room',
      },
    )
  }

  start(): void {
    this.#work.start()
  }

  stop(): void {
    this.#work.stop()
  }

  async #round(): Promise<{ more: boolean; later: boolean }> {
    const { db } = this.#ports.engine.ports
    const moves = await nextRoomMoves(db, movesBatch)
    for (const move of moves) {
      await this.#move(move)
      await db.commit({ steps: [{ query: deleteRoomMove(move) }] })
    }
    return { more: moves.length === movesBatch, later: false }
  }

  async #move(move: RoomMoveRow): Promise<void> {
    const { engine } = this.#ports
    const roomId = parseRoomId(move.room_id)
    if (roomId === undefined) return
    const userId = parseUserId(move.user_id)
    const replacement = userId === undefined ? await replacing(engine, roomId) : await replacedBy(engine, roomId)
    if (replacement === undefined) return
    const members = userId === undefined ? replacement.new.localJoined : [userId]
    const before = new Set((await localMembers(engine.ports.db, replacement.old.room, ['join', 'leave', 'ban'])).map((row) => row.user_id))
    for (const member of members) if (before.has(member)) await this.#copy(member, replacement)
  }

  async #copy(userId: UserId, replacement: Replacement): Promise<void> {
    try {
      await this.#ports.copySettings(userId, replacement.old.roomId, replacement.new.roomId)
    } catch (error) {
      // An account with no room for more keeps what it has.
      if (!(error instanceof MatrixError) || error.status >= 500) throw error
      this.#ports.log.info({ user: userId, error: error.message }, 'settings did not go along to a new room')
    }
  }
}
