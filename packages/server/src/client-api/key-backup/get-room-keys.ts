import { endpoint } from '../../http/endpoint.ts'
import { jsonReply } from '../../http/reply.ts'
import { roomsJson } from '../../e2ee/backup-sessions.ts'
import { Type } from '../../http/type.ts'
import type { KeyBackups } from '../../e2ee/key-backups.ts'

/** GET /room_keys/keys. Client-Server API, "Server-side key backups". */
export const getRoomKeys = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/room_keys/keys',
  also: ['/_matrix/client/unstable/room_keys/keys'],
  summary: 'Give all sessions of the key backup.',
  auth: 'user',
  limit: 'read',
  query: Type.Object({ version: Type.String() }),

  async handle({ caller, query }, { keyBackups }: { readonly keyBackups: KeyBackups }) {
    return jsonReply(await keyBackups.read(caller.userId, query.version, {}, roomsJson))
  },
})
