import type { JsonObject, JsonValue } from '../json/json-value.ts'

/** The kinds of push rules in the order in which they are tried. Of `postcontent` (MSC4306) there are only the server's own. */
export const pushRuleKinds = ['override', 'content', 'postcontent', 'room', 'sender', 'underride'] as const

/** One of {@link pushRuleKinds}. */
export type PushRuleKind = (typeof pushRuleKinds)[number]

/**
 * A push rule as clients see it, but that a condition may say `pattern_type: 'user_id'` or `value_type: 'user_id'` instead of a pattern
 * or value, for the id of the user whose rule it is, and a content rule `pattern_type: 'user_localpart'`. Thereby users with the same rules
 * have equal rules.
 * https://spec.matrix.org/v1.19/client-server-api/#push-rules
 */
export interface PushRule {
  readonly rule_id: string
  /** Is it one of the server's own? */
  readonly default: boolean
  readonly enabled: boolean
  readonly actions: readonly JsonValue[]
  /** Of override, postcontent and underride rules. */
  readonly conditions?: readonly JsonObject[]
  /** Of content rules. */
  readonly pattern?: string
  readonly pattern_type?: 'user_localpart'
}

/** A user's rules, in the order of their priority within each kind. */
export type PushRuleset = { readonly [kind in PushRuleKind]: readonly PushRule[] }
