// Goal: resolution v1 goes through its passes in order, and sorts by depth and by the SHA-1 of the event id.
// Method: small rooms of version 1 that fork; the resolved event of the contested key.
import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { test } from 'node:test'
import { creator, foundedRoom, type TestRoom } from '../auth/room.fixture.ts'
import { resolveForks } from './resolution.fixture.ts'
import { stateTuple } from './state-tuple.ts'

const bob = '@bob:b'

function forks(): [TestRoom, TestRoom] {
  const room = foundedRoom(1)
  room.levels({ users: { [creator]: 100, [bob]: 50 } })
  room.joinRule('public')
  room.member(bob, 'join')
  return [room.fork(), room.fork()]
}

const topic = { type: 'm.room.topic', stateKey: '' }

test('v1: the deeper topic wins', () => {
  const [one, other] = forks()
  one.add({ ...topic, id: '$one:a', depth: 50, ts: 1 })
  other.add({ ...topic, id: '$other:a', depth: 49, ts: 2 })
  assert.equal(resolveForks(one, other).get(stateTuple('m.room.topic', '')), '$one:a')
})

test('v1: at the same depth the smaller SHA-1 wins', () => {
  const [one, other] = forks()
  const ids = ['$one:a', '$other:a'] as const
  one.add({ ...topic, id: ids[0], depth: 50 })
  other.add({ ...topic, id: ids[1], depth: 50 })
  const smaller = hash('sha1', ids[0]) < hash('sha1', ids[1]) ? ids[0] : ids[1]
  assert.equal(resolveForks(one, other).get(stateTuple('m.room.topic', '')), smaller)
})

test('v1: a topic that the resolved levels do not allow loses, however deep', () => {
  const [one, other] = forks()
  one.levels({ users: { [creator]: 100, [bob]: 0 } }, { depth: 60 })
  const allowed = one.add({ ...topic, depth: 61 })
  other.add({ ...topic, sender: bob, depth: 90 })
  assert.equal(resolveForks(one, other).get(stateTuple('m.room.topic', '')), allowed.eventId)
})

test('v1: where no topic is allowed, the least deep one stays', () => {
  const [one, other] = forks()
  one.levels({ users: { [creator]: 100, [bob]: 0 } }, { depth: 60 })
  const first = one.add({ ...topic, sender: bob, depth: 61 })
  other.add({ ...topic, sender: bob, depth: 90 })
  assert.equal(resolveForks(one, other).get(stateTuple('m.room.topic', '')), first.eventId)
})

test('v1: power levels are taken from the least deep one on, as long as each is allowed under the one before', () => {
  const [one, other] = forks()
  const base = { users: { [creator]: 100, [bob]: 50 } }
  one.levels({ ...base, kick: 1 }, { depth: 60 })
  const second = other.levels({ ...base, kick: 2 }, { depth: 61, sender: bob })
  assert.equal(resolveForks(one, other).get(stateTuple('m.room.power_levels', '')), second.eventId)

  const [strict, late] = forks()
  const demotion = strict.levels({ users: { [creator]: 100 } }, { depth: 60 })
  late.levels({ ...base, kick: 2 }, { depth: 61, sender: bob })
  assert.equal(resolveForks(strict, late).get(stateTuple('m.room.power_levels', '')), demotion.eventId)
})

test('v1: memberships are judged under the resolved levels and join rules', () => {
  const [one, other] = forks()
  one.joinRule('invite', { depth: 60 })
  const before = one.member('@dave:d', 'invite', { sender: creator, depth: 61 })
  other.joinRule('public', { depth: 59 })
  const join = other.member('@dave:d', 'join', { depth: 70 })
  // The rules resolve to `invite`; an invited user may join under it.
  assert.equal(resolveForks(one, other).get(stateTuple('m.room.member', '@dave:d')), join.eventId)
  assert.notEqual(join.eventId, before.eventId)
})

test('v1: what one state lacks is no conflict', () => {
  const [one, other] = forks()
  const lonely = one.add({ ...topic, sender: bob, depth: 61 })
  other.levels({ users: { [creator]: 100, [bob]: 0 } }, { depth: 60 })
  assert.equal(resolveForks(one, other).get(stateTuple('m.room.topic', '')), lonely.eventId)
})
