import { sections, type Config } from './config.ts'
import type { Basics, Option, ValuesOf } from './option.ts'
import { fromEnvironment, fromFlags, fromYaml, type Problem, type Source, type Written } from './sources.ts'

/** Where values may stand; the later ones weigh more. */
export interface ConfigSources {
  /** The YAML file's name, for messages, and its text. */
  readonly file: { readonly name: string; readonly text: string } | undefined
  readonly environment: Readonly<Record<string, string | undefined>>
  /** By whole name, `--server-name`; `true` for one that stands alone. */
  readonly flags: ReadonlyMap<string, string | true>
}

/** The configuration, or everything that is wrong with it. */
export type LoadedConfig =
  | {
      readonly ok: true
      readonly config: Config
      /** Where each value that is no default was written, by key. */ readonly origins: ReadonlyMap<string, string>
    }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** Every option there is. */
export const allOptions: readonly Option<unknown>[] = Object.values(sections).flatMap((section): Option<unknown>[] =>
  Object.values(section.options),
)

const dataDirOption = sections.server.options.dataDir

/** Read the configuration from a file, variables and flags, in that order of weight. */
export async function loadConfig(sources: ConfigSources): Promise<LoadedConfig> {
  const { file } = sources
  const read: Source[] = [
    ...(file === undefined ? [] : [await fromYaml(file.name, file.text, allOptions)]),
    fromEnvironment(sources.environment, allOptions),
    fromFlags(sources.flags, allOptions),
  ]
  const problems = read.flatMap((source) => source.problems)
  const written = new Map<string, Written>(read.flatMap((source) => [...source.values]))

  const valueOf = <T>(option: Option<T>, basics: Basics | undefined): T | undefined => {
    const own = written.get(option.key)
    const standard = typeof option.default === 'string' ? option.default : basics === undefined ? '' : option.default(basics)
    const parsed = option.type.parse(own?.raw ?? standard)
    if (parsed.ok) return parsed.value
    problems.push({ where: own?.where ?? option.key, why: parsed.why })
    return undefined
  }

  const dataDir = valueOf(dataDirOption, undefined)
  if (dataDir === undefined) return { ok: false, problems }
  const basics = { dataDir }
  const config: Config = Object.freeze({
    server: readSection(sections.server, (option) => valueOf(option, basics)),
    registration: readSection(sections.registration, (option) => valueOf(option, basics)),
    listeners: readSection(sections.listeners, (option) => valueOf(option, basics)),
    federation: readSection(sections.federation, (option) => valueOf(option, basics)),
    policyServer: readSection(sections.policyServer, (option) => valueOf(option, basics)),
    media: readSection(sections.media, (option) => valueOf(option, basics)),
    rates: readSection(sections.rates, (option) => valueOf(option, basics)),
    log: readSection(sections.log, (option) => valueOf(option, basics)),
    cache: readSection(sections.cache, (option) => valueOf(option, basics)),
  })
  if (problems.length > 0) return { ok: false, problems }
  const conflicts = findConflicts(config)
  if (conflicts.length > 0) return { ok: false, problems: conflicts }
  return { ok: true, config, origins: new Map([...written].map(([key, { where }]) => [key, where])) }
}

function readSection<S extends (typeof sections)[keyof typeof sections]>(
  section: S,
  read: (option: Option<unknown>) => unknown,
): ValuesOf<S> {
  const values = Object.entries(section.options).map(([name, option]: [string, Option<unknown>]) => [name, read(option)])
  // Each option's own type made its value; the compiler can't follow them through a list. Where one failed, nobody sees the result.
  return Object.freeze(Object.fromEntries(values)) as ValuesOf<S>
}

/** What each value allows, but not together. */
function findConflicts({ server, listeners, registration }: Config): Problem[] {
  const problems: Problem[] = []
  if (listeners.internal !== undefined && server.database.kind === 'sqlite') {
    problems.push({ where: 'listeners.internal', why: 'several processes need a PostgreSQL database; with SQLite there is one process' })
  }
  if (registration.mode === 'token' && registration.tokens.length === 0) {
    problems.push({ where: 'registration_tokens', why: 'registration by token needs at least one token' })
  }
  return problems
}
