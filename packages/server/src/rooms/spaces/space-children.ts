import {
  compareCodePoints,
  isJsonObject,
  parseRoomId,
  parseServerName,
  type JsonObject,
  type RoomId,
  type ServerName,
} from '@causeway/events'
import type { Database } from '../../storage/database.ts'
import { loadEvents } from '../engine/load-room.ts'
import type { RoomView } from '../engine/room-view.ts'
import { spaceChildrenMax, spaceChildrenTextMax } from './limits.ts'

/** An m.space.child event as a hierarchy shows it. */
export interface StrippedChild {
  readonly type: 'm.space.child'
  readonly state_key: string
  readonly sender: string
  readonly content: JsonObject
  readonly origin_server_ts: number
}

/** A link from a space to one of its rooms. */
export interface SpaceChild {
  readonly roomId: RoomId
  readonly via: readonly ServerName[]
  readonly suggested: boolean
  readonly stripped: StrippedChild
}

/** The links of a space that we are in, in order. What links to no room is left out. */
export async function childrenOf(db: Database, view: RoomView): Promise<SpaceChild[]> {
  const numbers: number[] = []
  for (const [, key] of view.keys.ofType('m.space.child')) {
    const number = view.current.state.get(key)
    if (number !== 0) numbers.push(number)
    if (numbers.length >= spaceChildrenMax) break
  }
  const children: SpaceChild[] = []
  let text = 0
  for (const { pdu } of await loadEvents(db, view, numbers)) {
    text += pdu.json.length
    if (text > spaceChildrenTextMax) break
    const { stateKey, sender, content, originServerTs } = pdu
    const stripped = { type: 'm.space.child', state_key: stateKey ?? '', sender, content, origin_server_ts: originServerTs } as const
    const child = childFrom(stripped)
    if (child !== undefined) children.push(child)
  }
  return inOrder(children)
}

/** The link that an event is; absent for one that links to nothing, as after its removal. */
export function childFrom(stripped: StrippedChild): SpaceChild | undefined {
  const { state_key: stateKey, content } = stripped
  const roomId = parseRoomId(stateKey)
  const via = isJsonObject(content) ? content['via'] : undefined
  if (roomId === undefined || !Array.isArray(via) || via.length === 0 || via.some((server) => typeof server !== 'string')) return undefined
  const servers = via.flatMap((server) => (typeof server === 'string' ? (parseServerName(server) ?? []) : []))
  return { roomId, via: servers, suggested: content['suggested'] === true, stripped }
}

/** By `order` where it is valid, then by time, then by room (Client-Server API, "Ordering of children within a space"). */
export function inOrder(children: readonly SpaceChild[]): SpaceChild[] {
  return [...children].sort(
    (a, b) =>
      compareOrder(orderOf(a), orderOf(b)) ||
      a.stripped.origin_server_ts - b.stripped.origin_server_ts ||
      compareCodePoints(a.roomId, b.roomId),
  )
}

function orderOf({ stripped }: SpaceChild): string | undefined {
  const order = stripped.content['order']
  return typeof order === 'string' && /^[\x20-\x7e]{0,50}$/.test(order) ? order : undefined
}

function compareOrder(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return (a === undefined ? 1 : 0) - (b === undefined ? 1 : 0)
  return compareCodePoints(a, b)
}
