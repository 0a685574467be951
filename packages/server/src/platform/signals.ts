/**
 * Run `stop` at the first SIGTERM or SIGINT. A second signal ends the process at once, for an operator who won't wait.
 * Gives the function that takes the handlers away.
 */
export function onStopSignal(stop: (signal: string) => void): () => void {
  let asked = false
  const handler = (signal: string): void => {
    if (asked) process.exit(128 + (signal === 'SIGINT' ? 2 : 15))
    asked = true
    stop(signal)
  }
  process.on('SIGTERM', handler)
  process.on('SIGINT', handler)
  return () => {
    process.off('SIGTERM', handler)
    process.off('SIGINT', handler)
  }
}

/** Tell of errors that nobody awaited. They are our mistakes: the process goes on, since one request's must not end all others'. */
export function onUnhandled(tell: (error: unknown) => void): void {
  process.on('unhandledRejection', tell)
}
