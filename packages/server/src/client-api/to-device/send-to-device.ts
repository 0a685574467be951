import { endpoint } from '../../http/endpoint.ts'
import { Type } from '../../http/type.ts'
import { checkName } from '../../e2ee/names.ts'
import type { ToDevice } from '../../e2ee/to-device.ts'

/** PUT /sendToDevice/{eventType}/{txnId}. Client-Server API, "Send-to-Device messaging". */
export const sendToDevice = endpoint({
  method: 'PUT',
  path: '/_matrix/client/v3/sendToDevice/{eventType}/{txnId}',
  also: ['/_matrix/client/r0/sendToDevice/{eventType}/{txnId}'],
  summary: 'Send messages to devices, past rooms.',
  auth: 'user',
  limit: 'write',
  body: Type.Object({ messages: Type.Record(Type.String(), Type.Record(Type.String(), Type.Unknown())) }),
  bodyBytesMax: 4 * 1024 * 1024,

  async handle({ caller, params, body }, { toDevice }: { readonly toDevice: ToDevice }) {
    checkName(params.eventType, 'a type')
    const { userId: sender, sessionId } = caller
    await toDevice.send({ sender, sessionId, type: params.eventType, txnId: params.txnId, messages: body.messages })
    return {}
  },
})
