import { sections } from '../../config/config.ts'
import { flagOf, type Option } from '../../config/option.ts'
import type { Command } from './command.ts'

/** The page that `causeway --help` shows. */
export function generalHelp(commands: readonly Command[]): string {
  const rows = commands.map((command) => [usage(command), command.summary] as const)
  return [
    'Causeway, a Matrix homeserver.',
    '',
    'Usage: causeway COMMAND [FLAGS]',
    '',
    ...table(rows),
    '',
    '--json prints results and errors as JSON, --help explains a command.',
    'Exit codes: 0 done, 1 failed, 2 not understood or wrongly configured.',
  ].join('\n')
}

/** The page that `causeway COMMAND --help` shows. */
export function commandHelp(command: Command): string {
  const own = command.flags.map((flag) => [flagText(flag.name, flag.value), flag.about] as const)
  const lines = [
    command.summary,
    '',
    `Usage: causeway ${usage(command)} [FLAGS]`,
    '',
    ...table([...own, ['--json', 'Print the result as JSON.']]),
  ]
  if (!command.configured) return lines.join('\n')
  lines.push(
    '',
    'Configuration (more in `causeway config manual`):',
    '',
    ...table([['--config FILE', 'The configuration file; ./causeway.yaml if there is one.']]),
  )
  for (const { title, options } of Object.values(sections)) {
    lines.push(
      '',
      `${title}:`,
      ...table(Object.values(options).map((option: Option<unknown>) => [flagOf(option.key), option.type.text] as const)),
    )
  }
  return lines.join('\n')
}

function usage(command: Command): string {
  return [command.name, ...command.args].join(' ')
}

function flagText(name: string, value: string | undefined): string {
  return value === undefined ? name : `${name} ${value}`
}

function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)
}
