import { MatrixError } from '../../errors.ts'
import { passwordCharsMax, passwordCharsMin } from '../limits.ts'

/** Throws M_WEAK_PASSWORD for a password that no account may have. */
export function checkNewPassword(password: string): void {
  const chars = password.length > 2 * passwordCharsMax ? Infinity : [...password].length
  if (chars < passwordCharsMin) throw new MatrixError('M_WEAK_PASSWORD', `a password has at least ${passwordCharsMin} characters`)
  if (chars > passwordCharsMax) throw new MatrixError('M_WEAK_PASSWORD', `a password has at most ${passwordCharsMax} characters`)
}

/** May this be the password of some account? What is longer than any is not worth hashing. */
export function mayBePassword(password: string): boolean {
  return password.length <= 2 * passwordCharsMax
}
