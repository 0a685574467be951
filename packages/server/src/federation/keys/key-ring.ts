import {
  canonicalJson,
  isJsonObject,
  parseJson,
  parseKeyId,
  type FindKey,
  type JsonObject,
  type KeyId,
  type MissingKey,
  type ServerName,
} from '@causeway/events'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Database } from '../../storage/database.ts'
import { keyAnswer, removeServerKey, serverKeys, upsertKeyAnswer, upsertServerKey } from '../../storage/tables/server-keys.ts'
import { keyRefreshMs, keyServersInMemoryMax, keysPerServerMax } from '../limits.ts'
import type { CurrentKeys } from '../signing/request-verifier.ts'
import type { KnownKey } from './key-answer.ts'
import { KeyFetches, type FetchedKeys } from './key-fetches.ts'
import type { OwnKeys } from './signing-key-file.ts'

interface Ports {
  readonly db: Database
  readonly clock: Clock
  readonly log: Logger
  readonly serverName: ServerName
  readonly ownKeys: OwnKeys
  /** What a server says of its keys, asked directly; absent when it did not answer. */
  readonly fetchKeys: (server: ServerName) => Promise<JsonObject | undefined>
}

type ServerKeys = Map<KeyId, KnownKey>

/**
 * The signing keys of all servers, our own among them: in memory, in storage, or asked of their server. Looking up is
 * synchronous over what is in memory; loading goes before it, once for each server at a time, and answers of both kinds are
 * remembered, so that a flood of unknown keys causes no flood of fetches.
 */
export class KeyRing implements CurrentKeys {
  readonly #ports: Ports
  readonly #fetches: KeyFetches
  readonly #servers = new LRUCache<ServerName, ServerKeys>({ max: keyServersInMemoryMax })
  readonly #reading = new Map<ServerName, Promise<ServerKeys>>()
  readonly #own: ServerKeys
  readonly #listeners: ((server: ServerName) => void)[] = []

  constructor(ports: Ports) {
    this.#ports = ports
    this.#fetches = new KeyFetches({ clock: ports.clock, log: ports.log, fetchKeys: ports.fetchKeys })
    this.#own = ownServerKeys(ports.ownKeys)
  }

  /** Call `listener` with each server that has told its keys. */
  onTold(listener: (server: ServerName) => void): void {
    this.#listeners.push(listener)
  }

  /** Did a server not answer when it was asked for its keys last? Then one that is missing may be had later. */
  isSilent(server: ServerName): boolean {
    return server !== this.#ports.serverName && this.#fetches.isSilent(server)
  }

  /** The key that could have signed an event of the time `validAt`; 0 for "at any time". For `checkSignatures`. */
  readonly findKey: FindKey = (server, keyId, validAt) => {
    const key = this.#inMemory(server)?.get(keyId)
    if (key === undefined || validAt > (key.expiredAt ?? key.validUntil)) return undefined
    return key.publicKey
  }

  /** The key that may sign a request now, if it is in memory. Server-Server API, "Publishing Keys": an old key may not. */
  currentKey(server: ServerName, keyId: KeyId): Uint8Array | undefined {
    const key = this.#inMemory(server)?.get(keyId)
    const now = this.#ports.clock.now()
    if (key === undefined || key.expiredAt !== undefined || key.validUntil <= now) return undefined
    // Asked for again before it runs out, so that nobody has to wait.
    if (key.validUntil - now < keyRefreshMs && server !== this.#ports.serverName && this.#fetches.mayFetch(server)) this.#refresh(server)
    return key.publicKey
  }

  /** Load keys that a signature check found missing. Resolves when what can be had is in memory; rejects if the database fails. */
  async ensureKeys(missing: readonly MissingKey[]): Promise<void> {
    const wanted = new Map<ServerName, Set<KeyId>>()
    for (const { server, keyId } of missing) wanted.set(server, (wanted.get(server) ?? new Set()).add(keyId))
    await Promise.all(
      [...wanted].map(([server, keyIds]) => this.#load(server, [...keyIds], (key) => key.expiredAt !== undefined || this.#isValid(key))),
    )
  }

  /** Load keys with which a server may sign requests now: somebody speaks in its name. Rejects if the database fails. */
  loadCurrent(server: ServerName, keyIds: readonly KeyId[]): Promise<void> {
    return this.#load(server, keyIds, (key) => key.expiredAt === undefined && this.#isValid(key), true)
  }

  /**
   * The last answer of a server about its keys, for a notary: kept for half of its lifetime, asked for anew when it has less
   * left than until `validUntil`, and given even when it has run out if the server is away. Server-Server API, "Querying Keys".
   */
  async answer(server: ServerName, validUntil: number): Promise<JsonObject | undefined> {
    const now = this.#ports.clock.now()
    const kept = await keyAnswer(this.#ports.db, server)
    if (kept === undefined || kept.valid_until < validUntil || now > (kept.fetched_at + kept.valid_until) / 2) {
      const fetched = await this.#fetch(server)
      if (fetched !== undefined) return fetched
    }
    const parsed = kept === undefined ? undefined : parseJson(kept.json)
    return parsed?.ok === true && isJsonObject(parsed.value) ? parsed.value : undefined
  }

  async #load(server: ServerName, keyIds: readonly KeyId[], suffices: (key: KnownKey) => boolean, named = false): Promise<void> {
    if (server === this.#ports.serverName) return
    const known = this.#inMemory(server) ?? (await this.#read(server))
    const enough = keyIds.every((keyId) => {
      const key = known.get(keyId)
      return key !== undefined && suffices(key)
    })
    if (!enough) await this.#fetch(server, named)
  }

  #inMemory(server: ServerName): ServerKeys | undefined {
    return server === this.#ports.serverName ? this.#own : this.#servers.get(server)
  }

  #isValid(key: KnownKey): boolean {
    return key.validUntil > this.#ports.clock.now()
  }

  #read(server: ServerName): Promise<ServerKeys> {
    const running = this.#reading.get(server)
    if (running !== undefined) return running
    const reading = this.#readRows(server).finally(() => this.#reading.delete(server))
    this.#reading.set(server, reading)
    return reading
  }

  async #readRows(server: ServerName): Promise<ServerKeys> {
    const keys: ServerKeys = new Map()
    for (const row of await serverKeys(this.#ports.db, server)) {
      const keyId = parseKeyId(row.key_id)
      if (keyId === undefined) continue
      const { public_key: publicKey, valid_until: validUntil, expired_at: expiredAt, fetched_at: fetchedAt } = row
      keys.set(keyId, { keyId, publicKey, validUntil, expiredAt: expiredAt ?? undefined, fetchedAt })
    }
    // A fetch may have been quicker, and knows better.
    const known = this.#servers.get(server) ?? keys
    this.#servers.set(server, known)
    return known
  }

  #refresh(server: ServerName): void {
    this.#fetch(server).catch((err: unknown) => this.#ports.log.warn({ err, server }, 'the keys of a server could not be refreshed'))
  }

  async #fetch(server: ServerName, named = false): Promise<JsonObject | undefined> {
    const fetched = await this.#fetches.fetch(server, named)
    if (fetched === undefined) return undefined
    const known = this.#servers.get(server) ?? (await this.#read(server))
    for (const key of fetched.keys) known.set(key.keyId, key)
    const surplus = [...known.values()].toSorted((a, b) => b.fetchedAt - a.fetchedAt).slice(keysPerServerMax)
    for (const { keyId } of surplus) known.delete(keyId)
    this.#servers.set(server, known)
    if (!fetched.stored) {
      fetched.stored = true
      for (const listener of this.#listeners) listener(server)
      await this.#store(server, fetched, surplus)
    }
    return fetched.answer
  }

  /** What is in memory holds even when it cannot be written: then it is fetched again after a restart. */
  async #store(server: ServerName, fetched: FetchedKeys, surplus: readonly KnownKey[]): Promise<void> {
    const now = this.#ports.clock.now()
    const removed = new Set(surplus.map(({ keyId }) => keyId))
    const rows = fetched.keys
      .filter(({ keyId }) => !removed.has(keyId))
      .map((key) => [server, key.keyId, key.publicKey, key.validUntil, key.expiredAt ?? null, key.fetchedAt] as const)
    try {
      await this.#ports.db.commit({
        rows: [
          { write: upsertServerKey, rows },
          { write: removeServerKey, rows: surplus.map(({ keyId }) => [server, keyId]) },
          { write: upsertKeyAnswer, rows: [[server, canonicalJson(fetched.answer), now, fetched.validUntil]] },
        ],
      })
    } catch (err) {
      this.#ports.log.warn({ err, server }, 'the keys of a server could not be stored')
    }
  }
}

function ownServerKeys({ signing, others, old }: OwnKeys): ServerKeys {
  const keys: ServerKeys = new Map()
  for (const { keyId, publicKey, expiredAt } of old) keys.set(keyId, { keyId, publicKey, validUntil: expiredAt, expiredAt, fetchedAt: 0 })
  for (const { keyId, publicKey } of [signing, ...others]) {
    keys.set(keyId, { keyId, publicKey, validUntil: Number.MAX_SAFE_INTEGER, expiredAt: undefined, fetchedAt: 0 })
  }
  return keys
}
