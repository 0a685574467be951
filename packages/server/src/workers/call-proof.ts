import { createHmac, timingSafeEqual } from 'node:crypto'
import { proofMsMax } from './limits.ts'

/** The header that carries the proof. */
export const proofHeader = 'x-causeway-proof'

/**
 * Proves that a call comes from a process that knows the cluster's secret, without sending it: the time in milliseconds and
 * an HMAC over time, path and body.
 */
export function proveCall(secret: string, now: number, path: string, body: string | Uint8Array): string {
  return `${now}.${mac(secret, now, path, body).toString('hex')}`
}

/** Is the proof of this path and body, and not older (or newer) than `proofMsMax`? */
export function isProvenCall(secret: string, now: number, path: string, body: string | Uint8Array, proof: string | undefined): boolean {
  const match = /^(\d{1,15})\.([0-9a-f]{64})$/.exec(proof ?? '')
  if (match === null) return false
  const at = Number(match[1])
  if (Math.abs(now - at) > proofMsMax) return false
  return timingSafeEqual(Buffer.from(match[2] ?? '', 'hex'), mac(secret, at, path, body))
}

function mac(secret: string, at: number, path: string, body: string | Uint8Array): Buffer {
  return createHmac('sha256', secret).update(`${at}\n${path}\n`).update(body).digest()
}
