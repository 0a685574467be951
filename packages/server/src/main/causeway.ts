import { text } from 'node:stream/consumers'
import { DatabaseUnusable } from '../storage/database-unusable.ts'
import { CommandError, exitCodes, type Command, type Terminal } from './command-line/command.ts'
import { commandHelp, generalHelp } from './command-line/help.ts'
import { parseArguments } from './command-line/parse-arguments.ts'
import { configCommands } from './commands/config-commands.ts'
import { databaseCommands } from './commands/database-commands.ts'
import { roomCommands } from './commands/room-commands.ts'
import { commandPlatform, openOffline, startCommand } from './commands/start-command.ts'
import { userCommands } from './commands/user-commands.ts'
import { readVersion } from './version.ts'

const versionCommand: Command = {
  name: 'version',
  args: [],
  flags: [],
  summary: 'Print the version.',
  configured: false,
  run: async ({ json, terminal }) => {
    const version = await readVersion()
    terminal.out(json ? JSON.stringify({ version, node: process.versions.node }) : `causeway ${version} (Node ${process.versions.node})`)
    return exitCodes.done
  },
}

const commands: readonly Command[] = [
  startCommand,
  ...userCommands(openOffline),
  ...roomCommands(openOffline),
  ...databaseCommands(commandPlatform),
  ...configCommands,
  versionCommand,
]

const realTerminal: Terminal = {
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  input: () => text(process.stdin),
  environment: process.env,
}

/** Do what the command line asks. Gives the exit code. */
export async function run(words: readonly string[], terminal: Terminal = realTerminal): Promise<number> {
  try {
    const asked = parseArguments(words, commands)
    if (asked.kind === 'run') return await asked.command.run({ ...asked.call, terminal })
    terminal.out(asked.command === undefined ? generalHelp(commands) : commandHelp(asked.command))
    return exitCodes.done
  } catch (error) {
    return fail(error, words.includes('--json'), terminal)
  }
}

/** Tell what went wrong: a sentence for what the operator can mend, the whole error for what only we can. */
function fail(error: unknown, json: boolean, terminal: Terminal): number {
  const known = error instanceof CommandError ? error : (unusable(error) ?? systemError(error))
  if (known === undefined) throw error
  if (json) terminal.out(JSON.stringify({ error: known.message, code: known.code }))
  else for (const line of known.message.split('\n')) terminal.err(`causeway: ${line}`)
  return known.exitCode
}

/** Somebody else's database, or one in use: its message says what to do. */
function unusable(error: unknown): CommandError | undefined {
  return error instanceof DatabaseUnusable ? new CommandError(error.message, exitCodes.failed, 'DATABASE') : undefined
}

/** A port in use, a file without rights: the system's own words are the best ones. */
function systemError(error: unknown): CommandError | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string' || !('syscall' in error)) return undefined
  return new CommandError(error.message, exitCodes.failed, error.code)
}
