// Goal: resolution v2 and v2.1 give the state that their rules demand, where forks race, tie, or lead through old events.
// Method: small rooms that fork; the resolved event of the contested key by its name. The same room is resolved by several versions.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { creator, foundedRoom, type TestRoom } from '../auth/room.fixture.ts'
import type { Pdu } from '../pdu/pdu.ts'
import { inputOf, resolveAll, resolveForks, stateMap } from './resolution.fixture.ts'
import { resolveState } from './resolve-state.ts'
import { stateTuple } from './state-tuple.ts'

const bob = '@bob:b'
const carol = '@carol:c'
const v2 = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
const all = [...v2, 12]

/** A public room with bob and carol at level 50. The creator stands at 100 where the list can say so. */
function publicRoom(version: number, levels: Record<string, number> = { [bob]: 50, [carol]: 50 }): TestRoom {
  const room = foundedRoom(version)
  room.levels({ users: { ...(room.rules.creatorsOutrankAll ? {} : { [creator]: 100 }), ...levels } })
  room.joinRule('public')
  room.member(bob, 'join')
  room.member(carol, 'join')
  return room
}

function usersOf(room: TestRoom, levels: Record<string, number>): Record<string, unknown> {
  return { users: { ...(room.rules.creatorsOutrankAll ? {} : { [creator]: 100 }), ...levels } }
}

function topic(room: TestRoom, sender: string, id: string, ts: number): Pdu {
  return room.add({ type: 'm.room.topic', stateKey: '', sender, id, ts, content: { topic: id } })
}

for (const version of all) {
  test(`S06: v${version}: a demotion by a higher user beats what the demoted one does meanwhile`, () => {
    const room = publicRoom(version)
    const one = room.fork()
    const other = room.fork()
    const demotion = one.levels(usersOf(room, { [bob]: 0, [carol]: 50 }), { ts: 9000 })
    const ban = other.member(carol, 'ban', { sender: bob, ts: 8000 })
    const topicBefore = topic(other, bob, '$topic', 7000)
    const state = resolveForks(one, other)
    assert.equal(state.get(stateTuple('m.room.power_levels', '')), demotion.eventId)
    assert.notEqual(state.get(stateTuple('m.room.member', carol)), ban.eventId)
    assert.equal(state.get(stateTuple('m.room.topic', '')), undefined)
    assert.ok(topicBefore)
  })

  test(`v${version}: a ban by a higher user beats the join and the topic of the banned one`, () => {
    const room = publicRoom(version)
    const one = room.fork()
    const other = room.fork()
    const ban = one.member(bob, 'ban', { sender: creator, ts: 9000 })
    other.member(bob, 'join', { ts: 8000 })
    topic(other, bob, '$topic', 7000)
    const state = resolveForks(one, other)
    assert.equal(state.get(stateTuple('m.room.member', bob)), ban.eventId)
    assert.equal(state.get(stateTuple('m.room.topic', '')), undefined)
  })

  test(`v${version}: of two equals who ban each other, the earlier one wins`, () => {
    const room = publicRoom(version, { [bob]: 60, [carol]: 60 })
    // Equals may not ban each other, so each is demoted in the other's view first by the creator.
    const one = room.fork()
    const other = room.fork()
    one.levels(usersOf(room, { [bob]: 60, [carol]: 10 }), { ts: 10 })
    const banCarol = one.member(carol, 'ban', { sender: bob, ts: 20 })
    other.levels(usersOf(room, { [bob]: 10, [carol]: 60 }), { ts: 11 })
    const banBob = other.member(bob, 'ban', { sender: carol, ts: 21 })
    const state = resolveForks(one, other)
    // Both changes of levels are the creator's and come first, by time; the later one is in force when the bans are judged.
    assert.equal(state.get(stateTuple('m.room.member', bob)), banBob.eventId)
    assert.notEqual(state.get(stateTuple('m.room.member', carol)), banCarol.eventId)
  })

  test(`v${version}: among topics the later time wins, then the larger id`, () => {
    for (const [oneId, oneTs, otherId, otherTs, winner] of [
      ['$a', 200, '$b', 100, '$a'],
      ['$a', 100, '$b', 200, '$b'],
      ['$a', 100, '$b', 100, '$b'],
      ['$\u{10000}', 100, '$\uffff', 100, '$\u{10000}'],
    ] as const) {
      const room = publicRoom(version)
      const one = room.fork()
      const other = room.fork()
      topic(one, bob, oneId, oneTs)
      topic(other, carol, otherId, otherTs)
      assert.equal(resolveForks(one, other).get(stateTuple('m.room.topic', '')), winner)
    }
  })

  test(`v${version}: a topic under newer power levels beats a later one under older ones`, () => {
    const room = publicRoom(version)
    const one = room.fork()
    const other = room.fork()
    topic(one, bob, '$old', 900)
    other.levels(usersOf(room, { [bob]: 50, [carol]: 51 }), { ts: 100 })
    topic(other, carol, '$new', 200)
    assert.equal(resolveForks(one, other).get(stateTuple('m.room.topic', '')), '$new')
  })

  test(`v${version}: a join made while the room was public is lost to the rule that closed the room`, () => {
    const room = publicRoom(version)
    const one = room.fork()
    const other = room.fork()
    const closed = one.joinRule('invite', { ts: 5000 })
    const joined = other.member('@dave:d', 'join', { ts: 4000 })
    const state = resolveForks(one, other)
    assert.equal(state.get(stateTuple('m.room.join_rules', '')), closed.eventId)
    assert.notEqual(state.get(stateTuple('m.room.member', '@dave:d')), joined.eventId)
  })

  test(`v${version}: a rejected event neither enters the state nor authorizes`, () => {
    const room = publicRoom(version)
    const one = room.fork()
    const other = room.fork()
    const promotion = one.levels(usersOf(room, { [bob]: 90, [carol]: 50 }), { ts: 10 })
    const fromPromotion = one.levels(usersOf(room, { [bob]: 90, [carol]: 80 }), { sender: bob, ts: 20 })
    const ordinary = topic(other, carol, '$topic', 30)
    const states = [one, other].map((fork) => stateMap(fork.state.values()))
    const state = resolveAll(inputOf(room, states, new Set([promotion.eventId])))
    assert.equal(state.get(stateTuple('m.room.power_levels', '')), room.get('m.room.power_levels', '')?.eventId)
    assert.equal(state.get(stateTuple('m.room.topic', '')), ordinary.eventId)
    assert.notEqual(fromPromotion.eventId, state.get(stateTuple('m.room.power_levels', '')))
  })
}

test('one state, or the same state twice, is its own resolution', () => {
  for (const version of [1, ...all]) {
    const room = publicRoom(version)
    assert.deepEqual(resolveForks(room), stateMap(room.state.values()))
    assert.deepEqual(resolveForks(room, room.fork()), stateMap(room.state.values()))
  }
})

// The two shapes of MSC4297. In both, a state that some server holds lost an event that no rule had taken away.

test('S06: v2.1 starts from nothing: a join is judged by the join rule of its time, not by a later one that all states share', () => {
  for (const version of [11, 12]) {
    const room = publicRoom(version)
    const stale = room.fork()
    const dave = room.member('@dave:d', 'join')
    const closed = room.joinRule('invite')
    // The stale side has the new rule, but has lost the join that came before it.
    const states = [
      stateMap(room.state.values()),
      new Map([...stateMap(stale.state.values()), [stateTuple('m.room.join_rules', ''), closed.eventId]]),
    ]
    const state = resolveAll(inputOf(room, states))
    assert.equal(state.get(stateTuple('m.room.member', '@dave:d')), version === 12 ? dave.eventId : undefined)
    assert.equal(state.get(stateTuple('m.room.join_rules', '')), closed.eventId)
  }
})

test('S07: v2.1 replays the conflicted subgraph: levels that rest on levels between two conflicted ones', () => {
  for (const version of [11, 12]) {
    const room = publicRoom(version)
    const first = room.get('m.room.power_levels', '')
    assert.ok(first)
    room.levels(usersOf(room, { [bob]: 50, [carol]: 80 }))
    // Both sides rest on the second levels by way of this event, so that they are in no auth difference.
    room.add({ type: 'm.room.name', stateKey: '', sender: carol })
    const third = room.levels({ ...usersOf(room, { [bob]: 50, [carol]: 80 }), kick: 70 }, { sender: carol })
    const now = stateMap(room.state.values())
    const reset = new Map([...now, [stateTuple('m.room.power_levels', ''), first.eventId] as const])
    const state = resolveAll(inputOf(room, [now, reset]))
    assert.equal(state.get(stateTuple('m.room.power_levels', '')), version === 12 ? third.eventId : first.eventId)
  }
})

test('v2.1 knows the create event though nobody names it', () => {
  const room = publicRoom(12)
  const one = room.fork()
  const other = room.fork()
  one.levels({ users: { [bob]: 0 } })
  const winner = topic(other, creator, '$topic', 5)
  assert.equal(resolveForks(one, other).get(stateTuple('m.room.topic', '')), winner.eventId)
})

test('what is missing is asked for until nothing is, and the result is the same', () => {
  for (const version of [1, 2, 11, 12]) {
    const room = publicRoom(version)
    for (let change = 0; change < 20; change++) room.levels({ ...usersOf(room, { [bob]: 50, [carol]: 50 }), kick: change })
    const one = room.fork()
    const other = room.fork()
    one.levels(usersOf(room, { [bob]: 0, [carol]: 50 }))
    topic(one, carol, '$one', 1)
    other.member(carol, 'ban', { sender: bob })
    topic(other, bob, '$other', 2)
    const full = inputOf(
      room,
      [one, other].map((fork) => stateMap(fork.state.values())),
    )
    const headers = (eventId: Pdu['eventId']) => room.events.get(eventId)?.authEvents

    for (const authEvents of [undefined, headers]) {
      const loaded = new Map<string, Pdu>()
      const input = {
        ...full,
        event: (eventId: Pdu['eventId']) => loaded.get(eventId),
        ...(authEvents === undefined ? {} : { authEvents }),
      }
      let rounds = 0
      for (let resolution = resolveState(input); ; resolution = resolveState(input), rounds++) {
        if ('resolved' in resolution) break
        assert.ok(resolution.missing.length > 0 && rounds < 60)
        assert.equal(new Set(resolution.missing).size, resolution.missing.length)
        for (const eventId of resolution.missing) {
          const event = room.events.get(eventId)
          assert.ok(event !== undefined && !loaded.has(eventId), `${eventId} is asked for once, and exists`)
          loaded.set(eventId, event)
        }
      }
      if (authEvents !== undefined) assert.ok(rounds <= 6, `${rounds} rounds with an index of the graph`)
      assert.deepEqual(resolveAll(input), resolveAll(full))
    }
  }
})

test('F21: a chain of 100,000 events is walked without recursion', () => {
  for (const version of [11, 12]) {
    const room = publicRoom(version)
    const one = room.fork()
    const stale = room.fork()
    for (let change = 0; change < 100_000; change++) one.member(bob, 'join')
    topic(one, bob, '$one', 1)
    topic(stale, carol, '$other', 2)
    assert.equal(resolveForks(one, stale).get(stateTuple('m.room.topic', '')), '$other')
  }
})
