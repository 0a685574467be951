import { parseServerName, type ServerName } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import type { RemoteDirectoryPage, RemoteDirectoryQuery } from '../../rooms/peers/remote-public-rooms.ts'
import { publicRoomsPage } from '../../rooms/public-rooms-page.ts'
import type { RoomDirectory } from '../../rooms/room-directory.ts'

/** What the lists of public rooms need. */
export interface DirectoryServices {
  readonly roomDirectory: RoomDirectory
  readonly serverName: ServerName
  readonly remotePublicRooms: (server: ServerName, query: RemoteDirectoryQuery) => Promise<RemoteDirectoryPage>
}

/** Characters of a token: ours are short, others' are passed on. */
const sinceCharsMax = 1_024

/**
 * A page of the directory of this server, or of the one that is named. Only somebody who is logged in can make us ask
 * others. Throws M_INVALID_PARAM, M_MISSING_TOKEN, and what the other server refuses.
 */
export async function directoryPage(
  services: DirectoryServices,
  server: string | undefined,
  loggedIn: boolean,
  query: RemoteDirectoryQuery,
): Promise<object> {
  if (server === undefined || server === services.serverName) return publicRoomsPage(services.roomDirectory, query)
  const named = parseServerName(server)
  if (named === undefined) throw new MatrixError('M_INVALID_PARAM', 'server is no server name')
  if ((query.since?.length ?? 0) > sinceCharsMax) throw new MatrixError('M_INVALID_PARAM', 'since is too long')
  if (!loggedIn) throw new MatrixError('M_MISSING_TOKEN', 'Log in to see the rooms of other servers')
  return services.remotePublicRooms(named, query)
}
