import type { Config } from '../../config/config.ts'

/** How a command ended, for scripts. */
export const exitCodes = { done: 0, failed: 1, misused: 2 } as const

/** A flag of one command, beside those of the configuration. */
export interface CommandFlag {
  /** `--password` */
  readonly name: string
  /** What its value is called in the help; undefined for a flag that stands alone. */
  readonly value?: string
  readonly about: string
}

/** What a command is given. */
export interface Call {
  /** Positional arguments, as many as the command declares. */
  readonly args: readonly string[]
  /** The command's own flags by name. */
  readonly flags: ReadonlyMap<string, string | true>
  /** Flags of the configuration. */
  readonly configFlags: ReadonlyMap<string, string | true>
  /** Was `--json` given? */
  readonly json: boolean
  readonly terminal: Terminal
}

/** Where a command writes and reads. */
export interface Terminal {
  out(text: string): void
  err(text: string): void
  /** Everything on the standard input. */
  input(): Promise<string>
  /** Environment variables. */
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** One thing that `causeway` can be told. */
export interface Command {
  /** `user create` */
  readonly name: string
  readonly args: readonly string[]
  readonly flags: readonly CommandFlag[]
  readonly summary: string
  /** Does it take the flags of the configuration? */
  readonly configured: boolean
  /** Gives the exit code. Throws a `CommandError` for what the operator must read. */
  run(call: Call): Promise<number>
}

/** A message for the operator, without a stack, and the exit code. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly exitCode: number
  /** A code for scripts that read JSON. */
  readonly code: string

  constructor(message: string, exitCode: number = exitCodes.failed, code = 'FAILED') {
    super(message)
    this.exitCode = exitCode
    this.code = code
  }
}

/** A configuration with where its values come from. */
export interface ConfigInForce {
  readonly config: Config
  readonly origins: ReadonlyMap<string, string>
}
