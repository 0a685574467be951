import { parseRoomAlias, type RoomId } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import type { RoomDirectory } from '../../rooms/room-directory.ts'

/**
 * The aliases that a canonical alias event names must lead to the room (Client-Server API, "m.room.canonical_alias").
 * Throws M_INVALID_PARAM for what is no alias, M_BAD_ALIAS for one that leads elsewhere.
 */
export async function checkAliases(directory: RoomDirectory, roomId: RoomId, content: Readonly<Record<string, unknown>>): Promise<void> {
  const { alias, alt_aliases: others } = content
  const named = [...(alias === undefined || alias === null ? [] : [alias]), ...(Array.isArray(others) ? others.slice(0, 100) : [])]
  for (const name of named) {
    const parsed = typeof name === 'string' ? parseRoomAlias(name) : undefined
    if (parsed === undefined) throw new MatrixError('M_INVALID_PARAM', 'An alias is not of the form #name:server')
    const target = await directory.resolve(parsed).catch((error: unknown) => {
      if (error instanceof MatrixError) return undefined
      throw error
    })
    if (target?.roomId !== roomId) throw new MatrixError('M_BAD_ALIAS', `${parsed} does not lead to this room`)
  }
}
