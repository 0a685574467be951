import { endpoint } from '../../http/endpoint.ts'
import { jsonReply } from '../../http/reply.ts'
import { Type } from '../../http/type.ts'
import type { KeyBackups } from '../../e2ee/key-backups.ts'

/** GET /room_keys/keys/{roomId}/{sessionId}. Client-Server API, "Server-side key backups". */
export const getRoomKeyBySessionId = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/room_keys/keys/{roomId}/{sessionId}',
  also: ['/_matrix/client/unstable/room_keys/keys/{roomId}/{sessionId}'],
  summary: 'Give a session from the key backup.',
  auth: 'user',
  limit: 'read',
  query: Type.Object({ version: Type.String() }),

  async handle({ caller, params, query }, { keyBackups }: { readonly keyBackups: KeyBackups }) {
    const place = { room: params.roomId, session: params.sessionId }
    return jsonReply(await keyBackups.readOne(caller.userId, query.version, place))
  },
})
