import { isJsonObject, parseUserId, serverOf, type JsonObject, type ServerName } from '@causeway/events'
import { presenceOfEduMax, statusMessageCharsMax } from './limits.ts'
import { presenceNames, type PresenceNotice, type PresenceState } from './presence.ts'

/** Is it a presence? */
export function isPresenceName(value: unknown): value is PresenceNotice['presence'] {
  return presenceNames.some((name) => name === value)
}

/**
 * The well-formed updates of an m.presence EDU, of users of its origin only. `now`: milliseconds since 1970.
 * Server-Server API, "Presence".
 */
export function parsePresenceEdu(origin: ServerName, content: JsonObject, now: number): PresenceNotice[] {
  const { push } = content
  if (!Array.isArray(push)) return []
  return push.slice(0, presenceOfEduMax).flatMap((update): PresenceNotice[] => {
    if (!isJsonObject(update)) return []
    const { user_id: user, presence, status_msg: status, last_active_ago: ago } = update
    const userId = typeof user === 'string' ? parseUserId(user) : undefined
    if (userId === undefined || serverOf(userId) !== origin || !isPresenceName(presence)) return []
    const statusMessage = typeof status === 'string' && status !== '' ? status.slice(0, statusMessageCharsMax) : undefined
    const lastActive = typeof ago === 'number' && ago >= 0 ? Math.max(0, now - ago) : undefined
    return [{ userId, presence, statusMessage, lastActive }]
  })
}

/** The content of an m.presence EDU. */
export function presenceEdu(states: readonly PresenceState[], now: number): JsonObject {
  return { push: states.map((state) => ({ user_id: state.userId, ...presenceContent(state, now) })) }
}

/** What clients and servers are told of somebody. */
export function presenceContent(state: PresenceState, now: number): { readonly [key: string]: string | number | boolean } {
  const { presence, statusMessage, lastActive, currentlyActive } = state
  return {
    presence,
    ...(lastActive === undefined ? {} : { last_active_ago: Math.max(0, now - lastActive) }),
    ...(statusMessage === undefined ? {} : { status_msg: statusMessage }),
    ...(presence === 'online' ? { currently_active: currentlyActive } : {}),
  }
}
