import { hash } from 'node:crypto'
import type { Random } from '../../platform/random.ts'
import { tokenChars } from '../limits.ts'

/** A new access token. */
export function newAccessToken(random: Random): string {
  return `cwa_${random.token(tokenChars)}`
}

/** A new refresh token. */
export function newRefreshToken(random: Random): string {
  return `cwr_${random.token(tokenChars)}`
}

/** What is stored of a token: its SHA-256. */
export function tokenHash(token: string): Uint8Array {
  return hash('sha256', token, 'buffer')
}

/** A number that is nobody else's: 52 random bits. */
export function randomNumber(random: Random): number {
  return random.uint32() * 2 ** 20 + (random.uint32() >>> 12)
}
