import { Type } from '../../http/type.ts'
import { endpoint } from '../../http/endpoint.ts'
import { newRule, parseRuleKind } from '../../users/push-rules/new-rule.ts'
import type { PushRules } from '../../users/push-rules/push-rules.ts'

export const setPushRule = endpoint({
  method: 'PUT',
  path: '/_matrix/client/v3/pushrules/global/{kind}/{ruleId}',
  also: ['/_matrix/client/r0/pushrules/global/{kind}/{ruleId}'],
  summary: 'Add or change a push rule.',
  auth: 'user',
  limit: 'write',
  query: Type.Object({ before: Type.Optional(Type.String()), after: Type.Optional(Type.String()) }),
  body: Type.Object({
    actions: Type.Array(Type.Unknown()),
    conditions: Type.Optional(Type.Array(Type.Unknown())),
    pattern: Type.Optional(Type.String()),
  }),
  async handle({ caller, params, query, body }, { pushRules }: { readonly pushRules: PushRules }) {
    const kind = parseRuleKind(params.kind)
    await pushRules.put(caller.userId, kind, newRule(kind, params.ruleId, body), query)
    return {}
  },
})
