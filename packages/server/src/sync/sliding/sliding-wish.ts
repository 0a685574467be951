import type { Reading } from '../../rooms/history/client-event.ts'
import type { LazyAnswer } from '../lazy-members.ts'
import type { StreamPoint, StreamTokens } from '../stream-token.ts'
import type { SyncCaller } from '../sync-ports.ts'

/** What one answer of sliding sync is about, the same for all its rooms. */
export interface SlidingWish {
  readonly caller: SyncCaller
  /** Where the client continues; absent for a new connection. */
  readonly since: StreamPoint | undefined
  readonly now: StreamPoint
  readonly reading: Reading
  readonly ignored: ReadonlySet<string>
  readonly direct: ReadonlySet<string>
  readonly lazy: LazyAnswer
  readonly tokens: StreamTokens
}
