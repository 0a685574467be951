import { MatrixError, type ErrorCode } from '../../errors.ts'
import type { FederationFailure } from './federation-result.ts'

/**
 * The refusals of other servers that our own clients can make something of. No other passes: a 401 of somebody else must
 * never log our user out.
 */
const passedOn: ReadonlyMap<string, readonly [code: ErrorCode, message: string]> = new Map([
  ['M_FORBIDDEN', ['M_FORBIDDEN', 'The other server does not allow it']],
  ['M_NOT_FOUND', ['M_NOT_FOUND', 'The other server does not know it']],
  ['M_INCOMPATIBLE_ROOM_VERSION', ['M_INCOMPATIBLE_ROOM_VERSION', 'The room has a version that one of the servers does not support']],
  ['M_UNSUPPORTED_ROOM_VERSION', ['M_UNSUPPORTED_ROOM_VERSION', 'The other server does not support the version of the room']],
  ['M_UNABLE_TO_AUTHORISE_JOIN', ['M_UNABLE_TO_AUTHORISE_JOIN', 'The other server cannot tell whether the user may join']],
  ['M_UNABLE_TO_GRANT_JOIN', ['M_UNABLE_TO_GRANT_JOIN', 'The other server cannot let the user join']],
  ['M_INVITE_BLOCKED', ['M_INVITE_BLOCKED', 'The user does not accept this invite']],
  ['M_BAD_STATE', ['M_BAD_STATE', 'The other server says that it does not fit the state of the room']],
  ['M_INVALID_PARAM', ['M_INVALID_PARAM', 'The other server does not accept the request']],
  ['M_TOO_LARGE', ['M_TOO_LARGE', 'It is too large for the other server']],
])

/** What our client reads of another server's failure: a code of the list above, else 502 M_UNKNOWN. The other's words are not repeated. */
export function toClientError(failure: FederationFailure): MatrixError {
  const passed = failure.fault === 'refused' ? passedOn.get(failure.errcode ?? '') : undefined
  if (passed === undefined) {
    const message =
      failure.fault === 'refused' || failure.fault === 'malformed'
        ? 'The other server gave no usable answer'
        : 'The other server cannot be reached'
    return new MatrixError('M_UNKNOWN', message, { status: 502 })
  }
  const [code, message] = passed
  const version = failure.body?.['room_version']
  const isVersion = code === 'M_INCOMPATIBLE_ROOM_VERSION' && typeof version === 'string' && version.length <= 32
  return new MatrixError(code, message, isVersion ? { extra: { room_version: version } } : {})
}
