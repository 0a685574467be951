/** Milliseconds within which the same signal counts once: a terminal, npm and the launcher may each pass it on. */
const sameSignalMs = 1000

/**
 * Run `stop` at the first SIGTERM or SIGINT. Another one later ends the process at once, for an operator who won't wait.
 * Gives the function that takes the handlers away.
 */
export function onStopSignal(stop: (signal: string) => void): () => void {
  let askedAt: number | undefined
  const handler = (signal: string): void => {
    if (askedAt === undefined) {
      askedAt = performance.now()
      stop(signal)
    } else if (performance.now() - askedAt > sameSignalMs) {
      process.exit(128 + (signal === 'SIGINT' ? 2 : 15))
    }
  }
  process.on('SIGTERM', handler)
  process.on('SIGINT', handler)
  return () => {
    process.off('SIGTERM', handler)
    process.off('SIGINT', handler)
  }
}

/** Tell of errors that nobody awaited. They are our mistakes, and the process goes on: one request's must not end all others. */
export function onUnhandled(tell: (error: unknown) => void): void {
  process.on('unhandledRejection', tell)
}
