import { MatrixError } from '../../errors.ts'
import { endpoint } from '../../http/endpoint.ts'
import { Type } from '../../http/type.ts'
import type { FlaggedRooms } from '../../rooms/flagged-rooms.ts'

export const unflagRoom = endpoint({
  method: 'POST',
  path: '/_causeway/v1/rooms/{roomId}/unflag',
  summary: 'Take a room from the list of flagged ones.',
  auth: 'socket',
  limit: 'none',
  body: Type.Object({}),
  async handle({ params }, { flaggedRooms }: { readonly flaggedRooms: FlaggedRooms }) {
    if (!(await flaggedRooms.unflag(params.roomId))) throw new MatrixError('M_NOT_FOUND', 'this room is not flagged')
    return { room_id: params.roomId }
  },
})
