import { sections, type Config } from './config.ts'
import type { Option } from './option.ts'

/** One option in force: its value as it would be written, secrets hidden, and where it comes from. */
export interface ConfigLine {
  readonly key: string
  readonly value: string
  readonly from: string
}

const hidden = '(hidden)'

/** The configuration in force, option by option. */
export function configLines(config: Config, origins: ReadonlyMap<string, string>): ConfigLine[] {
  const values: Readonly<Record<string, Readonly<Record<string, unknown>>>> = config
  return Object.entries(sections).flatMap(([sectionName, { options }]) =>
    Object.entries(options).map(([name, option]: [string, Option<unknown>]) => ({
      key: option.key,
      value: shown(option, values[sectionName]?.[name]),
      from: origins.get(option.key) ?? 'default',
    })),
  )
}

function shown(option: Option<unknown>, value: unknown): string {
  const text = option.type.show(value)
  if (option.secret === true && text !== '') return hidden
  // A database's URL holds a password.
  return text.replace(/^(postgres(?:ql)?:\/\/)[^@/]*@/, `$1${hidden}@`)
}
