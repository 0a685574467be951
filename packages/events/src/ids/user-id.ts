import type { UserId } from './ids.ts'
import { hasServerForm } from './localpart.ts'

const AT = 0x40

/** The user id that `text` is, in the historical grammar too. Absent when it is none. Spec: appendices, user identifiers. */
export function parseUserId(text: string): UserId | undefined {
  return isUserId(text) ? text : undefined
}

function isUserId(text: string): text is UserId {
  return hasServerForm(text, AT)
}

/** The part of a user id between `@` and the first colon; empty for a few historical users. */
export function localpartOf(userId: UserId): string {
  return userId.slice(1, userId.indexOf(':'))
}
