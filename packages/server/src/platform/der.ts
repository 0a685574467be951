/** Writing of ASN.1 in DER (X.690), as far as a certificate needs it. */

/** A value with its tag and length. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  const head = content.length < 0x80 ? [tag, content.length] : [tag, ...longLength(content.length)]
  return Buffer.concat([Buffer.from(head), content])
}

function longLength(length: number): number[] {
  const bytes: number[] = []
  for (let left = length; left > 0; left = Math.floor(left / 256)) bytes.unshift(left % 256)
  return [0x80 + bytes.length, ...bytes]
}

export const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts)
export const setOf = (...parts: readonly Uint8Array[]): Buffer => der(0x31, ...parts)
export const octetString = (content: Uint8Array): Buffer => der(0x04, content)
/** A bit string of whole bytes. */
export const bitString = (content: Uint8Array): Buffer => der(0x03, Buffer.of(0), content)
export const utf8String = (text: string): Buffer => der(0x0c, Buffer.from(text))
export const boolean = (value: boolean): Buffer => der(0x01, Buffer.of(value ? 0xff : 0))
/** `[number] EXPLICIT` around parts. */
export const tagged = (number: number, ...parts: readonly Uint8Array[]): Buffer => der(0xa0 + number, ...parts)

/** A positive integer from its big-endian bytes. */
export function integer(bytes: Uint8Array): Buffer {
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start++
  const significant = bytes.subarray(start)
  return (significant[0] ?? 0) >= 0x80 ? der(0x02, Buffer.of(0), significant) : der(0x02, significant)
}

/** An object identifier such as `2.5.4.3`. */
export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes = [first * 40 + second]
  for (const arc of rest) {
    const groups = [arc & 0x7f]
    for (let left = arc >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80)
    bytes.push(...groups)
  }
  return der(0x06, Buffer.from(bytes))
}

/** A moment, to the second: UTCTime until 2049, GeneralizedTime after (RFC 5280 section 4.1.2.5). */
export function time(ms: number): Buffer {
  const digits = `${new Date(ms).toISOString().slice(0, 19).replaceAll(/\D/g, '')}Z`
  return digits < '2050' ? der(0x17, Buffer.from(digits.slice(2))) : der(0x18, Buffer.from(digits))
}
