import type { JsonValue, ServerName, UserId } from '@causeway/events'

/** Somebody who showed an access token. What `identify.user` of main makes of it. */
export interface UserCaller {
  readonly kind: 'user'
  readonly userId: UserId
  readonly deviceId: string
  /** The session's row: what logout ends and what transaction ids are remembered for. */
  readonly sessionId: number
  /** What the token may do; a password login grants all. */
  readonly scopes: readonly string[]
  /** May this user call what is for the server's administrators? */
  readonly admin: boolean
}

/** Another server that signed its request (Server-Server API, "Authentication"). */
export interface ServerCaller {
  readonly kind: 'server'
  readonly serverName: ServerName
  /** The body as the signature check parsed it, strictly and without prototypes; absent when there was none. */
  readonly content: JsonValue | undefined
}

/** Whoever may open the server's own unix socket: the operator's command line. */
export interface SocketCaller {
  readonly kind: 'socket'
}

/**
 * Who may call an endpoint.
 * - `none`: anybody, and a token is not looked at.
 * - `optional`: anybody; a token, when shown, must be good.
 * - `user`: the holder of an access token.
 * - `admin`: the holder of an access token of an administrator.
 * - `server`: a server that signed the request.
 * - `socket`: whoever may open the unix socket.
 */
export type Auth = 'none' | 'optional' | 'user' | 'admin' | 'server' | 'socket'

/** The caller that a handler sees, by its endpoint's `auth`. */
export type CallerOf<A extends Auth> = A extends 'user' | 'admin'
  ? UserCaller
  : A extends 'optional'
    ? UserCaller | undefined
    : A extends 'server'
      ? ServerCaller
      : A extends 'socket'
        ? SocketCaller
        : undefined
