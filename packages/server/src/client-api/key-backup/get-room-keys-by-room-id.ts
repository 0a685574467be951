import { endpoint } from '../../http/endpoint.ts'
import { jsonReply } from '../../http/reply.ts'
import { sessionsJson } from '../../e2ee/backup-sessions.ts'
import { Type } from '../../http/type.ts'
import type { KeyBackups } from '../../e2ee/key-backups.ts'

/** GET /room_keys/keys/{roomId}. Client-Server API, "Server-side key backups". */
export const getRoomKeysByRoomId = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/room_keys/keys/{roomId}',
  also: ['/_matrix/client/unstable/room_keys/keys/{roomId}'],
  summary: 'Give the sessions of a room from the key backup.',
  auth: 'user',
  limit: 'read',
  query: Type.Object({ version: Type.String() }),

  async handle({ caller, params, query }, { keyBackups }: { readonly keyBackups: KeyBackups }) {
    return jsonReply(await keyBackups.read(caller.userId, query.version, { room: params.roomId }, sessionsJson))
  },
})
