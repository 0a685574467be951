import {
  basePushRules,
  canonicalJson,
  type DefaultRuleChange,
  type JsonObject,
  type JsonValue,
  type PushRule,
  type PushRuleKind,
  type PushRuleset,
  type RoomId,
} from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { pushRulesMax } from '../limits.ts'
import type { StoredRules } from './stored-rules.ts'

/** Where a rule goes among the user's own rules of its kind. */
export interface RulePlace {
  /** The rule that it comes right before; it goes before `after`. */
  readonly before?: string | undefined
  readonly after?: string | undefined
}

/**
 * Add a rule, most important unless `place` says otherwise, or change one, which stays where it is and on or off as it is.
 * Throws M_UNKNOWN (400) when the neighbour is not there, M_TOO_LARGE for too many rules.
 */
export function putRule(stored: StoredRules, kind: PushRuleKind, rule: PushRule, place: RulePlace): StoredRules {
  const list = stored.own[kind]
  const index = list.findIndex(({ rule_id }) => rule_id === rule.rule_id)
  const kept = { ...rule, enabled: list[index]?.enabled ?? true }
  const others = list.filter((_, at) => at !== index)
  const neighbour = place.before ?? place.after
  let at = Math.max(0, index)
  if (neighbour !== undefined) {
    const found = others.findIndex(({ rule_id }) => rule_id === neighbour)
    if (found < 0) throw new MatrixError('M_UNKNOWN', `before/after rule not found: ${neighbour}`, { status: 400 })
    at = place.before === undefined ? found + 1 : found
  }
  const count = Object.values(stored.own).reduce((sum, rules) => sum + rules.length, 0)
  if (index < 0 && count >= pushRulesMax) throw new MatrixError('M_TOO_LARGE', `an account has at most ${pushRulesMax} push rules`)
  return withKind(stored, kind, [...others.slice(0, at), kept, ...others.slice(at)])
}

/** Remove one of the user's own rules. Throws M_NOT_FOUND. */
export function removeRule(stored: StoredRules, kind: PushRuleKind, ruleId: string): StoredRules {
  const left = stored.own[kind].filter(({ rule_id }) => rule_id !== ruleId)
  if (left.length === stored.own[kind].length) throw noRule()
  return withKind(stored, kind, left)
}

/** Turn a rule on or off, or give it other actions, be it the user's or the server's. Throws M_NOT_FOUND. */
export function changeRule(
  stored: StoredRules,
  kind: PushRuleKind,
  ruleId: string,
  change: DefaultRuleChange,
  predefined: PushRuleset = basePushRules,
): StoredRules {
  const base = predefined[kind].find(({ rule_id }) => rule_id === ruleId)
  if (base === undefined) {
    if (!stored.own[kind].some(({ rule_id }) => rule_id === ruleId)) throw noRule()
    return withKind(
      stored,
      kind,
      stored.own[kind].map((rule) => (rule.rule_id === ruleId ? { ...rule, ...change } : rule)),
    )
  }
  const changes = new Map(stored.changes)
  const difference = differenceFrom(base, { ...changes.get(ruleId), ...change })
  if (difference === undefined) changes.delete(ruleId)
  else changes.set(ruleId, difference)
  return { ...stored, changes }
}

/**
 * The user's rules for a room hold for another one as well, right after the former; where there are rules for that one already,
 * they stay. Throws M_TOO_LARGE.
 */
export function copyRoomRules(stored: StoredRules, from: RoomId, to: RoomId): StoredRules {
  let copied = stored
  for (const kind of ['override', 'room', 'underride'] as const) {
    const rule = stored.own[kind].find(({ rule_id, conditions }) => rule_id === from && (kind === 'room' || namesRoom(conditions, from)))
    if (rule === undefined || stored.own[kind].some(({ rule_id }) => rule_id === to)) continue
    const conditions = rule.conditions?.map((condition) => (isAbout(condition, from) ? { ...condition, pattern: to } : condition))
    const moved = { ...rule, rule_id: to, ...(conditions === undefined ? {} : { conditions }) }
    const placed = putRule(copied, kind, moved, { after: from })
    copied = rule.enabled ? placed : changeRule(placed, kind, to, { enabled: false })
  }
  return copied
}

function namesRoom(conditions: readonly JsonObject[] | undefined, roomId: RoomId): boolean {
  return conditions?.some((condition) => isAbout(condition, roomId)) === true
}

function isAbout(condition: JsonObject, roomId: RoomId): boolean {
  return condition['kind'] === 'event_match' && condition['key'] === 'room_id' && condition['pattern'] === roomId
}

/** There is no such rule. */
export function noRule(): MatrixError {
  return new MatrixError('M_NOT_FOUND', 'The push rule was not found.')
}

function withKind(stored: StoredRules, kind: PushRuleKind, rules: readonly PushRule[]): StoredRules {
  return { ...stored, own: { ...stored.own, [kind]: rules } }
}

/** What of a change is one: users with the same rules have the same differences. */
function differenceFrom(base: PushRule, change: DefaultRuleChange): DefaultRuleChange | undefined {
  const enabled = change.enabled === base.enabled ? undefined : change.enabled
  const actions = change.actions === undefined || isSame(change.actions, base.actions) ? undefined : change.actions
  if (enabled === undefined && actions === undefined) return undefined
  return { ...(enabled === undefined ? {} : { enabled }), ...(actions === undefined ? {} : { actions }) }
}

function isSame(a: readonly JsonValue[], b: readonly JsonValue[]): boolean {
  return canonicalJson(a) === canonicalJson(b)
}
