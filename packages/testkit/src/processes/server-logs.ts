import { subscribe } from 'node:diagnostics_channel'
import { existsSync, readFileSync } from 'node:fs'
import { LOG_LINE_CHARACTERS_MAX, LOG_LINES_MAX, SERVER_LOGS_MAX } from './limits.ts'

interface ServerLog {
  readonly name: string
  readonly file: string
  /** Its last lines, once the file is gone. */
  kept: string | undefined
}

const logs: ServerLog[] = []

/** When a test fails from now on, standard error gets the last lines of this server's log. Gives what to call before the log is removed. */
export function showLogOnFailure(name: string, file: string): () => void {
  watchTests()
  const log: ServerLog = { name, file, kept: undefined }
  logs.push(log)
  return () => {
    log.kept = lastLines(log)
    // Of those that have ended only the last may matter still.
    const gone = logs.filter(({ kept }) => kept !== undefined)
    if (gone.length > SERVER_LOGS_MAX) logs.splice(logs.indexOf(gone[0] ?? log), 1)
  }
}

let watching = false

function watchTests(): void {
  if (watching) return
  watching = true
  subscribe('tracing:node.test:error', () => {
    for (const log of logs) {
      // Not through the console, which tests may have made silent.
      process.stderr.write(`-- the end of ${log.name}'s log\n${log.kept ?? lastLines(log)}\n`)
    }
    dropEnded()
  })
  subscribe('tracing:node.test:start', (context) => {
    // What ended before a test of the file began is not its server.
    if (typeof context === 'object' && context !== null && 'nesting' in context && context.nesting === 0) dropEnded()
  })
}

function dropEnded(): void {
  for (let at = logs.length - 1; at >= 0; at -= 1) if (logs[at]?.kept !== undefined) logs.splice(at, 1)
}

function lastLines({ file }: ServerLog): string {
  if (!existsSync(file)) return ''
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n').slice(-LOG_LINES_MAX)
  return lines.map((line) => line.slice(0, LOG_LINE_CHARACTERS_MAX)).join('\n')
}
