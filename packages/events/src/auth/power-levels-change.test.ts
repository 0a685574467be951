// Goal: every rule on a change of power levels decides both ways, in each version where it differs.
// Method: bob at level 50 replaces one content by another; the verdict by the rule's name.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NumberLexeme } from '../json/json-value.ts'
import { authorize } from './authorize.ts'
import { creator, foundedRoom, outcome } from './room.fixture.ts'

const bob = '@bob:b'
const carol = '@carol:c'
const all = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
const until9 = [1, 5, 6, 9]
const from10 = [10, 11, 12]
type Content = Record<string, unknown>

const base = { users: { [bob]: 50 } }
const users = (more: Content) => ({ users: { [bob]: 50, ...more } })

const changes: [why: string, versions: number[], before: Content, after: Content, verdict: string][] = [
  ['nothing changes', all, base, base, 'allowed'],
  ['a string for a level', from10, base, { ...base, ban: '50' }, 'power_levels.integer'],
  ['a string for a level', until9, base, { ...base, ban: '50' }, 'allowed'],
  ['a word for a level', until9, base, { ...base, ban: 'much' }, 'power_levels.level'],
  ['null for a level', from10, base, { ...base, ban: null }, 'power_levels.integer'],
  ['events is no object', from10, base, { ...base, events: [] }, 'power_levels.object'],
  ['events is no object', until9, base, { ...base, events: [] }, 'power_levels.object'],
  ['events has a string', from10, base, { ...base, events: { a: '1' } }, 'power_levels.object'],
  ['events has a string', until9, base, { ...base, events: { a: '1' } }, 'allowed'],
  ['events has a word', until9, base, { ...base, events: { a: 'x' } }, 'power_levels.level'],
  ['notifications has a boolean', from10, base, { ...base, notifications: { room: true } }, 'power_levels.object'],
  ['users is no object', all, base, { users: [] }, 'power_levels.users'],
  ['users is null', all, base, { users: null }, 'power_levels.users'],
  ['users has a word', all, base, users({ [carol]: 'x' }), 'power_levels.users'],
  ['users has a string', from10, base, users({ [carol]: '1' }), 'power_levels.users'],
  ['users has a string', until9, base, users({ [carol]: '1' }), 'allowed'],
  ['users has no user', all, base, users({ carol: 1 }), 'power_levels.user_id'],
  ['a float too large', [1, 5], base, { ...base, ban: new NumberLexeme('1e400') }, 'power_levels.level'],
  ['users lists a creator', [12], base, users({ [creator]: 1 }), 'power_levels.creator'],
  ['a level falls', all, { ...base, ban: 50 }, { ...base, ban: 0 }, 'allowed'],
  ['a level above falls', all, { ...base, ban: 51 }, { ...base, ban: 0 }, 'power_levels.current'],
  ['a level above goes away', all, { ...base, ban: 51 }, base, 'power_levels.current'],
  ['a level rises to the own', all, base, { ...base, ban: 50, state_default: 50 }, 'allowed'],
  ['a level rises above', all, base, { ...base, ban: 51 }, 'power_levels.new'],
  ['the same value as a string', until9, { ...base, ban: 99 }, { ...base, ban: '99' }, 'allowed'],
  ['an event level above changes', all, { ...base, events: { a: 51 } }, { ...base, events: { a: 50 } }, 'power_levels.events.current'],
  ['an event level above goes away', all, { ...base, events: { a: 51 } }, base, 'power_levels.events.current'],
  ['an event level above stays', all, { ...base, events: { a: 51 } }, { ...base, events: { a: 51, b: 50 } }, 'allowed'],
  ['an event level rises above', all, base, { ...base, events: { a: 51 } }, 'power_levels.events.new'],
  ['a notification level rises above', [6, 9, 10, 12], base, { ...base, notifications: { room: 51 } }, 'power_levels.notifications.new'],
  ['a notification level above goes away', [6, 12], { ...base, notifications: { room: 51 } }, base, 'power_levels.notifications.current'],
  ['a notification level is not covered', [1, 5], base, { ...base, notifications: { room: 51 } }, 'allowed'],
  ['a user below changes', all, users({ [carol]: 49 }), users({ [carol]: 0 }), 'allowed'],
  ['an equal changes', all, users({ [carol]: 50 }), users({ [carol]: 0 }), 'power_levels.users.current'],
  ['an equal goes away', all, users({ [carol]: 50 }), base, 'power_levels.users.current'],
  ['an equal stays', all, users({ [carol]: 50 }), { ...users({ [carol]: 50 }), ban: 1 }, 'allowed'],
  ['a user rises to the own', all, base, users({ [carol]: 50 }), 'allowed'],
  ['a user rises above', all, base, users({ [carol]: 51 }), 'power_levels.users.new'],
  ['the sender steps down', all, base, { users: { [bob]: 0 } }, 'allowed'],
  ['the sender goes away', all, base, {}, 'allowed'],
  ['the sender rises', all, base, { users: { [bob]: 51 } }, 'power_levels.users.new'],
]

for (const [why, versions, before, after, verdict] of changes) {
  test(`power levels: ${why} is ${verdict} (${versions.join(', ')})`, () => {
    for (const version of versions) {
      const room = foundedRoom(version)
      room.member(bob, 'join')
      room.levels(before)
      const event = room.make({ type: 'm.room.power_levels', sender: bob, stateKey: '', content: after })
      assert.equal(outcome(authorize(event, room, room.rules)), verdict, `version ${version}`)
    }
  })
}

test('power levels: the first ones are free, if their shape is good', () => {
  for (const version of all) {
    const room = foundedRoom(version)
    const first = (content: Content) =>
      outcome(authorize(room.make({ type: 'm.room.power_levels', stateKey: '', content }), room, room.rules))
    assert.equal(first({ users: { [bob]: 1000 }, ban: 1000 }), 'allowed')
    assert.equal(first({ users: { bob: 1 } }), 'power_levels.user_id')
  }
})

test('power levels: a creator sets any level, and none of an additional creator', () => {
  const room = foundedRoom(12, { additional_creators: [carol] })
  room.levels({ ban: 100 })
  const change = (content: Content) =>
    outcome(authorize(room.make({ type: 'm.room.power_levels', stateKey: '', content }), room, room.rules))
  assert.equal(change({ ban: Number.MAX_SAFE_INTEGER }), 'allowed')
  assert.equal(change({ users: { [carol]: 1 } }), 'power_levels.creator')
})
