/** Takes back what was scheduled; calling it twice, or after the work ran, does nothing. */
export type Cancel = () => void

/** Time, as a port: the real one here, a simulated one in tests. All durations are milliseconds. */
export interface Clock {
  /** Wall-clock time, milliseconds since 1970. It may jump; use it for what other people read. */
  now(): number
  /** A time that never goes back, milliseconds since an arbitrary start; use it to measure and to wait. */
  monotonic(): number
  /** Run `work` once, `ms` from now. A scheduled piece of work does not keep the process alive by itself. */
  schedule(ms: number, work: () => void): Cancel
  /** Resolves `ms` from now, or at once when `signal` aborts (it never rejects: look at the signal). */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** The longest delay that one timer of the runtime can hold; longer ones are held in steps. */
const timerMsMax = 2_147_483_647

function schedule(ms: number, work: () => void): Cancel {
  const due = performance.now() + ms
  let timer: NodeJS.Timeout
  const arm = (): void => {
    const left = Math.max(0, due - performance.now())
    timer = left > timerMsMax ? setTimeout(arm, timerMsMax) : setTimeout(work, left)
    timer.unref()
  }
  arm()
  return () => clearTimeout(timer)
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve()
    const done = (): void => {
      cancel()
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const cancel = schedule(ms, done)
    signal?.addEventListener('abort', done, { once: true })
  })
}

/** The machine's clock. */
export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  schedule,
  sleep,
}

/** A time of the wall clock (ms since 1970) for people, in ISO 8601. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}
