import { pino, type Level } from 'pino'
import type { LogFields, Logger } from './logger.ts'

/** What the log shows, and how. */
export interface LogSettings {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  /** `json`: one object a line, for machines. `text`: a line for people. */
  readonly format: 'json' | 'text'
}

/** A logger over a file descriptor. */
export interface OpenLogger {
  readonly log: Logger
  /** Write out what is still in memory; it also happens four times a second and at exit. */
  flush(): void
}

/** Bytes that are collected before they are written: one write for some twenty requests. */
const bufferBytes = 4096
/** Milliseconds after which collected lines are written anyway. */
const flushMs = 250
/** Causes of a cause that are still shown. */
const causesMax = 3

/** Open the log on `fd` (1: the standard output). */
export function createLogger(settings: LogSettings, fd = 1): OpenLogger {
  const json = settings.format === 'json'
  const sink = pino.destination({ fd, sync: true, ...(json && { minLength: bufferBytes, periodicFlush: flushMs }) })
  const destination = json ? sink : { write: (line: string) => sink.write(textLine(line)) }
  const log = pino(
    {
      level: settings.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label: string) => ({ level: label }) },
      serializers: { err: describeError },
    },
    destination,
  )
  return { log: wrap(log), flush: () => sink.flushSync() }
}

type PinoLike = Record<Extract<Level, 'debug' | 'info' | 'warn' | 'error'>, (fields: LogFields, message: string) => void> & {
  child(fields: LogFields): PinoLike
}

function wrap(log: PinoLike): Logger {
  return {
    debug: (fields, message) => log.debug(fields, message),
    info: (fields, message) => log.info(fields, message),
    warn: (fields, message) => log.warn(fields, message),
    error: (fields, message) => log.error(fields, message),
    child: (fields) => wrap(log.child(fields)),
  }
}

/**
 * An error's kind, code, message and stack, and its causes. Nothing else that hangs on it is shown: a database driver
 * hangs the statement's values there.
 */
function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {}
  const cause = error.cause === undefined || depth >= causesMax ? {} : { cause: describeError(error.cause, depth + 1) }
  return { type: error.name, message: error.message, ...code, stack: error.stack, ...cause }
}

const ownKeys = new Set(['level', 'time', 'msg', 'err'])

/** `12:34:56.789 info  request  route=/x status=200 ms=1.2`, and below it an error's stack. */
function textLine(json: string): string {
  const line: Record<string, unknown> = JSON.parse(json)
  const fields = Object.entries(line)
    .filter(([key]) => !ownKeys.has(key))
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  const time = String(line['time']).slice(11, 23)
  const head = `${time} ${String(line['level']).padEnd(5)} ${String(line['msg'])}`
  const error = line['err']
  const stack =
    typeof error === 'object' && error !== null && 'stack' in error
      ? `\n${String(error.stack)}`
      : error === undefined
        ? ''
        : ` ${String(error)}`
  return `${[head, ...fields].join('  ')}${stack}\n`
}
