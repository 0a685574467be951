import type { JsonObject, JsonValue } from '../json/json-value.ts'
import { localpartOf, parseUserId } from '../ids/user-id.ts'
import { Glob } from './glob.ts'
import type { PushEvent } from './push-event.ts'

/** What a rule may know beside the event. */
export interface PushFacts {
  /**
   * Whose rules they are. Absent for any member of a class of users whom the event does not name: conditions on the user's id do not
   * hold.
   */
  readonly userId?: string
  /** The user's display name in the room. Absent: conditions on it do not hold. */
  readonly displayName?: string
  /** Joined members of the room. */
  readonly memberCount: number
  /** The power level of the event's sender. */
  readonly senderPower: number
  /** The level needed to notify by this key, such as `room`. */
  readonly notificationLevel: (key: string) => number
  /** Is the user subscribed to the thread that the event is in? Absent for an event of the main timeline. */
  readonly threadSubscription?: boolean
}

/** A condition that is ready to be asked. */
export interface CompiledCondition {
  holds(event: PushEvent, facts: PushFacts): boolean
  /** The path of a property that must be or contain the user's id. */
  readonly userIdAt?: string
  /** Does it look for the user's display name? */
  readonly usesDisplayName?: boolean
  /** Does it look for the localpart of the user's id? */
  readonly usesLocalpart?: boolean
  /** Does it ask whether the user is subscribed to the event's thread? */
  readonly usesThreadSubscription?: boolean
}

const never: CompiledCondition = { holds: () => false }
const memberCountForm = /^(==|<=|>=|<|>)?([0-9]+)$/

/** Compiles a condition. "Unrecognised conditions MUST NOT match any events", nor do those whose parameters are of a wrong shape. */
export function compileCondition(condition: JsonObject): CompiledCondition {
  switch (condition['kind']) {
    case 'event_match':
      return compileMatch(condition)
    case 'event_property_is':
      return compilePropertyIs(condition)
    case 'event_property_contains':
      return compilePropertyContains(condition)
    case 'contains_display_name':
      return { holds: containsDisplayName, usesDisplayName: true }
    case 'room_member_count':
      return compileMemberCount(condition['is'])
    case 'sender_notification_permission':
      return compilePermission(condition['key'])
    case 'io.element.msc4306.thread_subscription':
      return compileThreadSubscription(condition['subscribed'])
    default:
      return never
  }
}

/** The condition that `pattern` matches the property at `path`: at word boundaries in `content.body`, else as a whole. */
export function compilePattern(path: string, pattern: string): CompiledCondition {
  const glob = Glob.parse(pattern)
  const ofWords = path === 'content.body'
  return {
    holds(event) {
      const text = event.foldedAt(path)
      if (text === undefined) return false
      return ofWords ? glob.matchesWords(text) : glob.matchesWhole(text)
    },
  }
}

/** The condition that the text names the user by the localpart of their id. */
export const containsLocalpart: CompiledCondition = {
  holds(event, { userId }) {
    const body = event.foldedAt('content.body')
    const parsed = userId === undefined ? undefined : parseUserId(userId)
    return body !== undefined && parsed !== undefined && Glob.literal(localpartOf(parsed)).matchesWords(body)
  },
  usesLocalpart: true,
}

/** The condition that an event does not say by `m.mentions` whom it mentions. */
export const saysNoMentions: CompiledCondition = { holds: (event) => event.valueAt('content.m\\.mentions') === undefined }

function compileMatch({ key, pattern, pattern_type: patternType }: JsonObject): CompiledCondition {
  if (typeof key !== 'string') return never
  // An id is no pattern: compared as it is, so that the user can be looked up by the property's value.
  if (patternType === 'user_id') return { holds: (event, { userId }) => isUser(event.valueAt(key), userId), userIdAt: key }
  return typeof pattern === 'string' ? compilePattern(key, pattern) : never
}

function compilePropertyIs({ key, value, value_type: valueType }: JsonObject): CompiledCondition {
  if (typeof key !== 'string') return never
  if (valueType === 'user_id') return { holds: (event, { userId }) => isUser(event.valueAt(key), userId), userIdAt: key }
  return isSimple(value) ? { holds: (event) => event.valueAt(key) === value } : never
}

function compilePropertyContains({ key, value, value_type: valueType }: JsonObject): CompiledCondition {
  if (typeof key !== 'string') return never
  const contains = (event: PushEvent, wanted: JsonValue | undefined): boolean => {
    const list = event.valueAt(key)
    return wanted !== undefined && Array.isArray(list) && list.includes(wanted)
  }
  if (valueType === 'user_id') return { holds: (event, { userId }) => contains(event, userId), userIdAt: key }
  return isSimple(value) ? { holds: (event) => contains(event, value) } : never
}

function containsDisplayName(event: PushEvent, { displayName }: PushFacts): boolean {
  const body = event.foldedAt('content.body')
  if (body === undefined || displayName === undefined || displayName === '') return false
  return Glob.literal(displayName).matchesWords(body)
}

function compileMemberCount(is: JsonValue | undefined): CompiledCondition {
  const [, comparison = '==', digits] = typeof is === 'string' ? (memberCountForm.exec(is) ?? []) : []
  if (digits === undefined) return never
  const limit = Number(digits)
  return {
    holds(_, { memberCount }) {
      if (comparison === '<') return memberCount < limit
      if (comparison === '>') return memberCount > limit
      if (comparison === '<=') return memberCount <= limit
      if (comparison === '>=') return memberCount >= limit
      return memberCount === limit
    },
  }
}

function compilePermission(key: JsonValue | undefined): CompiledCondition {
  if (typeof key !== 'string') return never
  return { holds: (_, { senderPower, notificationLevel }) => senderPower >= notificationLevel(key) }
}

function compileThreadSubscription(subscribed: JsonValue | undefined): CompiledCondition {
  if (typeof subscribed !== 'boolean') return never
  return { holds: (_, { threadSubscription }) => threadSubscription === subscribed, usesThreadSubscription: true }
}

function isUser(value: JsonValue | undefined, userId: string | undefined): boolean {
  return userId !== undefined && value === userId
}

/** Is this a value that conditions can compare: a string, an integer, a boolean or null? */
function isSimple(value: JsonValue | undefined): value is string | number | boolean | null {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}
