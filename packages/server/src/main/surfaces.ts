import type { Endpoint } from '../http/endpoint.ts'

/** The listeners, by what they are for. */
export type Surface = 'client' | 'federation' | 'metrics' | 'internal' | 'socket'

type Mountable = Pick<Endpoint<never>, 'path' | 'auth'>

const federationPaths = ['/_matrix/federation/', '/_matrix/key/', '/.well-known/matrix/server', '/_matrix/policy/']

function startsWithAny(path: string, prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => path.startsWith(prefix))
}

/**
 * Does an endpoint belong on a surface? The client surface has the federation's endpoints too, for a proxy with one port;
 * what asks nobody for a password, or only the socket's rights, is nowhere but on its own.
 */
export function belongsOn(surface: Surface, { path, auth }: Mountable, federation: boolean): boolean {
  const isFederation = startsWithAny(path, federationPaths)
  if (isFederation && !federation) return false
  if (path === '/health') return true
  if (auth === 'socket') return surface === 'socket'
  if (path === '/metrics') return surface === 'metrics'
  if (path.startsWith('/_causeway/internal/')) return surface === 'internal'
  return surface === 'client' || (surface === 'federation' && isFederation)
}
