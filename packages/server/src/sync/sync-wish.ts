import type { Reading } from '../rooms/history/client-event.ts'
import type { InviteRules } from '../users/account-data/invite-rules.ts'
import type { LazyAnswer } from './lazy-members.ts'
import type { StreamPoint, StreamTokens } from './stream-token.ts'
import type { SyncFilter } from './sync-filter.ts'
import type { AccountDataPiece, SyncCaller } from './sync-ports.ts'

/** The name under which the state at the end of a timeline is given, when it is asked for. */
export type StateAfterName = 'state_after' | 'org.matrix.msc4222.state_after'

/** What one answer is about, the same for all its rooms. */
export interface SyncWish {
  readonly caller: SyncCaller
  /** Absent for a first sync. */
  readonly since: StreamPoint | undefined
  /** It is a first sync to us alone: the client goes on from a token that means nothing any more. */
  readonly anew: boolean
  readonly now: StreamPoint
  readonly filter: SyncFilter
  readonly fullState: boolean
  readonly stateAfter: StateAfterName | undefined
  readonly reading: Reading
  readonly ignored: ReadonlySet<string>
  readonly invites: InviteRules
  readonly lazy: LazyAnswer
  readonly tokens: StreamTokens
}

/** `{"events":[…]}`. */
export function eventList(texts: readonly string[]): string {
  return `{"events":[${texts.join(',')}]}`
}

/** Account data as events. */
export function accountDataEvents(pieces: readonly AccountDataPiece[]): string[] {
  return pieces.map(({ type, content }) => `{"content":${content},"type":${JSON.stringify(type)}}`)
}
