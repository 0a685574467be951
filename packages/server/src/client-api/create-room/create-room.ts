import { parseRoomAlias, parseUserId, type ServerName, type UserId } from '@causeway/events'
import { Type } from '../../http/type.ts'
import { MatrixError } from '../../errors.ts'
import { endpoint } from '../../http/endpoint.ts'
import type { Preset } from '../../rooms/commands/initial-events.ts'
import type { Rooms } from '../../rooms/rooms.ts'
import { refuseSuspended } from '../../users/sessions/callers.ts'
import { addressInvite, addressQuery } from '../inviting/address-invite.ts'
import type { RoomDirectory } from '../../rooms/room-directory.ts'

const plainObject = Type.Record(Type.String(), Type.Unknown())

/** POST /createRoom. Client-Server API, "Creation". */
export const createRoom = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/createRoom',
  also: ['/_matrix/client/r0/createRoom'],
  summary: 'Make a room.',
  auth: 'user',
  limit: 'create',
  body: Type.Object({
    visibility: Type.Optional(Type.Union([Type.Literal('public'), Type.Literal('private')])),
    room_alias_name: Type.Optional(Type.String({ maxLength: 255 })),
    name: Type.Optional(Type.String()),
    topic: Type.Optional(Type.String()),
    invite: Type.Optional(Type.Array(Type.String(), { maxItems: 500 })),
    invite_3pid: Type.Optional(Type.Array(addressInvite, { maxItems: 20 })),
    room_version: Type.Optional(Type.String()),
    creation_content: Type.Optional(plainObject),
    initial_state: Type.Optional(
      Type.Array(Type.Object({ type: Type.String(), state_key: Type.Optional(Type.String()), content: plainObject }), { maxItems: 200 }),
    ),
    preset: Type.Optional(Type.Union([Type.Literal('private_chat'), Type.Literal('public_chat'), Type.Literal('trusted_private_chat')])),
    is_direct: Type.Optional(Type.Boolean()),
    power_level_content_override: Type.Optional(plainObject),
  }),

  async handle(
    { caller, body },
    services: {
      readonly rooms: Rooms
      readonly roomDirectory: RoomDirectory
      readonly serverName: ServerName
      readonly defaultRoomVersion: string
    },
  ) {
    refuseSuspended(caller)
    const preset: Preset = body.preset ?? (body.visibility === 'public' ? 'public_chat' : 'private_chat')
    const { additional_creators: additional, ...creationContent } = body.creation_content ?? {}
    const version = body.room_version ?? services.defaultRoomVersion
    const roomId = await services.rooms.create({
      creator: caller.userId,
      roomVersion: version,
      creationContent:
        Number(version) < 12 && additional !== undefined ? { ...creationContent, additional_creators: additional } : creationContent,
      alias: await freeAlias(body.room_alias_name, services),
      published: body.visibility === 'public',
      preset,
      powerLevelOverride: body.power_level_content_override,
      initialState: (body.initial_state ?? []).map((event) => ({
        type: event.type,
        stateKey: event.state_key ?? '',
        content: event.content,
      })),
      name: body.name,
      topic: body.topic,
      invite: users(body.invite ?? [], 'invite'),
      addresses: (body.invite_3pid ?? []).map(addressQuery),
      isDirect: body.is_direct ?? false,
      additionalCreators: users(additional ?? [], 'additional_creators'),
    })
    return { room_id: roomId }
  },
})

async function freeAlias(name: string | undefined, services: { readonly roomDirectory: RoomDirectory; readonly serverName: ServerName }) {
  if (name === undefined) return undefined
  const alias = name.includes(':') || name.startsWith('#') ? undefined : parseRoomAlias(`#${name}:${services.serverName}`)
  if (alias === undefined) throw new MatrixError('M_INVALID_PARAM', 'room_alias_name must be the part of an alias before the colon')
  if ((await services.roomDirectory.findLocal(alias)) !== undefined) throw new MatrixError('M_ROOM_IN_USE', 'The room alias is in use')
  return alias
}

function users(value: unknown, name: string): UserId[] {
  if (!Array.isArray(value)) throw new MatrixError('M_BAD_JSON', `${name} must be a list of user ids`)
  return value.map((entry: unknown) => {
    const userId = typeof entry === 'string' ? parseUserId(entry) : undefined
    if (userId === undefined) throw new MatrixError('M_INVALID_PARAM', `${name} holds something that is no user id`)
    return userId
  })
}
