import { assert } from '../assert.ts'
import type { EventId, RoomAlias, RoomId, ServerName, UserId } from './ids.ts'
import { isServerName } from './server-name.ts'

/**
 * The server part of an id: what stands after the first colon. User ids and aliases always have one; room ids from version 12 on and
 * event ids from version 3 on have none. Spec: appendices, common identifier format.
 */
export function serverOf(id: UserId | RoomAlias): ServerName
export function serverOf(id: RoomId | EventId): ServerName | undefined
export function serverOf(id: UserId | RoomAlias | RoomId | EventId): ServerName | undefined {
  const colon = id.indexOf(':')
  if (colon !== -1) {
    const server = id.slice(colon + 1)
    if (isServerName(server)) return server
  }
  const sigil = id.charCodeAt(0)
  assert(sigil !== 0x40 && sigil !== 0x23, 'a user id or room alias names its server')
  return undefined
}
