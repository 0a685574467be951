import { allOptions } from '../../config/load-config.ts'
import { nearest } from '../../config/nearest.ts'
import { flagOf } from '../../config/option.ts'
import { CommandError, exitCodes, type Call, type Command, type CommandFlag } from './command.ts'

/** What the words of the command line ask for. */
export type Asked =
  | { readonly kind: 'help'; readonly command: Command | undefined }
  | { readonly kind: 'run'; readonly command: Command; readonly call: Omit<Call, 'terminal'> }

const configFlags = new Map([
  ...allOptions.map((option) => [flagOf(option.key), option.type.isSwitch === true] as const),
  ['--config', false] as const,
])

const jsonFlag: CommandFlag = { name: '--json', about: 'Print the result as JSON.' }

/** Read the command line. Throws a `CommandError` that says what is not understood. */
export function parseArguments(words: readonly string[], commands: readonly Command[]): Asked {
  const wantsHelp = words.includes('--help') || words.includes('-h')
  const names = leadingWords(words)
  const command = commands.find(({ name }) => names === name || names.startsWith(`${name} `))
  if (command === undefined) {
    if (wantsHelp || words.length === 0) return { kind: 'help', command: undefined }
    throw misused(unknownCommand(names === '' ? (words[0] ?? '') : names, commands))
  }
  if (wantsHelp) return { kind: 'help', command }
  return { kind: 'run', command, call: parseCall(words.slice(command.name.split(' ').length), command) }
}

/** The words before the first flag. */
function leadingWords(words: readonly string[]): string {
  const flag = words.findIndex((word) => word.startsWith('-'))
  return (flag < 0 ? words : words.slice(0, flag)).join(' ')
}

function parseCall(words: readonly string[], command: Command): Omit<Call, 'terminal'> {
  const args: string[] = []
  const flags = new Map<string, string | true>()
  const configured = new Map<string, string | true>()
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? ''
    if (!word.startsWith('-') || word === '-') {
      args.push(word)
      continue
    }
    const equals = word.indexOf('=')
    const name = equals < 0 ? word : word.slice(0, equals)
    const own: CommandFlag | undefined = name === '--json' ? jsonFlag : command.flags.find((flag) => flag.name === name)
    if (own === undefined && !(command.configured && configFlags.has(name))) throw misused(unknownFlag(name, command))
    const target = own === undefined ? configured : flags
    if (target.has(name)) throw misused(`${name} is given twice`)
    const next = words[i + 1]
    const alone = own === undefined ? configFlags.get(name) === true : own.value === undefined
    // A switch takes the next word only if that is `on` or `off`: anything else is an argument of its own.
    const takesNext = next !== undefined && (alone ? own === undefined && /^(on|off)$/.test(next) : !next.startsWith('--'))
    if (equals >= 0) target.set(name, word.slice(equals + 1))
    else if (takesNext) target.set(name, words[++i] ?? '')
    else if (alone) target.set(name, true)
    else throw misused(`${name} needs a value`)
  }
  if (args.length !== command.args.length) {
    const missing = command.args[args.length]
    throw misused(missing === undefined ? `${command.name} has no argument ${args[command.args.length]}` : `${missing} is missing`)
  }
  const json = flags.delete('--json')
  return { args, flags, configFlags: configured, json }
}

function unknownCommand(asked: string, commands: readonly Command[]): string {
  const names = commands.map(({ name }) => name)
  const within = names.filter((name) => name.startsWith(`${asked} `))
  if (within.length > 0) return `${asked} what? ${within.join(', ')}`
  const meant = nearest(asked, names)
  return `there is no command ${asked}${meant === undefined ? '' : `; did you mean ${meant}?`}`
}

function unknownFlag(asked: string, command: Command): string {
  const names = ['--json', ...command.flags.map(({ name }) => name), ...(command.configured ? configFlags.keys() : [])]
  const meant = nearest(asked, names)
  return `${command.name} has no flag ${asked}${meant === undefined ? '' : `; did you mean ${meant}?`}`
}

function misused(message: string): CommandError {
  return new CommandError(`${message} (causeway --help)`, exitCodes.misused, 'MISUSED')
}
