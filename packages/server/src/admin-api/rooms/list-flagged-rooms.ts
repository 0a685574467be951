import { endpoint } from '../../http/endpoint.ts'
import { Type } from '../../http/type.ts'
import type { FlaggedRooms } from '../../rooms/flagged-rooms.ts'

/** Rooms in one page. */
const pageMax = 500

export const listFlaggedRooms = endpoint({
  method: 'GET',
  path: '/_causeway/v1/rooms/flagged',
  summary: 'List the rooms whose state fell back to older events.',
  auth: 'socket',
  limit: 'none',
  query: Type.Object({ from: Type.Optional(Type.Integer({ minimum: 0 })) }),
  async handle({ query }, { flaggedRooms }: { readonly flaggedRooms: FlaggedRooms }) {
    const { rooms, next } = await flaggedRooms.list(query.from ?? 0, pageMax)
    const listed = rooms.map(({ roomId, version, what }) => ({ room_id: roomId, version, reset: what }))
    return { rooms: listed, ...(next === undefined ? {} : { next }) }
  },
})
