import { isLocalpart, parseUserId, type ServerName, type UserId } from '@causeway/events'
import { MatrixError } from '../errors.ts'
import type { Random } from '../platform/random.ts'
import { usernameChars } from './limits.ts'

/** The text with the letters A to Z as small ones; others stay, so that nobody becomes somebody else. */
export function lowerCase(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

/**
 * The user id that a new account with this username has. Capital letters become small ones.
 * Throws M_INVALID_USERNAME. Spec: appendices, user identifiers.
 */
export function newUserId(username: string, serverName: ServerName): UserId {
  const localpart = lowerCase(username)
  const userId = isLocalpart(localpart) ? parseUserId(`@${localpart}:${serverName}`) : undefined
  if (userId === undefined) throw new MatrixError('M_INVALID_USERNAME', 'a username consists of a-z, 0-9, ., _, =, -, / and +')
  if (localpart.startsWith('_')) throw new MatrixError('M_INVALID_USERNAME', 'a username does not begin with _')
  return userId
}

/** A username for somebody who wants none. */
export function randomUsername(random: Random): string {
  return random.token(usernameChars).toLowerCase()
}
