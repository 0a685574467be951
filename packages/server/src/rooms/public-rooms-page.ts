import { MatrixError } from '../errors.ts'
import type { RoomDirectory } from './room-directory.ts'

/** Rooms on a page at most. */
const pageMax = 100

/** A page of the directory. `since` is a token of an earlier page. Throws M_INVALID_PARAM for another one. */
export async function publicRoomsPage(
  directory: RoomDirectory,
  options: {
    readonly limit: number | undefined
    readonly since: string | undefined
    readonly term: string | undefined
    readonly roomTypes?: readonly (string | null)[] | undefined
  },
) {
  const offset = options.since === undefined ? 0 : offsetOf(options.since)
  const limit = Math.min(pageMax, Math.max(1, options.limit ?? pageMax))
  const { rooms, total } = await directory.list({ limit, offset, term: options.term, roomTypes: options.roomTypes })
  return {
    chunk: rooms,
    total_room_count_estimate: total,
    ...(offset + rooms.length < total ? { next_batch: `o${offset + rooms.length}` } : {}),
    ...(offset > 0 ? { prev_batch: `o${Math.max(0, offset - limit)}` } : {}),
  }
}

function offsetOf(since: string): number {
  const digits = /^o(\d{1,9})$/.exec(since)?.[1]
  if (digits === undefined) throw new MatrixError('M_INVALID_PARAM', 'since is not a token of this server')
  return Number(digits)
}
