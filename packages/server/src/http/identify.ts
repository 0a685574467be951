import { MatrixError } from '../errors.ts'
import type { ServerCaller, UserCaller } from './caller.ts'
import { parsePlainQuery } from './query.ts'
import type { RequestBase } from './request.ts'

/** What a signature covers (Server-Server API, "Request Authentication"). */
export interface SignedRequest {
  readonly method: string
  /** Path and query as sent. */
  readonly uri: string
  /** All Authorization headers, as sent, without their names. A request may carry several X-Matrix signatures. */
  readonly authorization: readonly string[]
  /** The body as sent; undefined when there was none. */
  readonly bodyText: string | undefined
}

/**
 * How callers are told apart; main supplies it, since the edge knows neither users nor keys.
 * A refusal is a value: M_UNKNOWN_TOKEN, M_USER_LOCKED, M_UNAUTHORIZED.
 */
export interface Identify {
  user(token: string, request: RequestBase): UserCaller | MatrixError | Promise<UserCaller | MatrixError>
  server(request: SignedRequest): ServerCaller | MatrixError | Promise<ServerCaller | MatrixError>
}

/** The holder of the token that the request shows. Throws M_MISSING_TOKEN, or what `identify.user` refuses with. */
export async function identifyUser(
  identify: Identify,
  request: RequestBase,
  auth: 'user' | 'admin' | 'optional',
): Promise<UserCaller | undefined> {
  const token = accessToken(request)
  if (token === undefined) {
    if (auth === 'optional') return undefined
    throw new MatrixError('M_MISSING_TOKEN', 'an access token is needed')
  }
  const caller = await identify.user(token, request)
  if (caller instanceof MatrixError) throw caller
  if (auth === 'admin' && !caller.admin) throw new MatrixError('M_FORBIDDEN', 'this is for administrators')
  return caller
}

/** The server that signed the request. Throws M_UNAUTHORIZED when it is not signed, or what `identify.server` refuses with. */
export async function identifyServer(
  identify: Identify,
  request: RequestBase & { readonly bodyText: string | undefined; readonly rawHeaders: readonly string[] },
): Promise<ServerCaller> {
  const authorization: string[] = []
  for (let i = 0; i + 1 < request.rawHeaders.length; i += 2) {
    if (request.rawHeaders[i]?.toLowerCase() === 'authorization') authorization.push(request.rawHeaders[i + 1] ?? '')
  }
  if (authorization.length === 0) throw new MatrixError('M_UNAUTHORIZED', 'the request is not signed')
  const { method, url: uri, bodyText } = request
  const caller = await identify.server({ method, uri, authorization, bodyText })
  if (caller instanceof MatrixError) throw caller
  return caller
}

const bearer = 'Bearer '

/** The token, from the header or, as old clients send it, from the query. */
function accessToken(request: RequestBase): string | undefined {
  const header = request.headers.authorization
  if (header !== undefined) {
    return header.slice(0, bearer.length).toLowerCase() === 'bearer ' ? header.slice(bearer.length).trim() || undefined : undefined
  }
  const mark = request.url.indexOf('?')
  if (mark < 0 || !request.url.includes('access_token=', mark)) return undefined
  const value = parsePlainQuery(request.url.slice(mark + 1))['access_token']
  return typeof value === 'string' && value !== '' ? value : undefined
}
