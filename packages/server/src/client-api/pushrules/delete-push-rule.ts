import { endpoint } from '../../http/endpoint.ts'
import { parseRuleKind } from '../../users/push-rules/new-rule.ts'
import type { PushRules } from '../../users/push-rules/push-rules.ts'

export const deletePushRule = endpoint({
  method: 'DELETE',
  path: '/_matrix/client/v3/pushrules/global/{kind}/{ruleId}',
  also: ['/_matrix/client/r0/pushrules/global/{kind}/{ruleId}'],
  summary: 'Remove a push rule.',
  auth: 'user',
  limit: 'write',
  async handle({ caller, params }, { pushRules }: { readonly pushRules: PushRules }) {
    await pushRules.remove(caller.userId, parseRuleKind(params.kind), params.ruleId)
    return {}
  },
})
