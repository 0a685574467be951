/** A refusal names the rule that refused, so that tests, logs and the operator's pages speak of the same thing. */
export interface Refusal {
  readonly allowed: false
  /** The rule's name, dotted, stable: `member.knock.join_rule`. */
  readonly rule: string
  /** One sentence for a person. */
  readonly why: string
}

/** The judgement over what somebody else sent. */
export type Verdict = { readonly allowed: true } | Refusal

/** The one positive verdict. */
export const allow: Verdict = { allowed: true }

/** A refusal by the named rule. */
export function reject(rule: string, why: string): Refusal {
  return { allowed: false, rule, why }
}
