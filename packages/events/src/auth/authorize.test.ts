// Goal: the rules on create, federation, aliases, membership of the sender, required level, state keys of users and redactions.
// Method: a line per case with the versions that it holds for, and the verdict by the rule's name.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { authorize } from './authorize.ts'
import { creator, eventId, foundedRoom, outcome, TestRoom, type EventDraft } from './room.fixture.ts'
import { canRedact } from './redaction.ts'

const bob = '@bob:b'
const all = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]

const creates: [why: string, versions: number[], draft: Partial<EventDraft>, verdict: string][] = [
  ['a good one', all, { content: { creator } }, 'allowed'],
  ['previous events', all, { content: { creator }, prev: ['$x'] }, 'create.prev_events'],
  ['room of another server', all.slice(0, -1), { content: { creator }, sender: bob }, 'create.room_id_domain'],
  ['a room id', [12], { object: { room_id: '!x:a' } }, 'create.room_id'],
  ['unknown version', all, { content: { creator, room_version: 'x' } }, 'create.room_version'],
  ['version of another type', all, { content: { creator, room_version: 1 } }, 'create.room_version'],
  ['no creator', [1, 10], { content: {} }, 'create.creator'],
  ['no creator', [11, 12], { content: {} }, 'allowed'],
  ['additional creators', [12], { content: { additional_creators: [bob] } }, 'allowed'],
  ['additional creators in no list', [12], { content: { additional_creators: bob } }, 'create.additional_creators'],
  ['additional creators of another type', [12], { content: { additional_creators: [5] } }, 'create.additional_creators'],
  ['additional creators that are no users', [12], { content: { additional_creators: ['bob'] } }, 'create.additional_creators'],
  ['additional creators are nothing yet', [11], { content: { additional_creators: ['bob'] } }, 'allowed'],
]

for (const [why, versions, draft, verdict] of creates) {
  test(`create: ${why} is ${verdict} (${versions.join(', ')})`, () => {
    for (const version of versions) {
      const room = new TestRoom(version)
      assert.equal(outcome(authorize(room.make({ type: 'm.room.create', stateKey: '', ...draft }), room, room.rules)), verdict)
    }
  })
}

test('without a create event nothing is allowed', () => {
  for (const version of all) {
    const room = new TestRoom(version)
    assert.equal(outcome(authorize(room.make({ type: 'm.room.message' }), room, room.rules)), 'create.missing')
  }
})

test('m.federate keeps other servers out', () => {
  for (const [value, verdict] of [
    [false, 'federate'],
    ['false', 'federate'],
    [null, 'federate'],
    [true, 'allowed'],
  ] as const) {
    for (const version of all) {
      const room = foundedRoom(version, { 'm.federate': value })
      room.member(bob, 'join')
      assert.equal(outcome(authorize(room.make({ type: 'm.room.message', sender: bob }), room, room.rules)), verdict)
      assert.equal(outcome(authorize(room.make({ type: 'm.room.message' }), room, room.rules)), 'allowed')
    }
  }
})

const sends: [why: string, versions: number[], levels: Record<string, unknown> | undefined, draft: EventDraft, verdict: string][] = [
  ['aliases of a server whose user is outside', [1, 5], undefined, { type: 'm.room.aliases', sender: '@x:c', stateKey: 'c' }, 'allowed'],
  ['aliases of another server', [1, 5], undefined, { type: 'm.room.aliases', sender: bob, stateKey: 'c' }, 'aliases.domain'],
  ['aliases without a state key', [1, 5], undefined, { type: 'm.room.aliases', sender: bob }, 'aliases.state_key'],
  ['aliases are like other state', [6, 12], undefined, { type: 'm.room.aliases', sender: '@x:c', stateKey: 'c' }, 'sender.membership'],
  ['sender outside', all, undefined, { type: 'm.room.message', sender: '@x:c' }, 'sender.membership'],
  ['sender inside', all, undefined, { type: 'm.room.message', sender: bob }, 'allowed'],
  ['state by default asks for 50', all, { users: { [bob]: 49 } }, { type: 'm.room.topic', sender: bob, stateKey: '' }, 'sender.level'],
  ['state by default is open at 50', all, { users: { [bob]: 50 } }, { type: 'm.room.topic', sender: bob, stateKey: '' }, 'allowed'],
  ['state without levels asks for 50', all, undefined, { type: 'm.room.topic', sender: bob, stateKey: '' }, 'sender.level'],
  ['the creator without levels has 100', all, undefined, { type: 'm.room.topic', stateKey: '' }, 'allowed'],
  ['state_default', all, { state_default: 0 }, { type: 'm.room.topic', sender: bob, stateKey: '' }, 'allowed'],
  ['events_default', all, { events_default: 1 }, { type: 'm.room.message', sender: bob }, 'sender.level'],
  ['events', all, { events: { 'm.room.message': 1 } }, { type: 'm.room.message', sender: bob }, 'sender.level'],
  ['events below zero', all, { events_default: 5, events: { a: -1 } }, { type: 'a', sender: bob }, 'allowed'],
  ['events named like a method', all, { events: {} }, { type: 'constructor', sender: bob }, 'allowed'],
  ['users_default', all, { events_default: 1, users_default: 1 }, { type: 'm.room.message', sender: bob }, 'allowed'],
  ['levels as strings', [1, 9], { events_default: ' +007 ', users: { [bob]: '7' } }, { type: 'm.room.message', sender: bob }, 'allowed'],
  [
    'levels as strings, too low',
    [1, 9],
    { events_default: '8', users: { [bob]: '7' } },
    { type: 'm.room.message', sender: bob },
    'sender.level',
  ],
  [
    'strings stand for nothing',
    [10, 12],
    { events_default: 1, users: { [bob]: '7' } },
    { type: 'm.room.message', sender: bob },
    'sender.level',
  ],
  ['floats are cut', [1, 5], { events_default: 7, users: { [bob]: 7.9 } }, { type: 'm.room.message', sender: bob }, 'allowed'],
  ['hostile shapes', all, { events: 'x', users: ['y'], users_default: {}, events_default: null }, { type: 'm', sender: bob }, 'allowed'],
  ["another user's state key", all, { state_default: 0 }, { type: 'x', sender: bob, stateKey: creator }, 'state_key.user'],
  ['own state key', all, { state_default: 0 }, { type: 'x', sender: bob, stateKey: bob }, 'allowed'],
  ['a redaction of another server', [1, 2], {}, { type: 'm.room.redaction', sender: bob, id: '$r:b', redacts: '$x:a' }, 'redaction.domain'],
  ['a redaction of nothing', [1, 2], {}, { type: 'm.room.redaction', sender: bob, id: '$r:b' }, 'redaction.domain'],
  ['a redaction of the same server', [1, 2], {}, { type: 'm.room.redaction', sender: bob, id: '$r:b', redacts: '$x:b' }, 'allowed'],
  ['a redaction at the level', [1, 2], { redact: 0 }, { type: 'm.room.redaction', sender: bob, id: '$r:b', redacts: '$x:a' }, 'allowed'],
  ['a redaction is no matter of rules later', [3, 12], {}, { type: 'm.room.redaction', sender: bob, redacts: '$x' }, 'allowed'],
]

for (const [why, versions, levels, draft, verdict] of sends) {
  test(`send: ${why} is ${verdict} (${versions.join(', ')})`, () => {
    for (const version of versions) {
      const room = foundedRoom(version)
      room.member(bob, 'join')
      if (levels !== undefined) room.levels(levels)
      assert.equal(outcome(authorize(room.make(draft), room, room.rules)), verdict, `version ${version}`)
    }
  })
}

test('a redaction is applied by level or by server', () => {
  const room = foundedRoom(11)
  room.member(bob, 'join')
  const target = room.make({ type: 'm.room.message', sender: creator })
  const redaction = (sender: string, more: Partial<EventDraft> = {}) =>
    room.make({ type: 'm.room.redaction', sender, redacts: target.eventId, ...more })
  assert.equal(canRedact(redaction(creator), target, room, room.rules), true)
  assert.equal(canRedact(redaction('@other:a'), target, room, room.rules), true)
  assert.equal(canRedact(redaction(bob), target, room, room.rules), false)
  assert.equal(canRedact(redaction(creator, { roomId: '!other:a' }), target, room, room.rules), false)
  room.levels({ redact: 0 })
  assert.equal(canRedact(redaction(bob), target, room, room.rules), true)
  assert.equal(eventId(target.eventId), target.eventId)
})
