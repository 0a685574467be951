import { parseRoomId, parseServerName, type JsonValue, type RoomAlias, type ServerName } from '@causeway/events'
import type { FederationClient } from '../../federation/client/federation-client.ts'
import { queryDirectory } from '../../federation/wire/queries.ts'
import type { AliasTarget } from '../room-directory.ts'

/** Servers that are kept of an answer: more help nobody to join. */
const serversMax = 50

/** Where another server's alias leads, as that server says. Absent if it has none or gave no answer that can be read. */
export async function remoteAliasTarget(client: FederationClient, server: ServerName, alias: RoomAlias): Promise<AliasTarget | undefined> {
  const answer = await client.call(server, queryDirectory, { query: { room_alias: alias }, evenIfResting: true })
  if (!answer.ok) return undefined
  const { room_id: id, servers } = answer.value
  const roomId = typeof id === 'string' ? parseRoomId(id) : undefined
  if (roomId === undefined) return undefined
  const named: readonly JsonValue[] = Array.isArray(servers) ? servers.slice(0, serversMax) : []
  const parsed = named.flatMap((name) => (typeof name === 'string' ? (parseServerName(name) ?? []) : []))
  return { roomId, servers: [...new Set([...parsed, server])] }
}
