import { configManual } from '../../config/manual.ts'
import { configLines } from '../../config/print-config.ts'
import { exitCodes, type Command } from '../command-line/command.ts'
import { readConfig, requireConfig } from '../command-line/read-config.ts'

/** The commands about the configuration. */
export const configCommands: readonly Command[] = [
  {
    name: 'config check',
    args: [],
    flags: [],
    summary: 'Say whether the configuration is right.',
    configured: true,
    run: async (call) => {
      const loaded = await readConfig(call)
      const problems = loaded.ok ? [] : loaded.problems
      if (call.json) call.terminal.out(JSON.stringify({ ok: loaded.ok, problems }))
      else if (loaded.ok) call.terminal.out('the configuration is right')
      else for (const { where, why } of problems) call.terminal.err(`${where}: ${why}`)
      return loaded.ok ? exitCodes.done : exitCodes.misused
    },
  },
  {
    name: 'config print',
    args: [],
    flags: [],
    summary: 'Show every option in force and where it comes from; secrets stay hidden.',
    configured: true,
    run: async (call) => {
      const { config, origins } = await requireConfig(call)
      const lines = configLines(config, origins)
      if (call.json) call.terminal.out(JSON.stringify(lines))
      else for (const { key, value, from } of lines) call.terminal.out(`${key}: ${value === '' ? '(none)' : value}  # ${from}`)
      return exitCodes.done
    },
  },
  {
    name: 'config manual',
    args: [],
    flags: [],
    summary: 'Print the manual page of the configuration, in Markdown.',
    configured: false,
    run: async ({ terminal }) => {
      terminal.out(configManual().trimEnd())
      return exitCodes.done
    },
  },
]
