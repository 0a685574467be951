// Goal: the log tells every room that changed since a position, in whatever order a group's announcements come.
// Method: announcements of another process, grouped by room and kind as they are read from its rows; a reader between them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRoomId, parseUserId, type RoomId } from '@causeway/events'
import type { Database } from '../storage/database.ts'
import type { TouchAnnouncement } from './announcements.ts'
import { RecentLog } from './recent-log.ts'

function roomId(text: string): RoomId {
  const parsed = parseRoomId(text)
  assert(parsed !== undefined)
  return parsed
}

const user = parseUserId('@a:x')
const [one, other] = [roomId('!one:x'), roomId('!other:x')]
const touch = (id: RoomId, position: number): TouchAnnouncement => ({ kind: 'touch', roomId: id, slot: 1, position })

for (const order of [
  [touch(one, 10), touch(other, 7), touch(one, 6)],
  [touch(one, 6), touch(other, 7), touch(one, 10)],
]) {
  test(`changes at ${order.map(({ position }) => position).join()}`, () => {
    assert(user !== undefined)
    let seen = 5
    const db: Pick<Database, 'positions'> = { positions: () => new Map([[1, seen]]) }
    const log = new RecentLog(db)
    seen = 10
    log.note(order)
    for (const [since, changed] of [
      [5, [one, other]],
      [7, [one]],
      [10, []],
    ] as const) {
      const positions = new Map([[1, since]])
      assert.deepEqual([...(log.roomsSince(positions, user) ?? [])].sort(), changed)
      assert.equal(
        log.roomChanged(one, user, positions),
        changed.some((id) => id === one),
      )
    }
  })
}
