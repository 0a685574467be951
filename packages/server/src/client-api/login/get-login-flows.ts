import { endpoint } from '../../http/endpoint.ts'

export const getLoginFlows = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/login',
  also: ['/_matrix/client/r0/login'],
  summary: 'Tell how one can log in.',
  auth: 'none',
  limit: 'read',
  handle: () => ({ flows: [{ type: 'm.login.password' }] }),
})
