import { MatrixError } from '../../errors.ts'
import { policyWordsMax } from '../limits.ts'
import { toClientError } from './client-error.ts'
import type { FederationFailure } from './federation-result.ts'

/**
 * What our client reads when a policy server does not sign: its own words, as the specification wants it, since it speaks to the
 * room's members on the room's behalf; never a code that would log somebody out. Server-Server API, "Validating Policy Server signatures".
 */
export function policyError(failure: FederationFailure): MatrixError {
  const { fault, errcode, body, status } = failure
  if (fault !== 'refused' || status === undefined || status >= 500) {
    return fault === 'refused' || fault === 'malformed'
      ? toClientError(failure)
      : new MatrixError('M_UNKNOWN', 'The policy server of the room cannot be reached', { status: 502 })
  }
  if (errcode === 'M_LIMIT_EXCEEDED') {
    const wait = body?.['retry_after_ms']
    const retryAfterMs = typeof wait === 'number' && wait > 0 ? wait : 5_000
    return new MatrixError('M_LIMIT_EXCEEDED', 'The policy server of the room asks for patience', {
      extra: { retry_after_ms: retryAfterMs },
    })
  }
  const words = body?.['error']
  const message =
    typeof words === 'string' && words !== '' ? words.slice(0, policyWordsMax) : 'The policy server of the room refuses the event'
  return new MatrixError('M_FORBIDDEN', message, status === 400 ? { status } : {})
}
