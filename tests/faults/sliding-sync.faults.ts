// Goal: a connection of sliding sync goes on at whichever process gets its next request, and each event comes once.
// Method: two processes on one PostgreSQL; one client that asks them in turn while the other one takes what is said.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { objectAt, stringAt } from '../../packages/testkit/src/client/json.ts'
import { startCluster, type Cluster } from './cluster.ts'
import { through } from './world.ts'

let cluster: Cluster

before(async () => {
  cluster = await startCluster()
})

after(() => cluster.end())

test('two processes answer one connection in turn', async () => {
  const here = await cluster.one.registerUser('ann')
  const there = through(here, cluster.other)
  const list = { ranges: [[0, 2]], timeline_limit: 5, required_state: [['m.room.name', '']], filters: { not_room_types: ['m.space'] } }
  const path = 'unstable/org.matrix.simplified_msc3575/sync?timeout=10000'
  const rooms = [await here.createRoom({}), await there.createRoom({}), await here.createRoom({}), await there.createRoom({})]
  const told: string[] = []
  const sent: string[] = []
  let pos = ''
  // An answer may come before what was said while it was made: then that is in the next one.
  for (let step = 0; step < 40 || told.length < sent.length; step += 1) {
    const [asked, writer] = step % 2 === 0 ? [here, there] : [there, here]
    const answer = asked.call('POST', `${path}&pos=${encodeURIComponent(pos)}`, { lists: { all: list } })
    const roomId = rooms[step % 4]
    assert.ok(roomId !== undefined)
    if (step > 0 && step < 40) sent.push(await writer.sendText(roomId, `message ${step}`))
    const got = await answer
    pos = stringAt(got, 'pos')
    const entries = objectAt(got, 'rooms')
    for (const id of Object.keys(entries)) told.push(...messagesIn(objectAt(entries, id)['timeline']))
  }
  assert.deepEqual(told, sent)
})

/** The ids of the messages of a timeline. */
function messagesIn(timeline: unknown): string[] {
  if (!Array.isArray(timeline)) return []
  return timeline.filter((event) => stringAt(event, 'type') === 'm.room.message').map((event) => stringAt(event, 'event_id'))
}
