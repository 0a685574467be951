import { MatrixError } from '../../errors.ts'
import { endpoint } from '../../http/endpoint.ts'

/** What the operation needs. */
interface PolicyKey {
  /** The public key that rooms name, in unpadded base64; absent where this server is no policy server. */
  readonly policySigner: { readonly publicKey: string } | undefined
}

/** GET /.well-known/matrix/policy_server. Client-Server API, "Policy Servers". */
export const getWellknownPolicy = endpoint({
  method: 'GET',
  path: '/.well-known/matrix/policy_server',
  summary: 'Tell the key of this server as a policy server.',
  auth: 'none',
  limit: 'read',
  handle: (_request, { policySigner }: PolicyKey) => {
    if (policySigner === undefined) throw new MatrixError('M_NOT_FOUND', 'This server is no policy server')
    return { public_keys: { ed25519: policySigner.publicKey } }
  },
})
