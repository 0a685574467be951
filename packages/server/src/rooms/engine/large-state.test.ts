// Goal: a room whose state has more events than are kept in memory is entered with all its members.
// Method: an engine on a real SQLite file takes over a room of another server at once, and is asked who is in it; then again after
// a restart.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BigRoom } from '../../../../testkit/src/resident/big-room.ts'
import { limits } from '../../limits.ts'
import { memberCounts } from '../../storage/tables/memberships.ts'
import { anotherEngine, enginePorts, foreignRoom, inRoom, keepApart, signerOf, stateOfEvents } from './engine.fixture.ts'
import { loadEvents } from './load-room.ts'
import { placeEvent } from './place-event.ts'
import { standing } from './stored-event.ts'

const joined = Math.floor(limits.roomEventsInMemoryMax * 1.2)
const banned = 100

test('a room of many members is entered at once', async (t) => {
  const ports = await enginePorts(t)
  const room = new BigRoom(signerOf('there'), { joined, banned, other: 1 })
  const engine = await foreignRoom(ports, room.roomId, room.rules)
  const before = room.state.slice(0, -1)
  await keepApart(engine, room.roomId, before)
  await inRoom(engine, room.roomId, async (view, unit) => {
    const stateBefore = await stateOfEvents(engine, view, unit, before)
    await placeEvent(ports, view, unit, { pdu: room.last, standing: standing.accepted, stateBefore })
  })

  const view = await engine.view(room.roomId)
  assert.equal(view?.joinedMembers, joined)
  const counts = new Map((await memberCounts(ports.db, view.room)).map(({ membership, count }) => [membership, count]))
  assert.equal(counts.get('join'), joined)
  assert.equal(counts.get('ban'), banned)
  assert.equal(counts.get('leave'), undefined)
  assert.equal((await anotherEngine(ports).view(room.roomId))?.joinedMembers, joined)
})

test('more events than memory holds are loaded together, some of them from memory', async (t) => {
  const ports = await enginePorts(t)
  const room = new BigRoom(signerOf('there'), { joined: 2, banned: 0, other: limits.roomEventsInMemoryMax * 2 })
  const first = await foreignRoom(ports, room.roomId, room.rules)
  await keepApart(first, room.roomId, room.state)
  const engine = anotherEngine(ports)
  const events = await engine.run(room.roomId, async (view) => {
    await loadEvents(ports.db, view, [1, 2, 3])
    return loadEvents(
      ports.db,
      view,
      room.state.map((_pdu, index) => index + 1),
    )
  })
  assert.deepEqual(
    events.map((event) => event.pdu.eventId),
    room.state.map((pdu) => pdu.eventId),
  )
})
