/** How many bytes `text` takes in UTF-8. */
export function utf8Length(text: string): number {
  return Buffer.byteLength(text, 'utf8')
}

/** Does `text` fit into `bytesMax` bytes of UTF-8? Short and overlong strings are told from their length alone. */
export function fitsUtf8(text: string, bytesMax: number): boolean {
  if (text.length > bytesMax) return false
  // A UTF-16 unit takes at most three bytes of UTF-8.
  return text.length * 3 <= bytesMax || Buffer.byteLength(text, 'utf8') <= bytesMax
}

/** The UTF-8 bytes of a text. */
export function encodeUtf8(text: string): Uint8Array {
  return Buffer.from(text, 'utf8')
}
