import { parseRoomId, type RoomId } from '@causeway/events'
import { assert } from '../../assert.ts'

/** The room of a stored piece of account data; `''` for global data. */
export function roomIdOf(stored: string): RoomId | '' {
  if (stored === '') return ''
  const roomId = parseRoomId(stored)
  assert(roomId !== undefined, 'stored room ids are valid')
  return roomId
}
