import { isJsonObject, parseUserId } from '@causeway/events'
import { MatrixError } from '../errors.ts'
import { endpoint } from '../http/endpoint.ts'
import type { Rooms } from '../rooms/rooms.ts'
import { bodyObject } from './send-transaction.ts'

/** PUT /v1/exchange_third_party_invite/{roomId}. Server-Server API, "Third-party invites". */
export const exchangeThirdPartyInvite = endpoint({
  method: 'PUT',
  path: '/_matrix/federation/v1/exchange_third_party_invite/{roomId}',
  summary: 'Make an invite of one that waited for an address, of which the asking server brings the proof.',
  auth: 'server',
  limit: 'federation_join',
  rawBody: true,

  async handle({ caller, params }, { rooms }: { readonly rooms: Rooms }) {
    const { type, room_id: roomId, sender: from, state_key: stateKey, content } = bodyObject(caller)
    const sender = typeof from === 'string' ? parseUserId(from) : undefined
    const target = typeof stateKey === 'string' ? parseUserId(stateKey) : undefined
    const { membership, third_party_invite: invite } = isJsonObject(content) ? content : {}
    const signed = isJsonObject(invite) ? invite['signed'] : undefined
    const right = type === 'm.room.member' && membership === 'invite' && roomId === params.roomId
    if (!right || sender === undefined || target === undefined || !isJsonObject(signed)) {
      throw new MatrixError('M_INVALID_PARAM', 'This is no third-party invite to the room that the request names')
    }
    await rooms.exchangeThirdPartyInvite({ origin: caller.serverName, roomId: params.roomId, sender, target, signed })
    return {}
  },
})
