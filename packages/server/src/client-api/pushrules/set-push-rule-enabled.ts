import { Type } from '../../http/type.ts'
import { endpoint } from '../../http/endpoint.ts'
import { parseRuleKind } from '../../users/push-rules/new-rule.ts'
import type { PushRules } from '../../users/push-rules/push-rules.ts'

export const setPushRuleEnabled = endpoint({
  method: 'PUT',
  path: '/_matrix/client/v3/pushrules/global/{kind}/{ruleId}/enabled',
  also: ['/_matrix/client/r0/pushrules/global/{kind}/{ruleId}/enabled'],
  summary: 'Turn a push rule on or off.',
  auth: 'user',
  limit: 'write',
  body: Type.Object({ enabled: Type.Boolean() }),
  async handle({ caller, params, body }, { pushRules }: { readonly pushRules: PushRules }) {
    await pushRules.change(caller.userId, parseRuleKind(params.kind), params.ruleId, { enabled: body.enabled })
    return {}
  },
})
