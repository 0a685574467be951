import { endpoint } from '../../http/endpoint.ts'
import { readRooms } from '../../e2ee/backup-sessions.ts'
import { backupBodyBytesMax } from '../../e2ee/limits.ts'
import { Type } from '../../http/type.ts'
import type { KeyBackups } from '../../e2ee/key-backups.ts'

/** PUT /room_keys/keys. Client-Server API, "Server-side key backups". */
export const putRoomKeys = endpoint({
  method: 'PUT',
  path: '/_matrix/client/v3/room_keys/keys',
  also: ['/_matrix/client/unstable/room_keys/keys'],
  summary: 'Put sessions of rooms into the key backup.',
  auth: 'user',
  limit: 'write',
  query: Type.Object({ version: Type.String() }),
  body: Type.Object({ rooms: Type.Record(Type.String(), Type.Unknown()) }),
  bodyBytesMax: backupBodyBytesMax,

  async handle({ caller, query, body }, { keyBackups }: { readonly keyBackups: KeyBackups }) {
    return keyBackups.put(caller.userId, query.version, readRooms(body.rooms))
  },
})
