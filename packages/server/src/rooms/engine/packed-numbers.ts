/**
 * Lists of whole numbers as bytes: seven bits a byte, low bits first. Small numbers take a byte or two; numbers up to
 * 2^53 - 1 are kept exactly.
 */
export function packNumbers(numbers: readonly number[]): Uint8Array {
  const bytes: number[] = []
  for (const value of numbers) {
    let rest = value
    while (rest >= 0x80) {
      bytes.push((rest % 0x80) + 0x80)
      rest = Math.floor(rest / 0x80)
    }
    bytes.push(rest)
  }
  return Uint8Array.from(bytes)
}

/** The numbers that `packNumbers` packed. */
export function unpackNumbers(bytes: Uint8Array): number[] {
  const numbers: number[] = []
  let value = 0
  let scale = 1
  for (const byte of bytes) {
    value += (byte & 0x7f) * scale
    if (byte & 0x80) {
      scale *= 0x80
    } else {
      numbers.push(value)
      value = 0
      scale = 1
    }
  }
  return numbers
}

/** An event's known edges: its prev events and auth events by number, 0 where we do not have the event. */
export interface Edges {
  readonly prev: readonly number[]
  readonly auth: readonly number[]
}

/** Pack edges for a header row. */
export function packEdges(edges: Edges): Uint8Array {
  return packNumbers([edges.prev.length, ...edges.prev, ...edges.auth])
}

/** The edges of a header row. */
export function unpackEdges(bytes: Uint8Array): Edges {
  const [count = 0, ...numbers] = unpackNumbers(bytes)
  return { prev: numbers.slice(0, count), auth: numbers.slice(count) }
}
