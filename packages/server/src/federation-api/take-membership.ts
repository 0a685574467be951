import { canonicalJson, type EventId, type RoomId } from '@causeway/events'
import type { ServerCaller } from '../http/caller.ts'
import type { SendMembershipArguments } from '../rooms/room-methods.ts'
import type { Rooms } from '../rooms/rooms.ts'
import { bodyObject } from './send-transaction.ts'

/** What a request for send_join, send_leave or send_knock brings. */
interface SentMembership {
  readonly caller: ServerCaller
  readonly params: { readonly roomId: RoomId; readonly eventId: EventId }
}

/** Take in the member event that a signed request brings, for exactly what its path says. Gives the answer as JSON text. */
export async function takeMembership(
  rooms: Rooms,
  { caller, params }: SentMembership,
  kind: Pick<SendMembershipArguments, 'membership' | 'omitMembers'>,
): Promise<string> {
  const { roomId, eventId } = params
  const body = canonicalJson(bodyObject(caller))
  return (await rooms.sendMembership({ origin: caller.serverName, roomId, eventId, body, ...kind })).answer
}
