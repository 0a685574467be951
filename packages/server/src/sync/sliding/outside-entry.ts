import { membershipOfEvent } from '@causeway/events'
import { loadEvents } from '../../rooms/engine/load-room.ts'
import { bareEvent } from '../../rooms/history/client-event.ts'
import { isPlainObject } from '../../rooms/history/event-filter.ts'
import { includes, type Positions } from '../../rooms/history/positions.ts'
import { strippedStateOf } from '../invited-room.ts'
import type { SyncPorts } from '../sync-ports.ts'
import { headOf, type RoomEntry } from './entry-head.ts'
import type { RelevantRoom } from './room-lists.ts'
import type { SlidingWish } from './sliding-wish.ts'

/** The entry of a room that the user is invited to, or knocked on, unless the client has it: its stripped state. */
export async function invitedEntry(
  ports: SyncPorts,
  wish: SlidingWish,
  room: RelevantRoom,
  since: Positions | undefined,
): Promise<RoomEntry | undefined> {
  if (since !== undefined && includes(since, room.membership)) return undefined
  const stripped = await strippedStateOf(ports, room.membership)
  const list = `[${stripped.join(',')}]`
  const state = stripped.map((text): unknown => JSON.parse(text))
  const name = stringOf(state, 'm.room.name', 'name')
  const avatar = stringOf(state, 'm.room.avatar', 'url')
  let text = `${headOf(wish, room)},"initial":true,"notification_count":0,"highlight_count":0`
  if (name !== undefined && name !== '') text += `,"name":${JSON.stringify(name)}`
  if (avatar !== undefined) text += `,"avatar":${JSON.stringify(avatar)}`
  // Clients of the unstable endpoint know the first name, the proposal has come to call it by the second.
  text += `,"invite_state":${list},"stripped_state":${list}`
  return { text: `${text}}`, initial: true, timeline: [] }
}

/** The entry of a room that this server is not in: an invite from outside has ended, by an event that stands by itself. */
export async function outsideEntry(
  ports: SyncPorts,
  wish: SlidingWish,
  room: RelevantRoom,
  since: Positions | undefined,
): Promise<RoomEntry | undefined> {
  const { membership } = room
  if (membership.membership === 'join' || (since !== undefined && includes(since, membership))) return undefined
  const view = await ports.engine.view(membership.roomId)
  const [own] = view === undefined || membership.event === 0 ? [] : await loadEvents(ports.db, view, [membership.event])
  const shown = own !== undefined && membershipOfEvent(own.pdu) === membership.membership ? bareEvent(own, wish.reading) : ''
  const text = `${headOf(wish, room)},"initial":true,"notification_count":0,"highlight_count":0,"timeline":[${shown}],"limited":false,"num_live":0}`
  return { text, initial: true, timeline: [] }
}

function stringOf(state: readonly unknown[], type: string, field: string): string | undefined {
  const event = state.find((piece) => isPlainObject(piece) && piece['type'] === type && piece['state_key'] === '')
  const content = isPlainObject(event) ? event['content'] : undefined
  const value = isPlainObject(content) ? content[field] : undefined
  return typeof value === 'string' ? value : undefined
}
