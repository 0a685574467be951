import { canonicalJson } from '@causeway/events'
import { endpoint } from '../../http/endpoint.ts'
import { jsonReply } from '../../http/reply.ts'
import type { PushRules } from '../../users/push-rules/push-rules.ts'

export const getPushRules = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/pushrules/',
  also: ['/_matrix/client/r0/pushrules/', '/_matrix/client/v3/pushrules'],
  summary: 'Tell all push rules.',
  auth: 'user',
  limit: 'read',
  async handle({ caller }, { pushRules }: { readonly pushRules: PushRules }) {
    return jsonReply(canonicalJson(await pushRules.personal(caller.userId)))
  },
})
