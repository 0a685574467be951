// Goal: whoever joins late reads what was said before, fetched from the other server, complete and in order.
// Method: write history before the join, then page back through /messages on the joining server.

import assert from 'node:assert/strict'
import type { MatrixClient } from '../../packages/testkit/src/client/matrix-client.ts'
import { newUser } from './servers.ts'
import { publicRoom, scenario } from './scenario.ts'

const HISTORY_EVENTS = 60
const PAGE_EVENTS = 25

scenario('history from before the join', async ({ host, guest, version }) => {
  const [alice, bob] = await Promise.all([newUser(host, 'alice'), newUser(guest, 'bob')])
  const roomId = await publicRoom(alice, version)
  const written: string[] = []
  for (let number = 0; number < HISTORY_EVENTS; number += 1) {
    const event =
      number % 20 === 10 ? alice.sendState(roomId, 'm.room.topic', { topic: `topic ${number}` }) : alice.sendText(roomId, `line ${number}`)
    written.push(await event)
  }
  await bob.join(roomId, [host.serverName])
  const read = await readBack(bob, roomId)
  assert.deepEqual(
    read.filter((eventId) => written.includes(eventId)),
    written,
  )
  assert.equal(new Set(read).size, read.length, 'no event comes twice')
  // The first page may come before an older one is fetched: the creation of the room must be reached all the same.
  assert.deepEqual(read, await readBack(alice, roomId).then((all) => all.slice(0, read.length)))
})

scenario('history is hidden where it says so', async ({ host, guest, version }) => {
  const [alice, bob] = await Promise.all([newUser(host, 'alice'), newUser(guest, 'bob')])
  const roomId = await publicRoom(alice, version, [], {
    initial_state: [{ type: 'm.room.history_visibility', state_key: '', content: { history_visibility: 'joined' } }],
  })
  const hidden = await alice.sendText(roomId, 'before')
  await bob.join(roomId, [host.serverName])
  await alice.waitForRoom(roomId, "bob's join", (room) => room.membership(bob.userId) === 'join')
  const shown = await alice.sendText(roomId, 'after')
  await bob.waitForEvent(roomId, shown)
  const read = await readBack(bob, roomId)
  assert(read.includes(shown))
  assert(!read.includes(hidden))
})

/** Ids of all events that /messages gives, oldest first. */
async function readBack(client: MatrixClient, roomId: string): Promise<string[]> {
  const read: string[] = []
  let from: string | undefined
  do {
    const page = await client.messages(roomId, { limit: PAGE_EVENTS, ...(from === undefined ? {} : { from }) })
    read.push(...page.events.map((event) => event.eventId ?? ''))
    from = page.end
  } while (from !== undefined && read.length < 10 * HISTORY_EVENTS)
  return read.reverse()
}
