import { emptyObject, isJsonObject, NumberLexeme, parseUserId, type JsonObject, type JsonValue, type RoomRules } from '@causeway/events'

/** Who made the old room and who makes the new one, with those beside them. */
export interface Creators {
  readonly old: readonly string[]
  readonly new: readonly string[]
}

const named = ['ban', 'events_default', 'invite', 'kick', 'redact', 'state_default', 'users_default'] as const
const groups = ['events', 'notifications'] as const

/**
 * The power levels of a room in the form that its successor's version takes: integers; without its creators where they stand
 * above all levels; and with those who stood above all where nobody does (from version 12 back).
 */
export function carriedLevels(content: JsonObject, from: RoomRules, to: RoomRules, creators: Creators): JsonObject {
  const levels = emptyObject()
  for (const [key, value] of Object.entries(content)) if (!isRead(key)) levels[key] = value
  for (const key of named) {
    const level = levelOf(content[key])
    if (level !== undefined) levels[key] = level
  }
  for (const key of groups) if (isJsonObject(content[key] ?? null)) levels[key] = levelsOf(content[key], () => true)
  const users = levelsOf(content['users'], (userId) => parseUserId(userId) !== undefined)
  if (to.creatorsOutrankAll) for (const creator of creators.new) delete users[creator]
  else if (from.creatorsOutrankAll) for (const creator of creators.old) users[creator] = highest(levels)
  return { ...levels, users }
}

function isRead(key: string): boolean {
  return key === 'users' || named.some((name) => name === key) || groups.some((name) => name === key)
}

function levelsOf(value: JsonValue | undefined, wants: (key: string) => boolean): Record<string, JsonValue> {
  const levels = emptyObject()
  for (const [key, entry] of Object.entries(value !== undefined && isJsonObject(value) ? value : {})) {
    const level = levelOf(entry)
    if (level !== undefined && wants(key)) levels[key] = level
  }
  return levels
}

/** Old versions took strings of digits, and numbers with fractions. */
function levelOf(value: JsonValue | undefined): number | undefined {
  const text = value instanceof NumberLexeme ? value.lexeme : value
  const isDigits = typeof text === 'string' && (value instanceof NumberLexeme || /^\s*[+-]?\d+\s*$/.test(text))
  const level = typeof text === 'number' ? text : isDigits ? Math.trunc(Number(text)) : undefined
  return level !== undefined && Number.isSafeInteger(level) ? level : undefined
}

/** What it takes to do everything, and no less than 100. */
function highest(levels: JsonObject): number {
  const events = levels['events']
  const all = [...named.map((key) => levels[key]), ...Object.values(events !== undefined && isJsonObject(events) ? events : {})]
  return Math.max(100, ...all.filter((level) => typeof level === 'number'))
}
