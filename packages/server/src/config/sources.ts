import { nearest } from './nearest.ts'
import { flagOf, variableOf, type Option } from './option.ts'

/** Something wrong with what the operator wrote, and where. */
export interface Problem {
  readonly where: string
  readonly why: string
}

/** A value as written, and where it was written. */
export interface Written {
  readonly raw: unknown
  readonly where: string
}

/** Written values by key; what could not be placed is a problem. */
export interface Source {
  readonly values: ReadonlyMap<string, Written>
  readonly problems: readonly Problem[]
}

/** Variables that begin with CAUSEWAY_ and are no options: the file's place. */
const otherVariables = ['CAUSEWAY_CONFIG']

function unknown(what: string, word: string, known: readonly string[]): string {
  const meant = nearest(word, known)
  return meant === undefined ? `there is no such ${what}` : `there is no such ${what}; did you mean ${meant}?`
}

/** The YAML file's values. */
export async function fromYaml(name: string, text: string, options: readonly Option<unknown>[]): Promise<Source> {
  // Loaded only where there is a file: the library takes a while.
  const { parseDocument } = await import('yaml')
  const document = parseDocument(text)
  if (document.errors.length > 0) {
    return { values: new Map(), problems: document.errors.map(({ message }) => ({ where: name, why: message })) }
  }
  const keys = options.map(({ key }) => key)
  const values = new Map<string, Written>()
  const problems: Problem[] = []
  const visit = (node: unknown, path: string): void => {
    const where = path === '' ? name : `${name}: ${path}`
    if (keys.includes(path)) values.set(path, { raw: node, where })
    else if (isMapping(node)) for (const [key, value] of Object.entries(node)) visit(value, path === '' ? key : `${path}.${key}`)
    else if (path === '' ? node !== null : node !== null || !keys.some((key) => key.startsWith(`${path}.`))) {
      problems.push({ where, why: path === '' ? 'must be keys and values' : unknown('key', path, keys) })
    }
  }
  visit(document.toJS({ maxAliasCount: 10 }), '')
  return { values, problems }
}

function isMapping(node: unknown): node is Readonly<Record<string, unknown>> {
  return typeof node === 'object' && node !== null && !Array.isArray(node)
}

/** The environment's values. An empty variable counts as not set. */
export function fromEnvironment(environment: Readonly<Record<string, string | undefined>>, options: readonly Option<unknown>[]): Source {
  const byVariable = new Map(options.map(({ key }) => [variableOf(key), key]))
  const values = new Map<string, Written>()
  const problems: Problem[] = []
  for (const [name, raw] of Object.entries(environment)) {
    if (!name.startsWith('CAUSEWAY_') || otherVariables.includes(name) || raw === undefined || raw === '') continue
    const key = byVariable.get(name)
    if (key !== undefined) values.set(key, { raw, where: name })
    else problems.push({ where: name, why: unknown('variable', name, [...byVariable.keys()]) })
  }
  return { values, problems }
}

/** The command line's values. Flags are by their whole names, `--server-name`; one that stands alone is `true`. */
export function fromFlags(flags: ReadonlyMap<string, string | true>, options: readonly Option<unknown>[]): Source {
  const byFlag = new Map(options.map((option) => [flagOf(option.key), option]))
  const values = new Map<string, Written>()
  const problems: Problem[] = []
  for (const [flag, raw] of flags) {
    const option = byFlag.get(flag)
    if (option === undefined) problems.push({ where: flag, why: unknown('flag', flag, [...byFlag.keys()]) })
    else if (raw === true && option.type.isSwitch !== true) problems.push({ where: flag, why: `needs a value: ${option.type.text}` })
    else values.set(option.key, { raw, where: flag })
  }
  return { values, problems }
}
