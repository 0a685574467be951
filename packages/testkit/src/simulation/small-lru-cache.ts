import { LRUCache as BigCache } from 'lru-cache'

/** Entries of a cache at most: small ones lose entries, as big ones do in a big server. */
const entriesMax = 100

/** A cache of the same behaviour as the server's, but small. See small-caches.ts. */
export class LRUCache<K extends {}, V extends {}, C = unknown> extends BigCache<K, V, C> {
  constructor(options: BigCache.Options<K, V, C>) {
    super(options.max === undefined ? options : { ...options, max: Math.min(options.max, entriesMax) })
  }
}
