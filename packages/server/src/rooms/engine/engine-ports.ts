import type { EventId, Pdu, ServerName, Signer } from '@causeway/events'
import type { Clock } from '../../platform/clock.ts'
import type { Random } from '../../platform/random.ts'
import type { Database } from '../../storage/database.ts'
import type { PushTally } from './push-tally.ts'
import type { RoomView } from './room-view.ts'
import type { StateReset } from './state-resets.ts'

/** What the engine needs of the world. */
export interface EnginePorts {
  readonly db: Database
  readonly serverName: ServerName
  /** Who signs our events. */
  readonly signer: Signer
  readonly clock: Clock
  readonly random: Random
  /** Which of our users left with the wish to be erased; `ready` resolves when they are known. */
  readonly erased: { ready(): Promise<void>; has(userId: string): boolean }
  /** Tell the operator. */
  readonly onStateReset: (reset: StateReset) => void
  /**
   * Who is to be notified of a live event in a thread, or in the main timeline: by what the view and its members' rules say. Judges
   * without waiting.
   */
  readonly audienceOf: (
    view: RoomView,
    thread: EventId | undefined,
  ) => Promise<{ tally(view: RoomView, pdu: Pdu, thread: EventId | undefined): PushTally }>
}
