/** The few forms of ASN.1's distinguished encoding (X.690) that a certificate is made of. */

export function sequence(...parts: readonly Uint8Array[]): Buffer {
  return element(0x30, ...parts)
}

export function set(...parts: readonly Uint8Array[]): Buffer {
  return element(0x31, ...parts)
}

/** A value with a context-specific tag; `constructed` when it wraps whole elements (explicit tagging). */
export function tagged(tag: number, constructed: boolean, ...parts: readonly Uint8Array[]): Buffer {
  return element(0x80 | (constructed ? 0x20 : 0) | tag, ...parts)
}

/** An integer from its big-endian bytes, taken as not negative. */
export function integer(bytes: Uint8Array): Buffer {
  const negative = ((bytes[0] ?? 0) & 0x80) !== 0
  return element(0x02, ...(negative ? [Buffer.of(0)] : []), bytes)
}

export const yes: Buffer = element(0x01, Buffer.of(0xff))

export function octetString(value: Uint8Array): Buffer {
  return element(0x04, value)
}

/** A string of bits, of which the last byte's lowest `unused` are no part. */
export function bitString(value: Uint8Array, unused = 0): Buffer {
  return element(0x03, Buffer.of(unused), value)
}

export function utf8String(value: string): Buffer {
  return element(0x0c, Buffer.from(value))
}

/** A moment up to the year 2049 (RFC 5280, section 4.1.2.5.1), to the second. */
export function utcTime(date: Date): Buffer {
  const digits = date
    .toISOString()
    .replace(/\.\d+Z$/, '')
    .replace(/\D/g, '')
  return element(0x17, Buffer.from(`${digits.slice(2)}Z`))
}

/** An object identifier in its dotted form. */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return element(0x06, Buffer.from([first * 40 + second, ...rest].flatMap(base128)))
}

function base128(value: number): number[] {
  const digits = [value % 128]
  for (let left = Math.floor(value / 128); left > 0; left = Math.floor(left / 128)) digits.unshift((left % 128) | 0x80)
  return digits
}

function element(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  return Buffer.concat([Buffer.of(tag, ...lengthBytes(length)), ...parts])
}

function lengthBytes(length: number): number[] {
  if (length < 0x80) return [length]
  const bytes: number[] = []
  for (let left = length; left > 0; left >>>= 8) bytes.unshift(left & 0xff)
  return [0x80 | bytes.length, ...bytes]
}
