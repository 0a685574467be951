import { canonicalJson, emptyObject, encodeBase64, signJson, type JsonObject, type ServerName } from '@causeway/events'
import type { Clock } from '../../platform/clock.ts'
import { ownKeysCachedMs, ownKeysValidMs } from '../limits.ts'
import type { OwnKeys } from './signing-key-file.ts'

interface Ports {
  readonly serverName: ServerName
  readonly keys: OwnKeys
  readonly clock: Clock
}

/** What this server says of its own keys, signed by each that is current. Server-Server API, "Publishing Keys". */
export class PublishedKeys {
  readonly #ports: Ports
  #answer: { readonly object: JsonObject; readonly text: string; readonly madeAt: number } | undefined

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** The answer as JSON text. */
  text(): string {
    return this.#current().text
  }

  /** The answer as an object, for the notary. */
  object(): JsonObject {
    return this.#current().object
  }

  #current(): { readonly object: JsonObject; readonly text: string } {
    const now = this.#ports.clock.now()
    const known = this.#answer
    if (known !== undefined && now >= known.madeAt && now < known.madeAt + ownKeysCachedMs) return known
    const object = this.#make(now)
    this.#answer = { object, text: canonicalJson(object), madeAt: now }
    return this.#answer
  }

  #make(now: number): JsonObject {
    const { serverName, keys } = this.#ports
    const current = [keys.signing, ...keys.others]
    const verifyKeys = emptyObject()
    for (const { keyId, publicKey } of current) verifyKeys[keyId] = Object.assign(emptyObject(), { key: encodeBase64(publicKey) })
    const oldVerifyKeys = emptyObject()
    for (const { keyId, publicKey, expiredAt } of keys.old) {
      oldVerifyKeys[keyId] = Object.assign(emptyObject(), { expired_ts: expiredAt, key: encodeBase64(publicKey) })
    }
    const bare: JsonObject = Object.assign(emptyObject(), {
      server_name: serverName,
      valid_until_ts: now + ownKeysValidMs,
      verify_keys: verifyKeys,
      old_verify_keys: oldVerifyKeys,
    })
    return current.reduce((object, key) => signJson(object, serverName, key), bare)
  }
}
