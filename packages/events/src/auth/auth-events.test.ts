// Goal: the selection of auth events per type and version, and every rule on an event's own list of them.
// Method: the keys as lists; then one good event, and one fault per case.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pdu } from '../pdu/pdu.ts'
import { authEventKeys } from './auth-event-keys.ts'
import { checkAuthEvents, type AuthEventFacts } from './check-auth-events.ts'
import { creator, foundedRoom, json, outcome, rulesOf, userId, type EventDraft, type TestRoom } from './room.fixture.ts'

const bob = '@bob:b'

const selections: [
  why: string,
  version: number,
  type: string,
  stateKey: string | undefined,
  content: Record<string, unknown>,
  keys: string[],
][] = [
  ['create', 11, 'm.room.create', '', {}, []],
  ['message', 11, 'm.room.message', undefined, {}, ['create', 'power_levels', `member ${bob}`]],
  ['message without create', 12, 'm.room.message', undefined, {}, ['power_levels', `member ${bob}`]],
  ['own join', 11, 'm.room.member', bob, { membership: 'join' }, ['create', 'power_levels', `member ${bob}`, 'join_rules']],
  ['own leave', 11, 'm.room.member', bob, { membership: 'leave' }, ['create', 'power_levels', `member ${bob}`]],
  ['kick', 11, 'm.room.member', '@x:c', { membership: 'leave' }, ['create', 'power_levels', `member ${bob}`, 'member @x:c']],
  ['knock', 11, 'm.room.member', bob, { membership: 'knock' }, ['create', 'power_levels', `member ${bob}`, 'join_rules']],
  [
    'invite',
    11,
    'm.room.member',
    '@x:c',
    { membership: 'invite' },
    ['create', 'power_levels', `member ${bob}`, 'member @x:c', 'join_rules'],
  ],
  [
    'third-party invite',
    11,
    'm.room.member',
    '@x:c',
    { membership: 'invite', third_party_invite: { signed: { token: 't' } } },
    ['create', 'power_levels', `member ${bob}`, 'member @x:c', 'join_rules', 'third_party_invite t'],
  ],
  [
    'a token of a wrong shape',
    12,
    'm.room.member',
    bob,
    { membership: 'invite', third_party_invite: 5 },
    ['power_levels', `member ${bob}`, 'join_rules'],
  ],
  [
    'authorised join',
    8,
    'm.room.member',
    bob,
    { membership: 'join', join_authorised_via_users_server: '@x:c' },
    ['create', 'power_levels', `member ${bob}`, 'join_rules', 'member @x:c'],
  ],
  [
    'authorised by oneself',
    8,
    'm.room.member',
    bob,
    { membership: 'join', join_authorised_via_users_server: bob },
    ['create', 'power_levels', `member ${bob}`, 'join_rules'],
  ],
  [
    'authorised join, too early',
    7,
    'm.room.member',
    bob,
    { membership: 'join', join_authorised_via_users_server: '@x:c' },
    ['create', 'power_levels', `member ${bob}`, 'join_rules'],
  ],
]

for (const [why, version, type, stateKey, content, expected] of selections) {
  test(`selection: ${why} (v${version})`, () => {
    const keys = authEventKeys({ type, sender: userId(bob), stateKey, content: json(content) }, rulesOf(version))
    assert.deepEqual(
      keys.map(([keyType, key]) => `${keyType.replace('m.room.', '')} ${key}`.trim()),
      expected,
    )
  })
}

const noFaults: AuthEventFacts = { isRejected: () => false, create: undefined }

function check(room: TestRoom, draft: Partial<EventDraft>, facts: Partial<AuthEventFacts> = {}): string {
  const event = room.make({ type: 'm.room.message', ...draft })
  const known = [...room.events.values()].filter((candidate) => event.authEvents.includes(candidate.eventId))
  const create = room.get('m.room.create', '')
  return outcome(checkAuthEvents(event, known, room.rules, { ...noFaults, create, ...facts }))
}

function selected(room: TestRoom, ...types: string[]): Pdu[] {
  return types.map((type) => room.get(type, type === 'm.room.member' ? creator : '')).filter((event) => event !== undefined)
}

test('auth events: the good list', () => {
  for (const version of [1, 11, 12]) assert.equal(check(foundedRoom(version), {}), 'allowed')
})

test('auth events: duplicates of a key', () => {
  for (const version of [1, 11, 12]) {
    const room = foundedRoom(version)
    const old = room.get('m.room.member', creator)
    const fresh = room.member(creator, 'join')
    const create = room.rules.roomIdIsCreateHash ? [] : selected(room, 'm.room.create')
    const twice = [old, fresh].filter((event) => event !== undefined)
    assert.equal(check(room, { auth: [...create, ...twice] }), 'auth_events.duplicate')
    assert.equal(check(room, { auth: [...create, fresh, fresh] }), 'auth_events.duplicate')
  }
})

test('auth events: entries outside of the selection', () => {
  for (const version of [1, 11, 12]) {
    const room = foundedRoom(version)
    room.joinRule('public')
    assert.equal(check(room, { auth: selected(room, 'm.room.join_rules') }), 'auth_events.selection')
    const message = room.add({ type: 'm.room.member', sender: creator })
    assert.equal(check(room, { auth: [message] }), 'auth_events.selection')
  }
})

test('auth events: the create event is asked for until version 11 and refused in 12', () => {
  for (const [version, without, withIt] of [
    [1, 'auth_events.create', 'allowed'],
    [11, 'auth_events.create', 'allowed'],
    [12, 'allowed', 'auth_events.selection'],
  ] as const) {
    const room = foundedRoom(version)
    assert.equal(check(room, { auth: selected(room, 'm.room.member') }), without)
    assert.equal(check(room, { auth: selected(room, 'm.room.create', 'm.room.member') }), withIt)
  }
})

test('auth events: a rejected entry', () => {
  for (const version of [1, 11, 12]) {
    const room = foundedRoom(version)
    const member = room.get('m.room.member', creator)
    assert.equal(check(room, {}, { isRejected: (id) => id === member?.eventId }), 'auth_events.rejected')
  }
})

test('auth events: an entry of another room', () => {
  const room = foundedRoom(11)
  room.member(creator, 'join', { roomId: '!other:a' })
  assert.equal(check(room, {}), 'auth_events.other_room')
})

test('auth events: from version 12 on the room id names an accepted create event', () => {
  const room = foundedRoom(12)
  assert.equal(check(room, {}, { create: undefined }), 'auth_events.room')
  assert.equal(check(room, {}, { isRejected: (id) => id === room.get('m.room.create', '')?.eventId }), 'auth_events.room')
  assert.equal(check(room, { roomId: '!other:a' }), 'auth_events.room')
})

test('auth events: one that is not given is a bug of the caller', () => {
  const room = foundedRoom(11)
  assert.throws(() => checkAuthEvents(room.make({ type: 'm.room.message' }), [], room.rules, noFaults), /without all auth events/)
})
