// Imported before a test file. When all of its tests have ended and something still keeps the process alive, this says what, and
// lets go of sockets and servers that were left open: the file then ends by itself, with its whole report. If it goes on even so, it
// is ended as a failure; otherwise the whole run would wait.
import { subscribe } from 'node:diagnostics_channel'
import { writeSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

/** Milliseconds for closing what the tests shared: servers that end in an orderly way, a database's last checkpoint. */
const LINGER_MS_MAX = 60_000

/** Milliseconds between two looks. */
const LOOK_MS = 1_000

if (isMainThread) watch()

function watch(): void {
  let running = 0
  let idleSince: number | undefined
  subscribe('tracing:node.test:start', () => {
    running += 1
    idleSince = undefined
  })
  subscribe('tracing:node.test:end', () => {
    // A hook may fail before its test has begun.
    running = Math.max(0, running - 1)
    if (running === 0) idleSince = performance.now()
  })
  let looks = 0
  setInterval(() => {
    if (idleSince === undefined || performance.now() - idleSince < LINGER_MS_MAX) return
    const open = process.getActiveResourcesInfo().join(', ')
    writeSync(2, `${process.argv[1] ?? ''} did not end within ${LINGER_MS_MAX} ms after its tests; open: ${open}\n`)
    looks += 1
    if (looks > 1) process.exit(1)
    idleSince = performance.now()
    letGo()
  }, LOOK_MS).unref()
}

/** Open handles keep the process alive no longer. */
function letGo(): void {
  if (!('_getActiveHandles' in process) || typeof process._getActiveHandles !== 'function') return
  const handles: readonly unknown[] = process._getActiveHandles()
  for (const handle of handles) {
    // The report goes out over these.
    if (handle === process.stdout || handle === process.stderr) continue
    if (typeof handle === 'object' && handle !== null && 'unref' in handle && typeof handle.unref === 'function') handle.unref()
  }
}
