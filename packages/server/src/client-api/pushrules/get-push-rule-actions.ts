import { canonicalJson } from '@causeway/events'
import { endpoint } from '../../http/endpoint.ts'
import { jsonReply } from '../../http/reply.ts'
import { parseRuleKind } from '../../users/push-rules/new-rule.ts'
import type { PushRules } from '../../users/push-rules/push-rules.ts'

export const getPushRuleActions = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/pushrules/global/{kind}/{ruleId}/actions',
  also: ['/_matrix/client/r0/pushrules/global/{kind}/{ruleId}/actions'],
  summary: 'Tell what a push rule does.',
  auth: 'user',
  limit: 'read',
  async handle({ caller, params }, { pushRules }: { readonly pushRules: PushRules }) {
    const { actions } = await pushRules.rule(caller.userId, parseRuleKind(params.kind), params.ruleId)
    return jsonReply(canonicalJson({ actions }))
  },
})
