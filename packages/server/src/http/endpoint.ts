import type { RateClassName } from '../config/sections/rates.ts'
import type { Auth, CallerOf } from './caller.ts'
import type { PathParams } from './path-params.ts'
import type { Reply, StreamReply } from './reply.ts'
import type { Request } from './request.ts'
import type { Schema, Static } from './type.ts'

export type Method = 'GET' | 'PUT' | 'POST' | 'DELETE'

/** What a handler gives back: a `Reply`, a `StreamReply`, or an object that is sent as JSON with status 200. */
export type HandlerResult = Reply | StreamReply | object

type BodyOf<B extends Schema | undefined> = B extends Schema ? Static<B> : undefined
type QueryOf<Q extends Schema | undefined> = Q extends Schema ? Static<Q> : Readonly<Record<string, string | readonly string[]>>

/** An operation as its file declares it. */
export interface EndpointDeclaration<
  Path extends string,
  A extends Auth,
  Query extends Schema | undefined,
  Body extends Schema | undefined,
  Services,
> {
  readonly method: Method
  /** As the specification writes it: `/_matrix/client/v3/rooms/{roomId}/send/{eventType}/{txnId}`. */
  readonly path: Path
  /** Further paths with the same parameters (older versions of the same operation). */
  readonly also?: readonly string[]
  /** The last parameter may be empty, with or without its slash (`/state/m.room.name`, `/state/m.room.name/`). */
  readonly lastParamMayBeEmpty?: boolean
  /** One sentence. */
  readonly summary: string
  readonly auth: A
  /** The rate-limit class, by its name in the configuration; `none` for what costs nothing. */
  readonly limit: RateClassName | 'none'
  /**
   * An object schema of the query. Values are read as the property's type says: string, integer, boolean, or an array of
   * strings for what may be repeated. Unknown parameters are ignored. Without it `query` is the plain strings.
   */
  readonly query?: Query
  /** The schema of a JSON body. An empty body is read as `{}`. Unknown keys stay. Without it a body is ignored. */
  readonly body?: Body
  /** The handler reads `bodyBytes` itself: they are received, but neither parsed nor checked. */
  readonly rawBody?: boolean
  /** The handler reads the body as it arrives, with `openBody`; then none of the above. */
  readonly streamsBody?: boolean
  /** The largest body, in bytes; `bodyBytesMaxDefault` otherwise. */
  readonly bodyBytesMax?: number
  /** Milliseconds until the last byte of the answer must be out; `handlerMsMax` otherwise. */
  readonly msMax?: number
  /** Throws a `MatrixError` for what the caller must read; anything else becomes a bare 500 M_UNKNOWN. */
  handle(
    request: Request<CallerOf<A>, PathParams<Path>, QueryOf<Query>, BodyOf<Body>>,
    services: Services,
  ): HandlerResult | Promise<HandlerResult>
}

/** A request whose endpoint is not known to the compiler. */
export type AnyRequest = Request<unknown, unknown, unknown, unknown>

/** An operation as the edge mounts it: the declaration, its handler's types folded away. */
export interface Endpoint<in Services> {
  readonly method: Method
  readonly path: string
  readonly also: readonly string[]
  readonly lastParamMayBeEmpty: boolean
  readonly summary: string
  readonly auth: Auth
  readonly limit: RateClassName | 'none'
  readonly query: Schema | undefined
  readonly body: Schema | undefined
  readonly rawBody: boolean
  readonly streamsBody: boolean
  readonly bodyBytesMax: number | undefined
  readonly msMax: number | undefined
  /**
   * The edge calls it only with what `auth`, `path`, `query` and `body` declare, parsed and checked. A method, not a function
   * in a property, since the types that its declaration knew are folded away here.
   */
  handle(request: AnyRequest, services: Services): HandlerResult | Promise<HandlerResult>
}

/**
 * Declare an operation: once, in a file of its own. From the declaration come its route, its parsed parameters, the check
 * of query and body, its caller's type, its limits, its metrics and its page of the reference.
 *
 * The second parameter of `handle` is annotated with the services that the operation needs; they are what `createEdge`
 * must be given.
 */
export function endpoint<
  const Path extends string,
  const A extends Auth,
  Services = unknown,
  const Query extends Schema | undefined = undefined,
  const Body extends Schema | undefined = undefined,
>(declaration: EndpointDeclaration<Path, A, Query, Body, Services>): Endpoint<Services> {
  return {
    method: declaration.method,
    path: declaration.path,
    also: declaration.also ?? [],
    lastParamMayBeEmpty: declaration.lastParamMayBeEmpty ?? false,
    summary: declaration.summary,
    auth: declaration.auth,
    limit: declaration.limit,
    query: declaration.query,
    body: declaration.body,
    rawBody: declaration.rawBody ?? false,
    streamsBody: declaration.streamsBody ?? false,
    bodyBytesMax: declaration.bodyBytesMax,
    msMax: declaration.msMax,
    handle: declaration.handle,
  }
}
