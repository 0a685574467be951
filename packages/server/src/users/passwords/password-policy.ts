import { MatrixError } from '../../errors.ts'
import { passwordCharsMax } from '../limits.ts'

/** Throws M_WEAK_PASSWORD for a password that no account may have. `charsMin`: code points that it must have. */
export function checkNewPassword(password: string, charsMin: number): void {
  const chars = password.length > 2 * passwordCharsMax ? Infinity : [...password].length
  if (chars < charsMin) throw new MatrixError('M_WEAK_PASSWORD', `a password has at least ${charsMin} characters`)
  if (chars > passwordCharsMax) throw new MatrixError('M_WEAK_PASSWORD', `a password has at most ${passwordCharsMax} characters`)
}

/** May this be the password of some account? What is longer than any is not worth hashing. */
export function mayBePassword(password: string): boolean {
  return password.length <= 2 * passwordCharsMax
}
