import { isJsonObject, type JsonObject } from '../json/json-value.ts'
import { emptyObject, type MutableJsonObject } from '../json/plain-object.ts'
import type { RoomRules } from '../versions/room-rules.ts'

const keptSinceV11: ReadonlySet<string> = new Set([
  'event_id',
  'type',
  'room_id',
  'sender',
  'state_key',
  'content',
  'hashes',
  'signatures',
  'depth',
  'prev_events',
  'auth_events',
  'origin_server_ts',
])
const keptBeforeV11: ReadonlySet<string> = new Set([...keptSinceV11, 'prev_state', 'origin', 'membership'])

const powerLevelKeys = ['ban', 'events', 'events_default', 'kick', 'redact', 'state_default', 'users', 'users_default'] as const
const powerLevelKeysV11 = [...powerLevelKeys, 'invite'] as const

/** The top-level keys that redaction keeps in this room version. Spec: the section "Redactions" of each room version. */
export function keptKeys(rules: RoomRules): ReadonlySet<string> {
  return rules.redactionRulesV11 ? keptSinceV11 : keptBeforeV11
}

/**
 * The redacted form of an event: the keys that the room's rules need, nothing else. It always has `content`.
 * Spec: the section "Redactions" of each room version.
 */
export function redact(object: JsonObject, rules: RoomRules): JsonObject {
  const kept = keptKeys(rules)
  const redacted = emptyObject()
  for (const [key, value] of Object.entries(object)) {
    if (kept.has(key)) redacted[key] = value
  }
  const { type, content } = object
  redacted['content'] = redactContent(typeof type === 'string' ? type : '', isJsonObject(content) ? content : emptyObject(), rules)
  return redacted
}

/** Does redaction keep anything at all of the content of this type of event? */
export function keepsContent(type: string, rules: RoomRules): boolean {
  return type === 'm.room.create' ? true : keptContentKeys(type, rules).length > 0
}

/** The redacted form of an event's content. */
export function redactContent(type: string, content: JsonObject, rules: RoomRules): JsonObject {
  if (type === 'm.room.create' && rules.redactionRulesV11) return content
  const redacted = emptyObject()
  for (const key of keptContentKeys(type, rules)) {
    const value = content[key]
    if (value !== undefined) redacted[key] = value
  }
  if (type === 'm.room.member' && rules.redactionRulesV11) keepSigned(content, redacted)
  return redacted
}

/** From version 11 on a third-party invite keeps its `signed`, which proves it, and loses the invited person's display name. */
function keepSigned(content: JsonObject, redacted: MutableJsonObject): void {
  const invite = content['third_party_invite']
  if (!isJsonObject(invite)) return
  const kept = emptyObject()
  if (invite['signed'] !== undefined) kept['signed'] = invite['signed']
  redacted['third_party_invite'] = kept
}

function keptContentKeys(type: string, rules: RoomRules): readonly string[] {
  switch (type) {
    case 'm.room.member':
      return rules.redactionKeepsJoinAuthorisation ? ['membership', 'join_authorised_via_users_server'] : ['membership']
    case 'm.room.create':
      return ['creator']
    case 'm.room.join_rules':
      return rules.redactionKeepsJoinRuleAllow ? ['join_rule', 'allow'] : ['join_rule']
    case 'm.room.power_levels':
      return rules.redactionRulesV11 ? powerLevelKeysV11 : powerLevelKeys
    case 'm.room.aliases':
      return rules.aliasesAreSpecial ? ['aliases'] : []
    case 'm.room.history_visibility':
      return ['history_visibility']
    case 'm.room.redaction':
      return rules.redactionRulesV11 ? ['redacts'] : []
    default:
      return []
  }
}
