import { endpoint } from '../../http/endpoint.ts'
import { Type } from '../../http/type.ts'
import type { KeyBackups } from '../../e2ee/key-backups.ts'

/** DELETE /room_keys/keys/{roomId}/{sessionId}. Client-Server API, "Server-side key backups". */
export const deleteRoomKeyBySessionId = endpoint({
  method: 'DELETE',
  path: '/_matrix/client/v3/room_keys/keys/{roomId}/{sessionId}',
  also: ['/_matrix/client/unstable/room_keys/keys/{roomId}/{sessionId}'],
  summary: 'Delete a session from the key backup.',
  auth: 'user',
  limit: 'write',
  query: Type.Object({ version: Type.String() }),

  async handle({ caller, params, query }, { keyBackups }: { readonly keyBackups: KeyBackups }) {
    return keyBackups.delete(caller.userId, query.version, { room: params.roomId, session: params.sessionId })
  },
})
