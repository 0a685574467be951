import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { isIP } from 'node:net'
import { bitString, boolean, der, integer, objectId, octetString, sequence, setOf, tagged, time, utf8String } from './der.ts'
import { readTextFile, writePrivateFile } from './files.ts'
import type { TlsIdentity } from './http-listener.ts'

/** Days that a self-made certificate is good for; it begins a day early, for peers whose clock is behind. */
const validDays = 3650
const dayMs = 86_400_000

/**
 * The TLS key and certificate in two PEM files. Where both are absent a self-signed certificate for `name` is made and
 * kept, good for tests and for peers that trust it by hand. One without the other is an error.
 */
export async function loadOrMakeTlsIdentity(
  paths: { readonly key: string; readonly certificate: string },
  name: string,
  now: number,
): Promise<TlsIdentity> {
  const [key, certificate] = await Promise.all([readTextFile(paths.key), readTextFile(paths.certificate)])
  if (key !== undefined && certificate !== undefined) return { key, certificate }
  if (key !== undefined || certificate !== undefined) {
    throw new Error(`the TLS key and its certificate go together: ${key === undefined ? paths.key : paths.certificate} is missing`)
  }
  const made = makeTlsIdentity(name, now)
  await writePrivateFile(paths.key, made.key)
  await writePrivateFile(paths.certificate, made.certificate)
  return made
}

/** A new P-256 key with a self-signed certificate (RFC 5280) for the DNS name or IP address `name`; `now` in ms. */
export function makeTlsIdentity(name: string, now: number): TlsIdentity {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const ecdsaWithSha256 = sequence(objectId('1.2.840.10045.4.3.2'))
  const commonName = sequence(setOf(sequence(objectId('2.5.4.3'), utf8String(name.slice(0, 64)))))
  const subjectAltName = extension('2.5.29.17', false, sequence(altName(name)))
  const basicConstraints = extension('2.5.29.19', true, sequence(boolean(true)))

  const toBeSigned = sequence(
    tagged(0, integer(Buffer.of(2))),
    integer(randomBytes(16)),
    ecdsaWithSha256,
    commonName,
    sequence(time(now - dayMs), time(now + validDays * dayMs)),
    commonName,
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(3, sequence(subjectAltName, basicConstraints)),
  )
  const certificate = sequence(toBeSigned, ecdsaWithSha256, bitString(sign('sha256', toBeSigned, privateKey)))
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), certificate: pem('CERTIFICATE', certificate) }
}

function extension(id: string, critical: boolean, value: Uint8Array): Buffer {
  return critical ? sequence(objectId(id), boolean(true), octetString(value)) : sequence(objectId(id), octetString(value))
}

/** `dNSName` or `iPAddress` of GeneralName. */
function altName(name: string): Buffer {
  const version = isIP(name)
  if (version === 0) return der(0x82, Buffer.from(name, 'latin1'))
  return der(0x87, version === 4 ? Buffer.from(name.split('.').map(Number)) : ipv6Bytes(name))
}

function ipv6Bytes(address: string): Buffer {
  const [head = '', tail] = address.split('::', 2)
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'))
  const before = groups(head)
  const after = tail === undefined ? [] : groups(tail)
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0')
  return Buffer.from([...before, ...zeros, ...after].flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff]))
}

function pem(label: string, bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
