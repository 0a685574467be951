import { isIP } from 'node:net'

/**
 * The bytes of an IP address: 4, or 16. An IPv4 address in the clothes of IPv6 (`::ffff:127.0.0.1`) gives its 4 bytes, since
 * that is where a connection to it goes. A zone (`%eth0`) is left out. Absent when `text` is no address.
 */
export function ipBytes(text: string): Uint8Array | undefined {
  const version = isIP(text)
  if (version === 0) return undefined
  if (version === 4) return fourBytes(text)
  const bytes = sixteenBytes(text.split('%')[0] ?? '')
  return isMapped(bytes) ? bytes.slice(12) : bytes
}

function fourBytes(text: string): Uint8Array {
  return Uint8Array.from(text.split('.'), Number)
}

function sixteenBytes(text: string): Uint8Array {
  const [before = '', after] = text.split('::')
  const head = groupBytes(before)
  const tail = after === undefined ? [] : groupBytes(after)
  const zeros = Array.from({ length: 16 - head.length - tail.length }, () => 0)
  return Uint8Array.from([...head, ...zeros, ...tail])
}

function groupBytes(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return [...fourBytes(group)]
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 0xff]
  })
}

function isMapped(bytes: Uint8Array): boolean {
  return bytes[10] === 0xff && bytes[11] === 0xff && bytes.subarray(0, 10).every((byte) => byte === 0)
}
