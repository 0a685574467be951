import { decodeBase64, isJsonObject, signableBytes, verifyBytes, type JsonObject } from '@causeway/events'

const publicKeyBytes = 32

/** The signature that `signer` made on an object with a key of theirs, if it is there and good. Appendices, "Checking for a signature". */
export function goodSignature(object: JsonObject, signer: string, keyId: string, publicKey: string): string | undefined {
  const signature = signatureOf(object, signer, keyId)
  const key = decodeBase64(publicKey)
  const bytes = signature === undefined ? undefined : decodeBase64(signature)
  if (key?.byteLength !== publicKeyBytes || bytes === undefined) return undefined
  return verifyBytes(key, bytes, signableBytes(object)) ? signature : undefined
}

/** The signature under these names, good or not. */
export function signatureOf(object: JsonObject, signer: string, keyId: string): string | undefined {
  const { signatures } = object
  const ofSigner = isJsonObject(signatures) ? signatures[signer] : undefined
  const signature = isJsonObject(ofSigner) ? ofSigner[keyId] : undefined
  return typeof signature === 'string' ? signature : undefined
}
