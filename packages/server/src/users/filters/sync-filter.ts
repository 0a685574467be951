import { Type, type Static } from '../../http/type.ts'
import { filterListMax } from '../limits.ts'

const strings = Type.Optional(Type.Array(Type.String({ maxLength: 255 }), { maxItems: filterListMax }))
/** Room and user ids: what is none is a mistake that the client should hear of. */
const roomIds = Type.Optional(Type.Array(Type.String({ maxLength: 255, pattern: '^!' }), { maxItems: filterListMax }))
const userIds = Type.Optional(Type.Array(Type.String({ maxLength: 255, pattern: '^@[^:]*:' }), { maxItems: filterListMax }))
const aSwitch = Type.Optional(Type.Boolean())

const eventFilter = {
  limit: Type.Optional(Type.Integer({ minimum: 0 })),
  types: strings,
  not_types: strings,
  senders: userIds,
  not_senders: userIds,
}

const roomEventFilter = Type.Object({
  ...eventFilter,
  rooms: roomIds,
  not_rooms: roomIds,
  contains_url: aSwitch,
  lazy_load_members: aSwitch,
  include_redundant_members: aSwitch,
  unread_thread_notifications: aSwitch,
})

/** A filter for /sync (Client-Server API, "Filtering"), as clients leave it with the server. Unknown keys stay. */
export const syncFilterSchema = Type.Object({
  event_fields: strings,
  event_format: Type.Optional(Type.Union([Type.Literal('client'), Type.Literal('federation')])),
  presence: Type.Optional(Type.Object(eventFilter)),
  account_data: Type.Optional(Type.Object(eventFilter)),
  room: Type.Optional(
    Type.Object({
      rooms: roomIds,
      not_rooms: roomIds,
      include_leave: aSwitch,
      state: Type.Optional(roomEventFilter),
      timeline: Type.Optional(roomEventFilter),
      ephemeral: Type.Optional(roomEventFilter),
      account_data: Type.Optional(roomEventFilter),
    }),
  ),
})

/** A filter that was checked. */
export type SyncFilter = Static<typeof syncFilterSchema>
