/** The few functions of libsodium that the room core uses. All buffers must have exactly the length that is named. */
declare module 'sodium-native' {
  interface Sodium {
    /** Fill `publicKey` (32 bytes) and `secretKey` (64 bytes) from `seed` (32 bytes). */
    crypto_sign_seed_keypair(publicKey: Uint8Array, secretKey: Uint8Array, seed: Uint8Array): void
    /** Fill `signature` (64 bytes). */
    crypto_sign_detached(signature: Uint8Array, message: Uint8Array, secretKey: Uint8Array): void
    /** Is `signature` (64 bytes) good under `publicKey` (32 bytes)? */
    crypto_sign_verify_detached(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean
  }
  const sodium: Sodium
  export default sodium
}
