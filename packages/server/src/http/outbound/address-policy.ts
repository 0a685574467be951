import type { AddressRange } from '../../config/types.ts'
import { ipBytes } from './ip-address.ts'

interface Range {
  readonly bytes: Uint8Array
  readonly prefix: number
}

/**
 * Addresses that are nobody's public server: RFC 6890 and the IANA registries of special-purpose addresses. 6to4 and Teredo
 * are here whole, since they carry an IPv4 address to which a relay would pass the request on.
 */
const notPublic = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
  '5f00::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
].map(rangeOf)

const loopback = ['127.0.0.0/8', '::1/128'].map(rangeOf)
/** NAT64 (RFC 6052): the last four bytes are the IPv4 address that is meant. */
const nat64 = rangeOf('64:ff9b::/96')

/**
 * Which addresses requests of this server may reach: public ones, and those that the operator named. Without it anybody
 * could make the server call into its own network (server-side request forgery).
 */
export class AddressPolicy {
  readonly #allowed: readonly Range[]

  constructor(allowed: readonly AddressRange[]) {
    this.#allowed = allowed.map(({ address, prefix, family }) => {
      const bytes = ipBytes(address) ?? new Uint8Array(0)
      // A range of mapped addresses has become one of IPv4 addresses.
      return { bytes, prefix: family === 'ipv6' && bytes.length === 4 ? Math.max(0, prefix - 96) : prefix }
    })
  }

  /** May a connection go to this IP address? Anything that is no address is refused. */
  allows(address: string): boolean {
    const bytes = ipBytes(address)
    if (bytes === undefined) return false
    if (isIn(bytes, this.#allowed)) return true
    if (isIn(bytes, [nat64])) return this.allows(bytes.subarray(12).join('.'))
    return !isIn(bytes, notPublic)
  }
}

/** Is this the address of the machine itself? */
export function isLoopback(address: string): boolean {
  const bytes = ipBytes(address)
  return bytes !== undefined && isIn(bytes, loopback)
}

function isIn(bytes: Uint8Array, ranges: readonly Range[]): boolean {
  return ranges.some((range) => range.bytes.length === bytes.length && samePrefix(bytes, range))
}

function samePrefix(bytes: Uint8Array, { bytes: base, prefix }: Range): boolean {
  const whole = prefix >> 3
  for (let at = 0; at < whole; at++) if (bytes[at] !== base[at]) return false
  const rest = prefix & 7
  return rest === 0 || (bytes[whole] ?? 0) >> (8 - rest) === (base[whole] ?? 0) >> (8 - rest)
}

function rangeOf(text: string): Range {
  const [address = '', prefix] = text.split('/')
  return { bytes: ipBytes(address) ?? new Uint8Array(0), prefix: Number(prefix) }
}
