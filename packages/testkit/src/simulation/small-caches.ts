import { registerHooks } from 'node:module'

/**
 * Preloaded (`node --import`) by processes that run many small worlds: a cache makes its arrays at full size when it begins,
 * which for a server of 200,000 users takes longer than the whole life of a simulated one.
 */
const ownCache = new URL('small-lru-cache.ts', import.meta.url).href

registerHooks({
  resolve(specifier, context, next) {
    return next(specifier === 'lru-cache' && context.parentURL !== ownCache ? ownCache : specifier, context)
  },
})
