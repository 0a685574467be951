import { canonicalJson, parseRoomId } from '@causeway/events'
import { MatrixError } from '../errors.ts'
import { endpoint } from '../http/endpoint.ts'
import type { Rooms } from '../rooms/rooms.ts'
import { bodyObject } from './send-transaction.ts'

/** What the operation needs. */
interface PolicyServices {
  readonly rooms: Rooms
  /** Our name and the id of the key that we sign with; absent where this server is no policy server. */
  readonly policySigner: { readonly serverName: string; readonly keyId: string } | undefined
}

/** POST /_matrix/policy/v1/sign. Server-Server API, "Policy Servers". */
export const askPolicyServerToSign = endpoint({
  method: 'POST',
  path: '/_matrix/policy/v1/sign',
  summary: 'Sign an event of a room whose policy server this is, if it passes.',
  auth: 'server',
  limit: 'federation',
  rawBody: true,

  async handle({ caller }, { rooms, policySigner }: PolicyServices) {
    if (policySigner === undefined) throw new MatrixError('M_UNRECOGNIZED', 'This server is no policy server')
    const event = bodyObject(caller)
    const roomId = typeof event['room_id'] === 'string' ? parseRoomId(event['room_id']) : undefined
    if (roomId === undefined) throw new MatrixError('M_BAD_JSON', 'The event names no room')
    const { signature } = await rooms.signForPolicy({ origin: caller.serverName, roomId, event: canonicalJson(event) })
    return { [policySigner.serverName]: { [policySigner.keyId]: signature } }
  },
})
