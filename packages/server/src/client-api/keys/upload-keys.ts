import { endpoint } from '../../http/endpoint.ts'
import { Type } from '../../http/type.ts'
import type { KeyUploads } from '../../e2ee/upload-keys.ts'

/** POST /keys/upload. Client-Server API, "Key management API". */
export const uploadKeys = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/keys/upload',
  also: ['/_matrix/client/r0/keys/upload'],
  summary: 'Publish the keys of the device: its identity, one-time keys and fallback keys.',
  auth: 'user',
  limit: 'write',
  body: Type.Object({
    device_keys: Type.Optional(Type.Unknown()),
    one_time_keys: Type.Optional(Type.Unknown()),
    fallback_keys: Type.Optional(Type.Unknown()),
  }),

  async handle({ caller, body }, { keyUploads }: { readonly keyUploads: KeyUploads }) {
    const upload = { deviceKeys: body.device_keys, oneTimeKeys: body.one_time_keys, fallbackKeys: body.fallback_keys }
    return { one_time_key_counts: await keyUploads.upload(caller, upload) }
  },
})
