// Goal: a resolution does not depend on the order of the sets, of their entries, or of the events.
// Method: random rooms of random changes on several forks, resolved as they are and shuffled, by a seeded generator.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { authorize } from '../auth/authorize.ts'
import { creator, foundedRoom, type EventDraft, type TestRoom } from '../auth/room.fixture.ts'
import { conflictOf, type StateMap } from './conflict.ts'
import { inputOf, resolveAll, stateMap } from './resolution.fixture.ts'
import { RankHeap } from './rank-heap.ts'
import { splitStateTuple, stateTuple } from './state-tuple.ts'

const users = [creator, '@bob:b', '@carol:c', '@dave:d'] as const
const user = fc.constantFrom(...users)
const level = fc.constantFrom(0, 25, 50, 75, 100)

const draft: fc.Arbitrary<EventDraft> = fc.oneof(
  fc
    .record({ sender: user, target: user, membership: fc.constantFrom('join', 'leave', 'ban', 'invite') })
    .map(({ sender, target, membership }) => ({
      type: 'm.room.member',
      sender,
      stateKey: membership === 'join' ? sender : target,
      content: { membership },
    })),
  fc.record({ sender: user, bob: level, carol: level }).map(({ sender, bob, carol }) => ({
    type: 'm.room.power_levels',
    sender,
    stateKey: '',
    content: { users: { [users[1]]: bob, [users[2]]: carol } },
  })),
  fc.record({ sender: user, rule: fc.constantFrom('public', 'invite') }).map(({ sender, rule }) => ({
    type: 'm.room.join_rules',
    sender,
    stateKey: '',
    content: { join_rule: rule },
  })),
  fc.record({ sender: user, ts: fc.nat(5) }).map(({ sender, ts }) => ({ type: 'm.room.topic', sender, stateKey: '', ts })),
)

function grow(room: TestRoom, drafts: readonly EventDraft[]): TestRoom {
  for (const next of drafts) if (authorize(room.make(next), room, room.rules).allowed) room.add(next)
  return room
}

function reversed(states: readonly StateMap[]): StateMap[] {
  return states.map((state) => new Map([...state].reverse())).reverse()
}

for (const version of [1, 2, 11, 12]) {
  test(`v${version}: the order of states and entries does not matter`, () => {
    const drafts = fc.array(draft, { maxLength: 12 })
    fc.assert(
      fc.property(drafts, fc.array(drafts, { minLength: 2, maxLength: 4 }), (common, forks) => {
        const room = foundedRoom(version)
        room.joinRule('public')
        grow(room, common)
        const states = forks.map((steps) => stateMap(grow(room.fork(), steps).state.values()))
        const state = resolveAll(inputOf(room, states))
        const sorted = (map: StateMap) => [...map].sort()
        assert.deepEqual(sorted(resolveAll(inputOf(room, reversed(states)))), sorted(state))
        // Whatever all agree on stays; whatever is resolved was in some state.
        for (const [tuple, eventId] of conflictOf(states).common) assert.equal(state.get(tuple), eventId)
        for (const eventId of state.values()) assert.ok(room.events.has(eventId))
      }),
      { numRuns: 150 },
    )
  })
}

test('state tuples are taken apart into what they were made of, and no two pairs make the same', () => {
  const text = fc.string({ unit: fc.constantFrom('a', ':', '1', '\u0000', 'é') })
  fc.assert(
    fc.property(text, text, text, text, (type, key, otherType, otherKey) => {
      assert.deepEqual(splitStateTuple(stateTuple(type, key)), [type, key])
      assert.equal(stateTuple(type, key) === stateTuple(otherType, otherKey), type === otherType && key === otherKey)
    }),
  )
})

test('the heap gives the smallest first', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(1000)), (ranks) => {
      const heap = new RankHeap(ranks.length)
      for (const rank of ranks) heap.push(rank)
      const out: number[] = []
      for (let next = heap.pop(); next !== undefined; next = heap.pop()) out.push(next)
      assert.deepEqual(
        out,
        ranks.toSorted((x, y) => x - y),
      )
    }),
  )
})
