import { encodeBase64 } from '@causeway/events'

/**
 * Public keys whose secret halves everybody can read, by where: nobody's signature by them says anything.
 * Anyone may speak in the name of a server that uses one, so such a server is not met until it has another.
 */
const refused: ReadonlySet<string> = new Set([
  // The default signing key of a widely used installer (CVE-2026-24044).
  'PxEAjU8Z18xo5Wv0uAXHsFqCcCLMBEPq9pyAjo/28p8',
  // The example of the specification's appendix on signing.
  'XGX0JRS2Af3be3knz2fBiRbApjm2Dh61gXDJA8kcJNI',
  // A seed of 32 zeros.
  'O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik',
  // The point at infinity and the other points of small order: any signature fits some of them.
  'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  'AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
])

/** Is this a public key whose secret half is known to everybody? */
export function isRefusedKey(publicKey: Uint8Array): boolean {
  return refused.has(encodeBase64(publicKey))
}
