import { isJsonObject, type JsonValue } from '../json/json-value.ts'
import {
  compileCondition,
  compilePattern,
  containsLocalpart,
  saysNoMentions,
  type CompiledCondition,
  type PushFacts,
} from './compile-condition.ts'
import type { PushEvent } from './push-event.ts'
import { pushRuleKinds, type PushRule, type PushRuleKind, type PushRuleset } from './push-rule.ts'

/** What the rules say about an event. */
export interface PushOutcome {
  readonly notify: boolean
  readonly highlight: boolean
  /** For the push gateway and /notifications, without the historical actions. */
  readonly actions: readonly JsonValue[]
  /** The rule that matched. */
  readonly ruleId: string | undefined
}

/** Rules that are ready to be asked, by all users whose rules are equal. */
export interface CompiledRules {
  readonly rules: readonly CompiledRule[]
}

interface CompiledRule {
  readonly conditions: readonly CompiledCondition[]
  readonly outcome: PushOutcome
}

const nothing: PushOutcome = { notify: false, highlight: false, actions: [], ruleId: undefined }
const historicalActions: readonly JsonValue[] = ['dont_notify', 'coalesce']

/** Makes rules ready. Disabled ones "never match" and are left out. */
export function compileRules(ruleset: PushRuleset): CompiledRules {
  const rules = pushRuleKinds.flatMap((kind) => ruleset[kind].filter(({ enabled }) => enabled).map((rule) => compileRule(kind, rule)))
  return { rules }
}

/**
 * What the first matching rule says. "Homeservers MUST NOT notify the Push Gateway for events that the user has sent themselves."
 * https://spec.matrix.org/v1.19/client-server-api/#push-rules
 */
export function evaluate(compiled: CompiledRules, event: PushEvent, facts: PushFacts): PushOutcome {
  if (facts.userId === event.pdu.sender) return nothing
  for (const { conditions, outcome } of compiled.rules) {
    if (conditions.every((condition) => condition.holds(event, facts))) return outcome
  }
  return nothing
}

/** What of these rules depends on who the user is, beyond the rules themselves. */
export interface UserDependence {
  /** The names of the rules that do, each once. */
  readonly ruleIds: readonly string[]
  /** The property paths whose value is compared with the user's id. */
  readonly userIdPaths: readonly string[]
  /** Is a display name looked for in the body? */
  readonly displayName: boolean
  /** Is the localpart of the user's id looked for in the body? */
  readonly localpart: boolean
  /** Is it asked whether the user is subscribed to the event's thread? */
  readonly threadSubscription: boolean
}

/**
 * Which rules depend on the user. For all others one evaluation without a user id is enough for the whole class: only the users whom
 * {@link namedUserIds} gives, those whose display name or localpart the body may hold, and those who are subscribed to the event's thread, need one
 * of their own.
 */
export function dependsOnUser(compiled: CompiledRules): UserDependence {
  const ruleIds = new Set<string>()
  const userIdPaths = new Set<string>()
  let displayName = false
  let localpart = false
  let threadSubscription = false
  for (const { conditions, outcome } of compiled.rules) {
    for (const { userIdAt, usesDisplayName, usesLocalpart, usesThreadSubscription } of conditions) {
      if (userIdAt !== undefined) userIdPaths.add(userIdAt)
      displayName ||= usesDisplayName === true
      localpart ||= usesLocalpart === true
      threadSubscription ||= usesThreadSubscription === true
      const depends = [usesDisplayName, usesLocalpart, usesThreadSubscription].includes(true) || userIdAt !== undefined
      if (depends && outcome.ruleId !== undefined) ruleIds.add(outcome.ruleId)
    }
  }
  return { ruleIds: [...ruleIds], userIdPaths: [...userIdPaths], displayName, localpart, threadSubscription }
}

/** The ids that the event has where the rules compare with a user's id: for every other user those conditions do not hold. */
export function namedUserIds({ userIdPaths }: UserDependence, event: PushEvent): ReadonlySet<string> {
  const found = new Set<string>()
  for (const path of userIdPaths) {
    const value = event.valueAt(path)
    for (const candidate of Array.isArray(value) ? value : [value]) if (typeof candidate === 'string') found.add(candidate)
  }
  return found
}

function compileRule(kind: PushRuleKind, rule: PushRule): CompiledRule {
  const actions = rule.actions.filter((action) => !historicalActions.includes(action))
  const outcome = { notify: actions.includes('notify'), highlight: isHighlight(actions), actions, ruleId: rule.rule_id }
  return { conditions: conditionsOf(kind, rule), outcome }
}

/** Rules that were there before `m.mentions` and give way to it. */
const mentionsByText: ReadonlySet<string> = new Set(['.m.rule.contains_display_name', '.m.rule.contains_user_name', '.m.rule.roomnotif'])

function conditionsOf(kind: PushRuleKind, rule: PushRule): readonly CompiledCondition[] {
  const conditions = ownConditionsOf(kind, rule)
  return rule.default && mentionsByText.has(rule.rule_id) ? [saysNoMentions, ...conditions] : conditions
}

function ownConditionsOf(kind: PushRuleKind, rule: PushRule): readonly CompiledCondition[] {
  switch (kind) {
    case 'content':
      return [rule.pattern_type === 'user_localpart' ? containsLocalpart : compilePattern('content.body', rule.pattern ?? '')]
    case 'room':
      return [{ holds: ({ pdu }) => pdu.roomId === rule.rule_id }]
    case 'sender':
      return [{ holds: ({ pdu }) => pdu.sender === rule.rule_id }]
    case 'override':
    case 'postcontent':
    case 'underride':
      return (rule.conditions ?? []).map(compileCondition)
  }
}

/** "If a `highlight` tweak is given with no value, its value is defined to be `true`." The last one given holds. */
function isHighlight(actions: readonly JsonValue[]): boolean {
  const tweak = actions.findLast((action) => isJsonObject(action) && action['set_tweak'] === 'highlight')
  return isJsonObject(tweak) && (tweak['value'] === undefined || tweak['value'] === true)
}
