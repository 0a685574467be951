import type { Config } from '../../config/config.ts'
import { adminSocketPath, openAdminClient, type AdminClient, type OfflineServer } from '../admin-client.ts'
import type { Call } from '../command-line/command.ts'
import { requireConfig } from '../command-line/read-config.ts'

/** Opens the database and answers on the admin socket, for commands while no server runs. */
export type OpenOffline = (config: Config) => Promise<OfflineServer>

/** Do the work of a command with a client of the running server, or of one that is opened for it. */
export function clientOf(openOffline: OpenOffline): (call: Call, work: (client: AdminClient) => Promise<number>) => Promise<number> {
  return async (call, work) => {
    const { config } = await requireConfig(call)
    const client = await openAdminClient(adminSocketPath(config), () => openOffline(config))
    try {
      return await work(client)
    } finally {
      await client.close()
    }
  }
}
