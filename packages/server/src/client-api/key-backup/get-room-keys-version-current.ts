import { endpoint } from '../../http/endpoint.ts'
import type { KeyBackups } from '../../e2ee/key-backups.ts'

/** GET /room_keys/version. Client-Server API, "Server-side key backups". */
export const getRoomKeysVersionCurrent = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/room_keys/version',
  also: ['/_matrix/client/unstable/room_keys/version'],
  summary: 'Describe the current version of the key backup.',
  auth: 'user',
  limit: 'read',

  async handle({ caller }, { keyBackups }: { readonly keyBackups: KeyBackups }) {
    return keyBackups.info(caller.userId, undefined)
  },
})
