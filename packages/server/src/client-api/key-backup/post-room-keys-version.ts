import { endpoint } from '../../http/endpoint.ts'
import { Type } from '../../http/type.ts'
import type { KeyBackups } from '../../e2ee/key-backups.ts'

/** POST /room_keys/version. Client-Server API, "Server-side key backups". */
export const postRoomKeysVersion = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/room_keys/version',
  also: ['/_matrix/client/unstable/room_keys/version'],
  summary: 'Begin a new version of the key backup.',
  auth: 'user',
  limit: 'write',
  body: Type.Object({ algorithm: Type.String(), auth_data: Type.Record(Type.String(), Type.Unknown()) }),

  async handle({ caller, body }, { keyBackups }: { readonly keyBackups: KeyBackups }) {
    return { version: await keyBackups.create(caller.userId, body.algorithm, body.auth_data) }
  },
})
