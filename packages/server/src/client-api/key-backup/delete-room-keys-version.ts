import { endpoint } from '../../http/endpoint.ts'
import type { KeyBackups } from '../../e2ee/key-backups.ts'

/** DELETE /room_keys/version/{version}. Client-Server API, "Server-side key backups". */
export const deleteRoomKeysVersion = endpoint({
  method: 'DELETE',
  path: '/_matrix/client/v3/room_keys/version/{version}',
  also: ['/_matrix/client/unstable/room_keys/version/{version}'],
  summary: 'Delete a version of the key backup with its sessions.',
  auth: 'user',
  limit: 'write',

  async handle({ caller, params }, { keyBackups }: { readonly keyBackups: KeyBackups }) {
    await keyBackups.remove(caller.userId, params.version)
    return {}
  },
})
