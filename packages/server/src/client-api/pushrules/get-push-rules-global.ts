import { canonicalJson } from '@causeway/events'
import { endpoint } from '../../http/endpoint.ts'
import { jsonReply } from '../../http/reply.ts'
import type { PushRules } from '../../users/push-rules/push-rules.ts'

export const getPushRulesGlobal = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/pushrules/global/',
  also: ['/_matrix/client/r0/pushrules/global/', '/_matrix/client/v3/pushrules/global'],
  summary: 'Tell all push rules of the one scope that there is.',
  auth: 'user',
  limit: 'read',
  async handle({ caller }, { pushRules }: { readonly pushRules: PushRules }) {
    return jsonReply(canonicalJson(await pushRules.personalSet(caller.userId)))
  },
})
