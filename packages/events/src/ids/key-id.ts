import { KEY_ID_CHARS_MAX } from '../limits.ts'
import type { KeyId } from './ids.ts'

const grammar = /^ed25519:[A-Za-z0-9_]+$/

/**
 * The signing key id that `text` is: `ed25519:`, then letters, digits and `_`. Absent for any other algorithm.
 * Spec: appendices, signing details.
 */
export function parseKeyId(text: string): KeyId | undefined {
  return isKeyId(text) ? text : undefined
}

function isKeyId(text: string): text is KeyId {
  return text.length <= KEY_ID_CHARS_MAX && grammar.test(text)
}
