import { bodyBytesMaxDefault } from './limits.ts'
import type { Metrics } from '../platform/metrics.ts'
import { RouteMetrics } from './access.ts'
import type { Endpoint } from './endpoint.ts'
import { QueryReader } from './query.ts'
import type { RateClass, RateLimiter } from './rate-limiter.ts'
import { SchemaCheck } from './schema.ts'

/** An endpoint with what the edge made of its declaration. */
export interface Mounted<Services> {
  readonly endpoint: Endpoint<Services>
  readonly rate: RateClass | undefined
  readonly queryReader: QueryReader | undefined
  readonly bodyCheck: SchemaCheck | undefined
  readonly bodyBytesMax: number
  /** Does the handler or the caller's signature need the body? */
  readonly readsBody: boolean
  readonly metrics: RouteMetrics
  /** The parameter that is empty when the path leaves it out. */
  readonly absentParam: string | undefined
}

/** Prepare an endpoint. Throws when its rate-limit class has no rate. */
export function mountEndpoint<Services>(endpoint: Endpoint<Services>, rates: RateLimiter, metrics: Metrics): Mounted<Services> {
  return {
    endpoint,
    rate: rates.find(endpoint.limit),
    queryReader: endpoint.query === undefined ? undefined : new QueryReader(endpoint.query),
    bodyCheck: endpoint.body === undefined ? undefined : new SchemaCheck(endpoint.body),
    bodyBytesMax: endpoint.bodyBytesMax ?? bodyBytesMaxDefault,
    readsBody:
      !endpoint.streamsBody && endpoint.method !== 'GET' && (endpoint.body !== undefined || endpoint.rawBody || endpoint.auth === 'server'),
    absentParam: endpoint.lastParamMayBeEmpty ? /\{(\w+)\}$/.exec(endpoint.path)?.[1] : undefined,
    metrics: new RouteMetrics(metrics, endpoint.method, endpoint.path),
  }
}

/** All paths that an endpoint answers on. */
export function pathsOf(endpoint: Pick<Endpoint<never>, 'path' | 'also' | 'lastParamMayBeEmpty'>): string[] {
  const paths = [endpoint.path, ...endpoint.also]
  if (!endpoint.lastParamMayBeEmpty) return paths
  return paths.flatMap((path) => {
    const parent = path.slice(0, path.lastIndexOf('/'))
    return [path, parent, `${parent}/`]
  })
}
