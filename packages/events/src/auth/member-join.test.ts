// Goal: every rule on joining, and on the form of an m.room.member, decides both ways, in each room version where it differs.
// Method: a line per case: the version, what the room looks like, the event, and the verdict by the rule's name.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { authorize } from './authorize.ts'
import { all, bob, carol, from, is, levels, membership, rule, steps, testCases, until, type Case } from './member.fixture.ts'
import { creator, outcome, TestRoom, type EventDraft } from './room.fixture.ts'

const restricted = (value: string) => steps(rule(value), is(carol, 'join'))

const shape: Case[] = [
  {
    why: 'no state key',
    versions: all,
    event: { type: 'm.room.member', sender: bob, content: { membership: 'join' } },
    verdict: 'member.state_key',
  },
  { why: 'no membership', versions: all, event: { type: 'm.room.member', sender: bob, stateKey: bob }, verdict: 'member.membership' },
  { why: 'target is no user', versions: all, event: membership('invite', creator, 'bob'), verdict: 'member.target' },
  { why: 'unknown membership', versions: all, event: membership('dance'), verdict: 'member.unknown' },
  { why: 'membership of another type', versions: all, event: membership(['join']), verdict: 'member.unknown' },
]

const join: Case[] = [
  { why: 'for somebody else', versions: all, room: rule('public'), event: membership('join', bob, carol), verdict: 'member.join.self' },
  { why: 'banned', versions: all, room: steps(rule('public'), is(bob, 'ban')), event: membership('join'), verdict: 'member.join.banned' },
  { why: 'public', versions: all, room: rule('public'), event: membership('join'), verdict: 'allowed' },
  { why: 'no join rules event', versions: all, event: membership('join'), verdict: 'member.join.invite_only' },
  { why: 'invited', versions: all, room: steps(rule('invite'), is(bob, 'invite')), event: membership('join'), verdict: 'allowed' },
  { why: 'joined already', versions: all, room: steps(rule('invite'), is(bob, 'join')), event: membership('join'), verdict: 'allowed' },
  {
    why: 'left',
    versions: all,
    room: steps(rule('invite'), is(bob, 'leave')),
    event: membership('join'),
    verdict: 'member.join.invite_only',
  },
  {
    why: 'private',
    versions: all,
    room: steps(rule('private'), is(bob, 'invite')),
    event: membership('join'),
    verdict: 'member.join.join_rule',
  },
  {
    why: 'rule is no string',
    versions: all,
    room: steps(rule(1), is(bob, 'invite')),
    event: membership('join'),
    verdict: 'member.join.join_rule',
  },
  {
    why: 'knock, invited',
    versions: from(7),
    room: steps(rule('knock'), is(bob, 'invite')),
    event: membership('join'),
    verdict: 'allowed',
  },
  {
    why: 'knock, knocked',
    versions: from(7),
    room: steps(rule('knock'), is(bob, 'knock')),
    event: membership('join'),
    verdict: 'member.join.invite_only',
  },
  {
    why: 'knock, too early',
    versions: until(6),
    room: steps(rule('knock'), is(bob, 'invite')),
    event: membership('join'),
    verdict: 'member.join.join_rule',
  },
]

const authorised = (user: unknown) => membership('join', bob, bob, { join_authorised_via_users_server: user })

const restrictedJoin: Case[] = ['restricted', 'knock_restricted'].flatMap((value) => {
  const first = value === 'restricted' ? 8 : 10
  const room = restricted(value)
  const levelsOf = (content: Record<string, unknown>) => steps(room, levels(content))
  return [
    {
      why: value + ', too early',
      versions: until(first - 1),
      room: steps(room, is(bob, 'invite')),
      event: membership('join'),
      verdict: 'member.join.join_rule',
    },
    {
      why: value + ', invited',
      versions: from(first),
      room: steps(room, is(bob, 'invite')),
      event: membership('join'),
      verdict: 'allowed',
    },
    { why: value + ', joined', versions: from(first), room: steps(room, is(bob, 'join')), event: membership('join'), verdict: 'allowed' },
    { why: value + ', unauthorised', versions: from(first), room, event: membership('join'), verdict: 'member.join.restricted' },
    { why: value + ', authoriser is no string', versions: from(first), room, event: authorised(5), verdict: 'member.join.restricted' },
    {
      why: value + ', authoriser is outside',
      versions: from(first),
      room,
      event: authorised('@dave:d'),
      verdict: 'member.join.authoriser',
    },
    {
      why: value + ', authoriser lacks level',
      versions: from(first),
      room: levelsOf({ invite: 50 }),
      event: authorised(carol),
      verdict: 'member.join.authoriser',
    },
    {
      why: value + ', authoriser has level',
      versions: from(first),
      room: levelsOf({ invite: 50, users: { [carol]: 50 } }),
      event: authorised(carol),
      verdict: 'allowed',
    },
    {
      why: value + ', authorised by a creator',
      versions: from(first),
      room: levelsOf({ invite: 100 }),
      event: authorised(creator),
      verdict: 'allowed',
    },
  ]
})

testCases('shape', shape)
testCases('join', join)
testCases('restricted join', restrictedJoin)

test('join: the creator enters right behind the create event', () => {
  for (const version of all) {
    const room = new TestRoom(version)
    const create = room.create()
    const first = (draft: Partial<EventDraft>) => room.make({ ...membership('join', creator), prev: [create.eventId], ...draft })
    assert.equal(outcome(authorize(first({}), room, room.rules)), 'allowed')
    assert.equal(outcome(authorize(first({ prev: [create.eventId, '$other'] }), room, room.rules)), 'member.join.invite_only')
    assert.equal(outcome(authorize(first({ prev: ['$other'] }), room, room.rules)), 'member.join.invite_only')
    assert.equal(outcome(authorize(first({ sender: bob, stateKey: bob }), room, room.rules)), 'member.join.invite_only')
  }
})

test('join: up to version 10 the creator is whom the content names, later the sender', () => {
  for (const version of [10, 11]) {
    const room = new TestRoom(version)
    const create = room.create({ creator: bob })
    const first = (user: string) => room.make({ ...membership('join', user), prev: [create.eventId] })
    assert.equal(outcome(authorize(first(bob), room, room.rules)), version === 10 ? 'allowed' : 'member.join.invite_only')
    assert.equal(outcome(authorize(first(creator), room, room.rules)), version === 10 ? 'member.join.invite_only' : 'allowed')
  }
})

test('join: an additional creator waits for the join rule', () => {
  const room = new TestRoom(12)
  const create = room.create({ additional_creators: [bob] })
  const event = room.make({ ...membership('join'), prev: [create.eventId] })
  assert.equal(outcome(authorize(event, room, room.rules)), 'member.join.invite_only')
})
