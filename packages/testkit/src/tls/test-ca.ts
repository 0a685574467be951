import { generateKeyPairSync, hash, randomBytes, sign, type KeyObject } from 'node:crypto'
import { isIP, isIPv4 } from 'node:net'
import * as der from './der.ts'
import { CERTIFICATE_MS_MAX, CLOCK_SKEW_MS_MAX } from './limits.ts'

/** A private key and its certificate, both PEM (PKCS #8 and X.509). */
export interface TlsIdentity {
  readonly key: string
  readonly certificate: string
}

/** A certificate authority that only one test run knows and trusts. */
export interface TestCa {
  /** The authority's own certificate, PEM: what servers under test are told to trust. */
  readonly certificate: string
  /** A new key with a certificate for these DNS names and IP addresses, for servers and for clients. */
  issue(names: readonly string[]): TlsIdentity
}

/**
 * Make a new certificate authority with its own key. Federation between test servers needs one, as TLS is mandatory
 * there. The certificates are built by hand (RFC 5280), so that a fault in the server's own certificate code cannot
 * hide in its tests.
 */
export function createTestCa(): TestCa {
  const name = `Causeway test authority ${randomBytes(4).toString('hex')}`
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const authority: Authority = { name, key: keys.privateKey, keyIdentifier: keyIdentifier(keys.publicKey) }
  const certificate = build(authority, name, keys.publicKey, [
    extension(id.basicConstraints, true, der.sequence(der.yes)),
    // keyCertSign and cRLSign are bits 5 and 6 of seven.
    extension(id.keyUsage, true, der.bitString(Buffer.of(0b0000_0110), 1)),
  ])
  return { certificate, issue: (names) => issue(authority, names) }
}

interface Authority {
  readonly name: string
  readonly key: KeyObject
  readonly keyIdentifier: Buffer
}

const id = {
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  commonName: '2.5.4.3',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const

function issue(authority: Authority, names: readonly string[]): TlsIdentity {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const certificate = build(authority, names[0] ?? 'nobody', keys.publicKey, [
    extension(id.basicConstraints, true, der.sequence()),
    extension(id.keyUsage, true, der.bitString(Buffer.of(0b1000_0000), 7)),
    extension(id.extKeyUsage, false, der.sequence(der.objectIdentifier(id.serverAuth), der.objectIdentifier(id.clientAuth))),
    extension(id.subjectAltName, false, der.sequence(...names.map(generalName))),
  ])
  return { key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), certificate }
}

function build(authority: Authority, subject: string, publicKey: KeyObject, extensions: readonly Buffer[]): string {
  const signatureAlgorithm = der.sequence(der.objectIdentifier(id.ecdsaWithSha256))
  const now = Date.now()
  const serialNumber = randomBytes(16)
  serialNumber.writeUInt8((serialNumber.readUInt8(0) & 0x7f) | 0x40, 0)
  const body = der.sequence(
    der.tagged(0, true, der.integer(Buffer.of(2))), // version 3
    der.integer(serialNumber),
    signatureAlgorithm,
    distinguishedName(authority.name),
    der.sequence(der.utcTime(new Date(now - CLOCK_SKEW_MS_MAX)), der.utcTime(new Date(now + CERTIFICATE_MS_MAX))),
    distinguishedName(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der.tagged(
      3,
      true,
      der.sequence(
        ...extensions,
        extension(id.subjectKeyIdentifier, false, der.octetString(keyIdentifier(publicKey))),
        extension(id.authorityKeyIdentifier, false, der.sequence(der.tagged(0, false, authority.keyIdentifier))),
      ),
    ),
  )
  const signature = sign('sha256', body, authority.key)
  return pem('CERTIFICATE', der.sequence(body, signatureAlgorithm, der.bitString(signature)))
}

function distinguishedName(commonName: string): Buffer {
  return der.sequence(der.set(der.sequence(der.objectIdentifier(id.commonName), der.utf8String(commonName))))
}

function extension(oid: string, critical: boolean, value: Buffer): Buffer {
  return der.sequence(der.objectIdentifier(oid), ...(critical ? [der.yes] : []), der.octetString(value))
}

/** An IP address is 4 or 16 bytes with the tag 7, a DNS name is text with the tag 2 (RFC 5280, section 4.2.1.6). */
function generalName(name: string): Buffer {
  if (isIP(name) === 0) return der.tagged(2, false, Buffer.from(name, 'ascii'))
  if (isIPv4(name)) return der.tagged(7, false, Buffer.from(name.split('.').map(Number)))
  return der.tagged(7, false, ipv6Bytes(name))
}

function ipv6Bytes(address: string): Buffer {
  const [left = '', right] = address.split('::')
  const groups = (text: string): number[] => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)))
  const head = groups(left)
  const tail = right === undefined ? [] : groups(right)
  const all = [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => 0), ...tail]
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]))
}

function keyIdentifier(publicKey: KeyObject): Buffer {
  return hash('sha1', publicKey.export({ type: 'spki', format: 'der' }), 'buffer')
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
