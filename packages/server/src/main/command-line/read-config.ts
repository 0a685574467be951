import { loadConfig, type LoadedConfig } from '../../config/load-config.ts'
import { readTextFile } from '../../platform/files.ts'
import { CommandError, exitCodes, type Call, type ConfigInForce } from './command.ts'

const standardFile = 'causeway.yaml'

/** The configuration that a call asks for, or all that is wrong with it. Throws when a file that is named is not there. */
export async function readConfig({ configFlags, terminal }: Pick<Call, 'configFlags' | 'terminal'>): Promise<LoadedConfig> {
  const { '--config': named, ...flags } = Object.fromEntries(configFlags)
  if (named === true) throw new CommandError('--config needs a value: a file', exitCodes.misused, 'MISUSED')
  const wanted = named ?? (terminal.environment['CAUSEWAY_CONFIG'] || undefined)
  const name = wanted ?? standardFile
  const text = await readTextFile(name)
  if (text === undefined && wanted !== undefined) {
    throw new CommandError(`there is no configuration file ${name}`, exitCodes.misused, 'CONFIG')
  }
  return loadConfig({
    file: text === undefined ? undefined : { name, text },
    environment: terminal.environment,
    flags: new Map(Object.entries(flags)),
  })
}

/** The configuration that a call asks for. Throws a `CommandError` that lists whatever is wrong with it. */
export async function requireConfig(call: Pick<Call, 'configFlags' | 'terminal'>): Promise<ConfigInForce> {
  const loaded = await readConfig(call)
  if (loaded.ok) return loaded
  const lines = loaded.problems.map(({ where, why }) => `${where}: ${why}`)
  throw new CommandError(lines.join('\n'), exitCodes.misused, 'CONFIG')
}
