import { endpoint } from '../../http/endpoint.ts'
import type { Sync } from '../../sync/sync.ts'

/** GET /joined_rooms. Client-Server API, "Room membership". */
export const getJoinedRooms = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/joined_rooms',
  also: ['/_matrix/client/r0/joined_rooms'],
  summary: "List the caller's joined rooms.",
  auth: 'user',
  limit: 'read',

  async handle({ caller }, { sync }: { readonly sync: Sync }) {
    const { rooms } = await sync.userRooms.of(caller.userId)
    return { joined_rooms: [...rooms.values()].filter(({ membership }) => membership === 'join').map(({ roomId }) => roomId) }
  },
})
