import { Type } from '../../http/type.ts'
import { endpoint } from '../../http/endpoint.ts'
import { newActions, parseRuleKind } from '../../users/push-rules/new-rule.ts'
import type { PushRules } from '../../users/push-rules/push-rules.ts'

export const setPushRuleActions = endpoint({
  method: 'PUT',
  path: '/_matrix/client/v3/pushrules/global/{kind}/{ruleId}/actions',
  also: ['/_matrix/client/r0/pushrules/global/{kind}/{ruleId}/actions'],
  summary: 'Change what a push rule does.',
  auth: 'user',
  limit: 'write',
  body: Type.Object({ actions: Type.Array(Type.Unknown()) }),
  async handle({ caller, params, body }, { pushRules }: { readonly pushRules: PushRules }) {
    await pushRules.change(caller.userId, parseRuleKind(params.kind), params.ruleId, { actions: newActions(body.actions) })
    return {}
  },
})
