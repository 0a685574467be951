import { endpoint } from '../../http/endpoint.ts'
import { parseRuleKind } from '../../users/push-rules/new-rule.ts'
import type { PushRules } from '../../users/push-rules/push-rules.ts'

export const isPushRuleEnabled = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/pushrules/global/{kind}/{ruleId}/enabled',
  also: ['/_matrix/client/r0/pushrules/global/{kind}/{ruleId}/enabled'],
  summary: 'Tell whether a push rule is on.',
  auth: 'user',
  limit: 'read',
  async handle({ caller, params }, { pushRules }: { readonly pushRules: PushRules }) {
    const { enabled } = await pushRules.rule(caller.userId, parseRuleKind(params.kind), params.ruleId)
    return { enabled }
  },
})
