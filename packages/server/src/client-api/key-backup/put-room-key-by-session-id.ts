import { endpoint } from '../../http/endpoint.ts'
import { readSession } from '../../e2ee/backup-sessions.ts'
import { Type } from '../../http/type.ts'
import type { KeyBackups } from '../../e2ee/key-backups.ts'

/** PUT /room_keys/keys/{roomId}/{sessionId}. Client-Server API, "Server-side key backups". */
export const putRoomKeyBySessionId = endpoint({
  method: 'PUT',
  path: '/_matrix/client/v3/room_keys/keys/{roomId}/{sessionId}',
  also: ['/_matrix/client/unstable/room_keys/keys/{roomId}/{sessionId}'],
  summary: 'Put a session into the key backup.',
  auth: 'user',
  limit: 'write',
  query: Type.Object({ version: Type.String() }),
  body: Type.Object({}),

  async handle({ caller, params, query, body }, { keyBackups }: { readonly keyBackups: KeyBackups }) {
    return keyBackups.put(caller.userId, query.version, [readSession(params.roomId, params.sessionId, body)])
  },
})
