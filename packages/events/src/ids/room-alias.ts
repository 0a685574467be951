import type { RoomAlias } from './ids.ts'
import { hasServerForm } from './localpart.ts'

const HASH = 0x23

/** The room alias that `text` is. Absent when it is none. Spec: appendices, room aliases. */
export function parseRoomAlias(text: string): RoomAlias | undefined {
  return isRoomAlias(text) ? text : undefined
}

function isRoomAlias(text: string): text is RoomAlias {
  return hasServerForm(text, HASH)
}
