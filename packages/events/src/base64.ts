const base64Grammar = /^[A-Za-z0-9+/]*={0,2}$/
const base64UrlGrammar = /^[A-Za-z0-9_-]*={0,2}$/

/** Standard base64 without padding. Spec: appendices, unpadded base64. */
export function encodeBase64(bytes: Uint8Array): string {
  const padded = asBuffer(bytes).toString('base64')
  const rest = bytes.byteLength % 3
  return rest === 0 ? padded : padded.slice(0, rest - 3)
}

/** URL-safe base64 without padding. Spec: appendices, URL-safe unpadded base64. */
export function encodeBase64Url(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('base64url')
}

/** The bytes of standard base64, with or without padding. Absent when a character or the length is wrong. */
export function decodeBase64(text: string): Uint8Array | undefined {
  return decode(text, base64Grammar)
}

/** The bytes of URL-safe base64, with or without padding. Absent when a character or the length is wrong. */
export function decodeBase64Url(text: string): Uint8Array | undefined {
  return decode(text, base64UrlGrammar)
}

function decode(text: string, grammar: RegExp): Uint8Array | undefined {
  if (!grammar.test(text)) return undefined
  const end = text.indexOf('=')
  if ((end === -1 ? text.length : end) % 4 === 1) return undefined
  // Node reads both alphabets under either name; the grammar above has told them apart.
  return Buffer.from(text, 'base64')
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
