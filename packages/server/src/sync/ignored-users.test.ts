// Goal: who is ignored is not heard, in either kind of sync, from the moment of the change on; what they do to the room is.
// Method: rooms on a real SQLite file; the list of ignored users is changed between answers.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { entryOf, list, Sliding } from './sliding/sliding.fixture.ts'
import { alice, bob, names, user, World } from './sync.fixture.ts'

const carol = user('carol')

test('messages, and invites, of ignored users are left out; their state is not', async (t) => {
  const world = await World.open(t)
  const sliding = new Sliding(world)
  const room = await world.room(alice)
  for (const guest of [bob, carol]) await world.member(room, guest, 'join')
  const ignore = (ignored: object): Promise<unknown> =>
    world.ports.accountData.change({ userId: bob, roomId: '', type: 'm.ignored_user_list' }, () =>
      JSON.stringify({ ignored_users: ignored }),
    )
  const body = { lists: { all: list() } }
  let [next, pos] = [(await world.sync(bob)).next, (await sliding.ask(bob, body)).pos]
  /** What both kinds of sync tell of the room since the last look. */
  const seen = async (): Promise<[string[], string[]]> => {
    const [synced, slid] = [await world.sync(bob, { since: next }), await sliding.ask(bob, body, { pos })]
    next = synced.next
    pos = slid.pos
    return [names(synced.room('join', room)?.timeline.events), names(slid.rooms[room]?.timeline)]
  }
  const both = (...expected: string[]): [string[], string[]] => [expected, expected]

  await world.say(room, alice, 'heard')
  assert.deepEqual(await seen(), both('heard'))
  await ignore({ [alice]: {} })
  await world.say(room, alice, 'not heard')
  await world.say(room, carol, 'hello')
  await world.send(room, alice, 'm.room.topic', { topic: 'new' }, '')
  assert.deepEqual(await seen(), both('hello', 'topic'))
  // Those who begin do not hear it either.
  assert.deepEqual(names((await world.sync(bob)).joined(room).timeline.events).slice(-2), ['hello', 'topic'])
  assert.deepEqual(names(entryOf(await sliding.ask(bob, { ...body, conn_id: 'anew' }), room).timeline).slice(-2), ['hello', 'topic'])

  const other = await world.room(alice)
  await world.member(other, bob, 'invite', alice)
  assert.equal((await world.sync(bob, { since: next })).room('invite', other), undefined)
  assert.equal((await sliding.ask(bob, body, { pos })).rooms[other], undefined)
  assert.deepEqual((await sliding.ask(bob, { ...body, conn_id: 'invites' })).lists, { all: { count: 1 } })

  // What was missed is not made up for; what comes is heard again.
  await seen()
  await ignore({})
  await world.say(room, alice, 'heard again')
  assert.deepEqual(await seen(), both('heard again'))
})
