import { endpoint } from '../../http/endpoint.ts'
import { Type } from '../../http/type.ts'
import type { KeyBackups } from '../../e2ee/key-backups.ts'

/** PUT /room_keys/version/{version}. Client-Server API, "Server-side key backups". */
export const putRoomKeysVersion = endpoint({
  method: 'PUT',
  path: '/_matrix/client/v3/room_keys/version/{version}',
  also: ['/_matrix/client/unstable/room_keys/version/{version}'],
  summary: 'Change what describes a version of the key backup.',
  auth: 'user',
  limit: 'write',
  body: Type.Object({
    algorithm: Type.String(),
    auth_data: Type.Record(Type.String(), Type.Unknown()),
    version: Type.Optional(Type.String()),
  }),

  async handle({ caller, params, body }, { keyBackups }: { readonly keyBackups: KeyBackups }) {
    const { algorithm, auth_data: authData, version } = body
    await keyBackups.update(caller.userId, params.version, { algorithm, authData, version })
    return {}
  },
})
