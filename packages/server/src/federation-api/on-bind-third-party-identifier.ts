import { isJsonObject, parseJson, parseRoomId, parseUserId, serverOf, type JsonValue, type ServerName, type UserId } from '@causeway/events'
import { MatrixError } from '../errors.ts'
import { endpoint, type Endpoint } from '../http/endpoint.ts'
import type { InviteProof } from '../rooms/membership/third-party-invites.ts'
import type { Rooms } from '../rooms/rooms.ts'

/** Invites that one address may bring at once: each is a request to another server. */
const invitesMax = 20

interface OnBindServices {
  readonly rooms: Rooms
  readonly serverName: ServerName
}

/**
 * PUT /v1/3pid/onbind: an identity server tells that an address is one of our users', and which invites wait for it. Anybody may say so;
 * what counts is what is signed. Server-Server API, "Third-party invites".
 */
export const onBindThirdPartyIdentifier = onBindBy('PUT')

/** The same by POST: so the Identity Service API has it ("Invitation storage"), and so identity servers do it. */
export const onBindByPost = onBindBy('POST')

function onBindBy(method: 'PUT' | 'POST'): Endpoint<OnBindServices> {
  return endpoint({
    method,
    path: '/_matrix/federation/v1/3pid/onbind',
    summary: 'Take in the invites that waited for an address of one of our users.',
    auth: 'none',
    limit: 'join',
    rawBody: true,

    async handle({ bodyBytes }, { rooms, serverName }: OnBindServices) {
      const parsed = parseJson(bodyBytes)
      if (!parsed.ok) throw new MatrixError('M_NOT_JSON', parsed.fault.why)
      const { mxid, invites } = isJsonObject(parsed.value) ? parsed.value : {}
      const target = typeof mxid === 'string' ? parseUserId(mxid) : undefined
      if (target === undefined || !Array.isArray(invites)) throw new MatrixError('M_BAD_JSON', 'mxid must be a user id, and invites a list')
      if (serverOf(target) !== serverName) throw new MatrixError('M_INVALID_PARAM', 'The user is not of this server')
      if (invites.length > invitesMax) throw new MatrixError('M_INVALID_PARAM', `At most ${invitesMax} invites are taken at once`)
      await rooms.acceptThirdPartyInvites(invites.map((invite) => proofOf(invite, target)))
      return {}
    },
  })
}

function proofOf(invite: JsonValue, target: UserId): InviteProof {
  const { room_id: room, sender: from, signed } = isJsonObject(invite) ? invite : {}
  const roomId = typeof room === 'string' ? parseRoomId(room) : undefined
  const sender = typeof from === 'string' ? parseUserId(from) : undefined
  if (roomId === undefined || sender === undefined || !isJsonObject(signed)) {
    throw new MatrixError('M_BAD_JSON', 'An invite names its room, its sender, and what was signed')
  }
  return { roomId, sender, target, signed }
}
