import { Type, type Static } from '../../http/type.ts'
import { filterListMax } from '../limits.ts'

const strings = Type.Optional(Type.Array(Type.String({ maxLength: 255 }), { maxItems: filterListMax }))
const aSwitch = Type.Optional(Type.Boolean())

const eventFilter = {
  limit: Type.Optional(Type.Integer({ minimum: 0 })),
  types: strings,
  not_types: strings,
  senders: strings,
  not_senders: strings,
}

const roomEventFilter = Type.Object({
  ...eventFilter,
  rooms: strings,
  not_rooms: strings,
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
      rooms: strings,
      not_rooms: strings,
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
