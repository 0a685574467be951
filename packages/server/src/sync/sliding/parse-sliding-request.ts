import type { UserId } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { Type, type Static } from '../../http/type.ts'
import { threadSubscriptionsPageDefault } from '../limits.ts'
import { connIdMax, listsMax, rangesMax, requiredStateMax, slidingListEntriesMax, slidingTimelineMax, subscriptionsMax } from './limits.ts'
import { RequiredState } from './required-state.ts'
import type { ExtensionWishes, ListFilters, ListWish, RoomSelector, RoomWish, SlidingRequest } from './sliding-request.ts'

const names = Type.Array(Type.String(), { maxItems: slidingListEntriesMax })
const roomTypes = Type.Array(Type.Union([Type.String(), Type.Null()]), { maxItems: slidingListEntriesMax })
const flag = Type.Optional(Type.Boolean())

const roomMembers = {
  timeline_limit: Type.Integer({ minimum: 0 }),
  required_state: Type.Optional(Type.Array(Type.Array(Type.String(), { minItems: 2, maxItems: 2 }), { maxItems: requiredStateMax })),
  include_heroes: flag,
}

const listBody = Type.Object({
  ...roomMembers,
  ranges: Type.Optional(Type.Array(Type.Array(Type.Integer({ minimum: 0 }), { minItems: 2, maxItems: 2 }), { maxItems: rangesMax })),
  filters: Type.Optional(
    Type.Object({
      is_dm: flag,
      is_encrypted: flag,
      is_invite: flag,
      room_types: Type.Optional(roomTypes),
      not_room_types: Type.Optional(roomTypes),
      room_name_like: Type.Optional(Type.String()),
      tags: Type.Optional(names),
      not_tags: Type.Optional(names),
      spaces: Type.Optional(names),
    }),
  ),
})

const roomBody = Type.Object(roomMembers)
const selectorBody = Type.Object({ enabled: flag, lists: Type.Optional(names), rooms: Type.Optional(names) })

/** The body of a request (MSC4186). */
export const slidingBody = Type.Object({
  conn_id: Type.Optional(Type.String({ maxLength: connIdMax })),
  txn_id: Type.Optional(Type.String({ maxLength: connIdMax })),
  lists: Type.Optional(Type.Record(Type.String(), listBody)),
  room_subscriptions: Type.Optional(Type.Record(Type.String(), roomBody)),
  extensions: Type.Optional(
    Type.Object({
      to_device: Type.Optional(
        Type.Object({
          enabled: flag,
          since: Type.Optional(Type.String({ maxLength: 1024 })),
          limit: Type.Optional(Type.Integer({ minimum: 0 })),
        }),
      ),
      e2ee: Type.Optional(Type.Object({ enabled: flag })),
      account_data: Type.Optional(selectorBody),
      receipts: Type.Optional(selectorBody),
      typing: Type.Optional(selectorBody),
      'io.element.msc4308.thread_subscriptions': Type.Optional(
        Type.Object({ enabled: flag, limit: Type.Optional(Type.Integer({ minimum: 1 })) }),
      ),
    }),
  ),
})

type Body = Static<typeof slidingBody>

/** What a checked body asks for, of this reader. Throws M_INVALID_PARAM. */
export function parseSlidingRequest(
  body: Body,
  me: UserId,
): Pick<SlidingRequest, 'connId' | 'txnId' | 'lists' | 'subscriptions' | 'extensions'> {
  const connId = body.conn_id ?? ''
  // Text with U+0000 cannot be stored everywhere.
  if (connId.includes('\0')) throw new MatrixError('M_INVALID_PARAM', 'conn_id must not have control characters')
  const lists = Object.entries(body.lists ?? {})
  const subscriptions = Object.entries(body.room_subscriptions ?? {})
  if (lists.length > listsMax) throw new MatrixError('M_INVALID_PARAM', `there may be ${listsMax} lists`)
  if (subscriptions.length > subscriptionsMax) throw new MatrixError('M_INVALID_PARAM', `room_subscriptions may be ${subscriptionsMax}`)
  return {
    connId,
    txnId: body.txn_id,
    lists: new Map(lists.map(([name, list]) => [name, listOf(list, name, me)])),
    subscriptions: new Map(subscriptions.map(([roomId, room]) => [roomId, roomOf(room, me)])),
    extensions: extensionsOf(body.extensions ?? {}),
  }
}

function roomOf(room: Static<typeof roomBody>, me: UserId): RoomWish {
  return {
    timelineLimit: Math.min(room.timeline_limit, slidingTimelineMax),
    requiredState: RequiredState.of(room.required_state?.map(([type = '', stateKey = '']) => [type, stateKey] as const) ?? [], me),
    includeHeroes: room.include_heroes ?? true,
  }
}

function listOf(list: Static<typeof listBody>, name: string, me: UserId): ListWish {
  const ranges = list.ranges?.map(([first = 0, last = 0]) => [first, last] as const)
  if (ranges?.some(([first, last]) => first > last) === true) {
    throw new MatrixError('M_INVALID_PARAM', `lists.${name}.ranges has a range that ends before it begins`)
  }
  return { ...roomOf(list, me), ranges, filters: filtersOf(list.filters ?? {}) }
}

type Filters = NonNullable<Static<typeof listBody>['filters']>

function filtersOf(filters: Filters): ListFilters {
  const types = (list: readonly (string | null)[] | undefined): readonly (string | undefined)[] | undefined =>
    list?.map((type) => type ?? undefined)
  return {
    isDm: filters.is_dm,
    isEncrypted: filters.is_encrypted,
    isInvite: filters.is_invite,
    roomTypes: types(filters.room_types),
    notRoomTypes: types(filters.not_room_types),
    roomNameLike: filters.room_name_like,
    tags: filters.tags,
    notTags: filters.not_tags,
    spaces: filters.spaces,
  }
}

function extensionsOf(extensions: NonNullable<Body['extensions']>): ExtensionWishes {
  const { to_device: toDevice, e2ee, account_data: accountData, receipts, typing } = extensions
  const threads = extensions['io.element.msc4308.thread_subscriptions']
  return {
    accountData: selectorOf(accountData),
    receipts: selectorOf(receipts),
    typing: selectorOf(typing),
    toDevice: toDevice?.enabled === true ? { since: toDevice.since, limit: toDevice.limit } : undefined,
    e2ee: e2ee?.enabled === true,
    threadSubscriptions: threads?.enabled === true ? { limit: threads.limit ?? threadSubscriptionsPageDefault } : undefined,
  }
}

function selectorOf(selector: Static<typeof selectorBody> | undefined): RoomSelector | undefined {
  return selector?.enabled === true ? { lists: selector.lists, rooms: selector.rooms } : undefined
}
