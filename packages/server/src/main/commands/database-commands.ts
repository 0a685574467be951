import { callSocket } from '../../platform/socket-client.ts'
import { noteRestoredBackup, otherWriters } from '../../storage/restored-backup.ts'
import { adminSocketPath } from '../admin-client.ts'
import type { Platform } from '../application.ts'
import { CommandError, exitCodes, type Call, type Command } from '../command-line/command.ts'
import { requireConfig } from '../command-line/read-config.ts'
import { openStorage } from '../compose/open-storage.ts'
import type { Config } from '../../config/config.ts'

/** The commands about the database. `platformOf` gives what a closed database is opened with. */
export function databaseCommands(platformOf: (config: Config) => Promise<Platform>): readonly Command[] {
  return [
    {
      name: 'database restored',
      args: [],
      flags: [],
      summary: 'Say that an older backup of the database was put back, before the server starts with it.',
      configured: true,
      run: (call) => restored(call, platformOf),
    },
  ]
}

async function restored(call: Call, platformOf: (config: Config) => Promise<Platform>): Promise<number> {
  const { config } = await requireConfig(call)
  const running = (await callSocket(adminSocketPath(config), 'GET', '/health')) !== undefined
  if (running) throw new CommandError('the server runs: stop it, put the backup back, and then say so', undefined, 'RUNNING')
  const platform = await platformOf(config)
  const { db, facts } = await openStorage(config, platform, '')
  try {
    const now = platform.clock.now()
    const others = await otherWriters(db, now)
    if (others.length > 0) {
      throw new CommandError(
        `other processes use the database: stop them first, or wait a minute (${others.join(', ')})`,
        undefined,
        'RUNNING',
      )
    }
    const done = await noteRestoredBackup(db, facts, now)
    if (call.json) {
      const { epoch, oneTimeKeys, users, remoteLists } = done
      call.terminal.out(JSON.stringify({ epoch, one_time_keys_voided: oneTimeKeys, users_told: users, remote_lists_stale: remoteLists }))
    } else {
      call.terminal.out('the database is marked as restored from a backup:')
      call.terminal.out('- tokens of /sync from before mean nothing: clients begin anew by themselves')
      call.terminal.out(`- ${done.oneTimeKeys} one-time keys are given to nobody any more: clients upload new ones`)
      call.terminal.out(`- the devices of ${done.users} users are told to other servers again once the server runs`)
      call.terminal.out(`- ${done.remoteLists} lists of devices on other servers are fetched again`)
    }
    return exitCodes.done
  } finally {
    await db.close()
  }
}
