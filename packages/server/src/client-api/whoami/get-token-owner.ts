import { endpoint } from '../../http/endpoint.ts'

export const getTokenOwner = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/account/whoami',
  also: ['/_matrix/client/r0/account/whoami'],
  summary: 'Tell whose the access token is.',
  auth: 'user',
  limit: 'read',
  handle: ({ caller }) => ({ user_id: caller.userId, device_id: caller.deviceId, is_guest: false }),
})
