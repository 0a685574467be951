import type { RoomId, UserId } from '@causeway/events'
import type { Clock } from '../../platform/clock.ts'
import type { Database } from '../../storage/database.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import type { FindElsewhere } from './event-by-time.ts'
import type { Backfill } from './messages.ts'
import type { StateHistory } from './state-history.ts'

/** What reading rooms takes. */
export interface ReadingPorts {
  readonly db: Database
  readonly engine: RoomEngine
  readonly clock: Clock
  readonly stateHistory: StateHistory
  readonly backfill: Backfill
  readonly findElsewhere: FindElsewhere
  /** Resolves when the whole state of a room is here. Throws when that takes longer than a request may. */
  readonly complete: (roomId: RoomId) => Promise<void>
  /** The users whose events a user of ours is not to be shown. */
  readonly ignoredBy: (userId: UserId) => Promise<ReadonlySet<string>>
}
