import { argon2 } from 'node:crypto'

/** What an Argon2id hash costs (RFC 9106): kibibytes of memory, passes over it, lanes. */
export interface Argon2Cost {
  readonly memoryKib: number
  readonly passes: number
  readonly lanes: number
}

/** Argon2id, as a port: tens of milliseconds on one of the runtime's few threads. Whoever calls it limits how many run at once. */
export interface Argon2 {
  /** `bytes` bytes of hash of `message`. */
  hash(message: Uint8Array, salt: Uint8Array, cost: Argon2Cost, bytes: number): Promise<Uint8Array>
}

/** The runtime's own implementation. */
export const realArgon2: Argon2 = {
  hash: (message, nonce, { memoryKib: memory, passes, lanes: parallelism }, tagLength) =>
    new Promise((resolve, reject) => {
      argon2('argon2id', { message, nonce, memory, passes, parallelism, tagLength }, (error, hash) => {
        if (error === null) resolve(hash)
        else reject(error)
      })
    }),
}
