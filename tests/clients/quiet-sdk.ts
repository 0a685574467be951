import { mock } from 'node:test'
import type { Logger } from 'matrix-js-sdk/lib/logger.js'

/** A logger for the SDK's clients that says nothing. */
export const silent: Logger = {
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  getChild: () => silent,
}

/**
 * Keep the SDK from writing to the console, where parts of it have a logger of their own. What this gives is called at the
 * end: the console writes again, and the timers that the SDK sets for its requests, which run on after them for minutes, hold up
 * nobody.
 */
export function quietSdk(): () => void {
  const methods = ['trace', 'debug', 'info', 'log', 'warn', 'error'] as const
  const quiet = methods.map((method) => mock.method(console, method, () => undefined))
  const timers: NodeJS.Timeout[] = []
  const realSetTimeout = globalThis.setTimeout
  const watched = mock.method(globalThis, 'setTimeout', (...args: Parameters<typeof setTimeout>) => {
    const timer = realSetTimeout(...args)
    timers.push(timer)
    return timer
  })
  return () => {
    for (const { mock: method } of [...quiet, watched]) method.restore()
    for (const timer of timers) timer.unref()
  }
}
