/**
 * Why a request of ours got no answer.
 * - `dns`: the name has no address, or no name server answers. `blocked`: it leads to an address that is not allowed.
 * - `connect`: nobody accepts the connection. `tls`: the certificate or the handshake is no good.
 * - `timeout`: not answered in time. `broken`: the connection ended, or what came is not HTTP.
 * - `too-large`: the answer is longer than asked for. `redirect`: it leads round in circles, or where we do not go.
 * - `busy`: too many requests of ours are under way. `aborted`: the caller does not want it any more.
 */
export type OutboundFault = 'dns' | 'blocked' | 'connect' | 'tls' | 'timeout' | 'broken' | 'too-large' | 'redirect' | 'busy' | 'aborted'

/** A request that got no answer. Values of it travel as results; it is thrown only through the HTTP library and by body streams. */
export class OutboundError extends Error {
  override readonly name = 'OutboundError'
  readonly fault: OutboundFault

  constructor(fault: OutboundFault, why: string, options?: ErrorOptions) {
    super(why, options)
    this.fault = fault
  }
}

const connectCodes: ReadonlySet<unknown> = new Set([
  'EACCES',
  'EADDRNOTAVAIL',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'EPERM',
  'EPIPE',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** The fault that an attempt to connect ended with: what is not the network is the certificate or the handshake. */
export function connectError(error: unknown): OutboundError {
  return new OutboundError(connectCodes.has(codeOf(error)) ? 'connect' : 'tls', messageOf(error), { cause: error })
}

/** The fault that a request ended with after its connection stood. Our own mistakes are thrown on. */
export function requestError(error: unknown): OutboundError {
  if (error instanceof OutboundError) return error
  if (codeOf(error) === 'UND_ERR_INVALID_ARG') throw error
  return new OutboundError('broken', messageOf(error), { cause: error })
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
