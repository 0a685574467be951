/** What a log line says beside its message. Never a token, a body, or an address unless the operator asked for addresses. */
export type LogFields = Readonly<Record<string, unknown>>

/** Structured log lines, as a port. An error goes into the field `err`. */
export interface Logger {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
  /** A logger whose lines all carry `fields`. */
  child(fields: LogFields): Logger
}

/** A logger that says nothing, for tests. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
}
