import { hash } from 'node:crypto'

/**
 * 48 bits of a text's SHA-256: a small index key. Two texts may share one, so whoever finds a row by it compares the text.
 */
export function hash48(text: string): number {
  return Number.parseInt(hash('sha256', text, 'hex').slice(0, 12), 16)
}
