import {
  fitsUtf8,
  fromPlain,
  isJsonObject,
  pushRuleKinds,
  type JsonObject,
  type JsonValue,
  type PushRule,
  type PushRuleKind,
} from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { pushActionsMax, pushConditionsMax, pushPatternBytesMax, pushRuleIdBytesMax } from '../limits.ts'

/** What a client says of a rule of its own. */
export interface RuleWish {
  readonly actions: readonly unknown[]
  readonly conditions?: readonly unknown[] | undefined
  readonly pattern?: string | undefined
}

/** The kind that a path names. Throws M_INVALID_PARAM. */
export function parseRuleKind(text: string): PushRuleKind {
  const kind = pushRuleKinds.find((candidate) => candidate === text)
  if (kind === undefined) throw new MatrixError('M_INVALID_PARAM', 'there is no such kind of push rules')
  return kind
}

/** A user's own rule. Throws M_INVALID_PARAM, M_MISSING_PARAM, M_BAD_JSON. */
export function newRule(kind: PushRuleKind, ruleId: string, wish: RuleWish): PushRule {
  if (kind === 'postcontent') throw new MatrixError('M_INVALID_PARAM', 'rules of this kind are for the server to make')
  checkRuleId(ruleId)
  const base = { rule_id: ruleId, default: false, enabled: true, actions: newActions(wish.actions) }
  if (kind === 'content') {
    if (wish.pattern === undefined) throw new MatrixError('M_MISSING_PARAM', 'pattern is missing')
    checkBytes('pattern', wish.pattern)
    return { ...base, pattern: wish.pattern }
  }
  return kind === 'override' || kind === 'underride' ? { ...base, conditions: newConditions(wish.conditions ?? []) } : base
}

/** A rule's actions. Throws M_INVALID_PARAM, M_BAD_JSON. */
export function newActions(actions: readonly unknown[]): readonly JsonValue[] {
  if (actions.length > pushActionsMax) throw new MatrixError('M_INVALID_PARAM', `a push rule has at most ${pushActionsMax} actions`)
  return actions.map((action) => {
    const plain = fromPlain(action)
    if (typeof plain !== 'string' && !isJsonObject(plain)) throw new MatrixError('M_BAD_JSON', 'an action is a string or an object')
    return plain
  })
}

function newConditions(conditions: readonly unknown[]): readonly JsonObject[] {
  if (conditions.length > pushConditionsMax) {
    throw new MatrixError('M_INVALID_PARAM', `a push rule has at most ${pushConditionsMax} conditions`)
  }
  return conditions.map((condition) => {
    const plain = fromPlain(condition)
    if (!isJsonObject(plain) || typeof plain['kind'] !== 'string') {
      throw new MatrixError('M_BAD_JSON', 'a condition is an object with a kind')
    }
    for (const [name, value] of Object.entries(plain)) if (typeof value === 'string') checkBytes(name, value)
    return plain
  })
}

/** "If the string starts with a dot, the request MUST be rejected. Slashes and backslashes are also not allowed." */
function checkRuleId(ruleId: string): void {
  if (ruleId.startsWith('.')) throw new MatrixError('M_INVALID_PARAM', 'ids that begin with a dot are for the rules of the server')
  if (ruleId === '' || /[/\\\0]/.test(ruleId) || !fitsUtf8(ruleId, pushRuleIdBytesMax)) {
    throw new MatrixError('M_INVALID_PARAM', `the id of a push rule has 1 to ${pushRuleIdBytesMax} bytes and no slashes`)
  }
}

function checkBytes(name: string, text: string): void {
  if (!fitsUtf8(text, pushPatternBytesMax)) throw new MatrixError('M_INVALID_PARAM', `${name} has at most ${pushPatternBytesMax} bytes`)
}
