import { parseUserId } from '../ids/user-id.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../json/json-value.ts'
import type { AuthState, Pdu } from '../pdu/pdu.ts'
import { allow, reject, type Refusal, type Verdict } from '../verdict.ts'
import type { RoomRules } from '../versions/room-rules.ts'
import { powerLevelValue } from './power-level-value.ts'
import { powerLevels } from './power-levels.ts'
import { createEvent, creators } from './read-state.ts'

const named = ['users_default', 'events_default', 'state_default', 'ban', 'redact', 'kick', 'invite'] as const
const none: JsonObject = {}

/**
 * May `event`, an m.room.power_levels whose sender may send its type, replace what `state` has?
 * https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules rule 10
 */
export function authorizePowerLevels(event: Pdu, state: AuthState, rules: RoomRules): Verdict {
  const misshapen = checkShape(event.content, rules) ?? checkCreators(event.content, state, rules)
  if (misshapen !== undefined) return misshapen

  // 10.5 "If there is no previous `m.room.power_levels` event in the room, allow."
  const current = state.get('m.room.power_levels', '')
  if (current === undefined) return allow

  const change = { current: current.content, next: event.content, senderLevel: powerLevels(state, rules).of(event.sender), rules }
  return checkNamed(change) ?? checkEntries(change, 'events') ?? checkNotifications(change) ?? checkUsers(change, event.sender) ?? allow
}

interface Change {
  readonly current: JsonObject
  readonly next: JsonObject
  readonly senderLevel: number
  readonly rules: RoomRules
}

function checkShape(content: JsonObject, rules: RoomRules): Refusal | undefined {
  if (rules.integerPowerLevels) {
    // 10.1 since v10: "If any of the properties `users_default`, … `invite` in `content` are present and not an integer, reject."
    for (const name of named) {
      if (content[name] !== undefined && powerLevelValue(content[name], rules) === undefined) {
        return reject('power_levels.integer', `${name} is not an integer`)
      }
    }

    // 10.2 since v10: "If either of the properties `events` or `notifications` in `content` are present and not an object with values
    // that are integers, reject."
    for (const group of ['events', 'notifications']) {
      if (content[group] !== undefined && !hasLevelsOnly(content[group], rules)) {
        return reject('power_levels.object', `${group} is not an object of integers`)
      }
    }
  }

  // 10.3 "If the `users` property in `content` is not an object with keys that are valid user IDs with values that are integers,
  // reject." (until v9: "or a string that is an integer"; until v5 also floats) An absent one is an empty one, as everywhere else.
  const { users } = content
  if (users === undefined) return undefined
  if (!hasLevelsOnly(users, rules)) return reject('power_levels.users', 'users is not an object of levels')
  for (const userId of Object.keys(users)) {
    if (parseUserId(userId) === undefined) return reject('power_levels.user_id', 'users has a key that is not a user id')
  }
  return undefined
}

function checkCreators(content: JsonObject, state: AuthState, rules: RoomRules): Refusal | undefined {
  // 10.4 since v12: "If the `users` property in `content` contains the `sender` of the `m.room.create` event or any of the
  // `additional_creators` array (if present) from the `content` of the `m.room.create` event, reject."
  const create = rules.creatorsOutrankAll ? createEvent(state) : undefined
  if (create === undefined) return undefined
  const users = objectAt(content, 'users')
  if (!creators(create, rules).some((creator) => Object.hasOwn(users, creator))) return undefined
  return reject('power_levels.creator', 'users lists a creator of the room')
}

function checkNamed(change: Change): Refusal | undefined {
  // 10.6 "For the properties `users_default`, … check if they were added, changed or removed. For each found alteration: If the current
  // value is higher than the `sender`'s current power level, reject. If the new value is higher …, reject."
  for (const name of named) {
    const { current, next } = alteration(change, change.current[name], change.next[name])
    if (next === undefined && change.next[name] !== undefined) return reject('power_levels.level', `${name} is not a level`)
    if (current === next) continue
    if (exceeds(current, change)) return reject('power_levels.current', `${name} is above the sender's level`)
    if (exceeds(next, change)) return reject('power_levels.new', `${name} would be above the sender's level`)
  }
  return undefined
}

function checkNotifications(change: Change): Refusal | undefined {
  // Until v5 the rules 10.7 and 10.8 do not cover `notifications`.
  return change.rules.notificationLevelsChecked ? checkEntries(change, 'notifications') : undefined
}

function checkEntries(change: Change, group: 'events' | 'notifications'): Refusal | undefined {
  if (change.next[group] !== undefined && !isJsonObject(change.next[group])) {
    return reject('power_levels.object', `${group} is not an object`)
  }
  for (const { name, current, next, malformed } of entriesOf(change, group)) {
    if (malformed) return reject('power_levels.level', `an entry of ${group} is not a level`)
    if (current === next) continue
    // 10.7 "For each entry being changed in, or removed from, the `events` or `notifications` properties: If the current value is greater
    // than the `sender`'s current power level, reject."
    if (exceeds(current, change)) return reject(`power_levels.${group}.current`, `the level of ${name} is above the sender's`)
    // 10.8 "For each entry being added to, or changed in, …: If the new value is greater than the `sender`'s current power level,
    // reject."
    if (exceeds(next, change)) return reject(`power_levels.${group}.new`, `the level of ${name} would be above the sender's`)
  }
  return undefined
}

function checkUsers(change: Change, sender: string): Refusal | undefined {
  for (const { name, current, next } of entriesOf(change, 'users')) {
    if (current === next) continue
    // 10.9 "For each entry being changed in, or removed from, the `users` property, other than the `sender`'s own entry: If the current
    // value is greater than or equal to the `sender`'s current power level, reject."
    if (name !== sender && current !== undefined && current >= change.senderLevel) {
      return reject('power_levels.users.current', 'a user who ranks as high as the sender would change')
    }
    // 10.10 "For each entry being added to, or changed in, the `users` property: If the new value is greater than the `sender`'s current
    // power level, reject."
    if (exceeds(next, change)) return reject('power_levels.users.new', 'a user would rank above the sender')
  }
  return undefined
}

interface Entry {
  readonly name: string
  readonly current: number | undefined
  readonly next: number | undefined
  readonly malformed: boolean
}

function* entriesOf(change: Change, group: string): Generator<Entry> {
  const current = objectAt(change.current, group)
  const next = objectAt(change.next, group)
  for (const name of Object.keys(next)) {
    const levels = alteration(change, Object.hasOwn(current, name) ? current[name] : undefined, next[name])
    yield { name, ...levels, malformed: levels.next === undefined }
  }
  for (const name of Object.keys(current)) {
    if (!Object.hasOwn(next, name)) yield { name, ...alteration(change, current[name], undefined), malformed: false }
  }
}

function alteration(change: Change, current: JsonValue | undefined, next: JsonValue | undefined) {
  return { current: powerLevelValue(current, change.rules), next: powerLevelValue(next, change.rules) }
}

function exceeds(level: number | undefined, change: Change): boolean {
  return level !== undefined && level > change.senderLevel
}

function objectAt(content: JsonObject, name: string): JsonObject {
  const value = content[name]
  return isJsonObject(value) ? value : none
}

function hasLevelsOnly(value: JsonValue | undefined, rules: RoomRules): value is JsonObject {
  return isJsonObject(value) && Object.values(value).every((level) => powerLevelValue(level, rules) !== undefined)
}
