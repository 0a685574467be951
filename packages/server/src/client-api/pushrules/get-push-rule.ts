import { canonicalJson } from '@causeway/events'
import { endpoint } from '../../http/endpoint.ts'
import { jsonReply } from '../../http/reply.ts'
import { parseRuleKind } from '../../users/push-rules/new-rule.ts'
import type { PushRules } from '../../users/push-rules/push-rules.ts'
import { ruleJson } from '../../users/push-rules/stored-rules.ts'

export const getPushRule = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/pushrules/global/{kind}/{ruleId}',
  also: ['/_matrix/client/r0/pushrules/global/{kind}/{ruleId}'],
  summary: 'Tell a push rule.',
  auth: 'user',
  limit: 'read',
  async handle({ caller, params }, { pushRules }: { readonly pushRules: PushRules }) {
    const rule = await pushRules.rule(caller.userId, parseRuleKind(params.kind), params.ruleId)
    return jsonReply(canonicalJson(ruleJson(rule)))
  },
})
