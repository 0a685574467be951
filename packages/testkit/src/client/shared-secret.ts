import { createHmac } from 'node:crypto'
import { MatrixError } from './matrix-error.ts'
import type { HttpOrigin } from './http-origin.ts'
import { stringAt } from './json.ts'

/** An account as its registration gave it. */
export interface Registered {
  readonly userId: string
  readonly accessToken: string
  readonly deviceId: string
}

const path = '/_synapse/admin/v1/register'

/**
 * Make an account with the server's shared secret: fetch a nonce, answer with an HMAC-SHA1 over nonce, name, password
 * and kind. https://element-hq.github.io/synapse/latest/admin_api/register_api.html
 */
export async function registerWithSharedSecret(
  origin: HttpOrigin,
  secret: string,
  user: { readonly localpart: string; readonly password: string; readonly admin?: boolean },
): Promise<Registered> {
  const fresh = await origin.request({ method: 'GET', path })
  if (fresh.status !== 200) throw new MatrixError(`GET ${path}`, fresh)
  const nonce = stringAt(fresh.body, 'nonce')
  const admin = user.admin ?? false
  const mac = createHmac('sha1', secret)
    .update([nonce, user.localpart, user.password, admin ? 'admin' : 'notadmin'].join('\0'))
    .digest('hex')
  const body = { nonce, username: user.localpart, password: user.password, admin, mac }
  const answer = await origin.request({ method: 'POST', path, body })
  if (answer.status !== 200) throw new MatrixError(`POST ${path}`, answer)
  return {
    userId: stringAt(answer.body, 'user_id'),
    accessToken: stringAt(answer.body, 'access_token'),
    deviceId: stringAt(answer.body, 'device_id'),
  }
}
