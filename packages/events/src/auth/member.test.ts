// Goal: every rule on m.room.member decides both ways, in each room version where it differs.
// Method: a line per case: the version, what the room looks like, the event, and the verdict by the rule's name.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { authorize } from './authorize.ts'
import { creator, foundedRoom, outcome, TestRoom, type EventDraft } from './room.fixture.ts'

const bob = '@bob:b'
const carol = '@carol:c'

interface Case {
  readonly why: string
  readonly versions: readonly number[]
  readonly room?: (room: TestRoom) => void
  readonly event: EventDraft
  readonly verdict: string
}

const all = [1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12]
const from = (first: number): number[] => all.filter((version) => version >= first)
const until = (last: number): number[] => all.filter((version) => version <= last)

function membership(value: unknown, sender = bob, target = sender, content: Record<string, unknown> = {}): EventDraft {
  return { type: 'm.room.member', sender, stateKey: target, content: { membership: value, ...content } }
}

const rule = (value: unknown) => (room: TestRoom) => void room.joinRule(value)
const steps =
  (...parts: ((room: TestRoom) => void)[]) =>
  (room: TestRoom) =>
    parts.forEach((part) => part(room))
const is = (user: string, value: string) => (room: TestRoom) => void room.member(user, value)
const levels = (content: Record<string, unknown>) => (room: TestRoom) => {
  // From version 12 on the creator's level is beyond the list.
  const users = room.rules.creatorsOutrankAll ? {} : { [creator]: 100 }
  room.levels({ ...content, users: { ...users, ...(content['users'] ?? {}) } })
}
const bobAt = (level: number, more: Record<string, unknown> = {}) => levels({ users: { [bob]: level }, ...more })
const restricted = (value: string) => steps(rule(value), is(carol, 'join'))

const shape: Case[] = [
  { why: 'no state key', versions: all, event: { type: 'm.room.member', sender: bob, content: { membership: 'join' } }, verdict: 'member.state_key' },
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
  { why: 'left', versions: all, room: steps(rule('invite'), is(bob, 'leave')), event: membership('join'), verdict: 'member.join.invite_only' },
  { why: 'private', versions: all, room: steps(rule('private'), is(bob, 'invite')), event: membership('join'), verdict: 'member.join.join_rule' },
  { why: 'rule is no string', versions: all, room: steps(rule(1), is(bob, 'invite')), event: membership('join'), verdict: 'member.join.join_rule' },
  { why: 'knock, invited', versions: from(7), room: steps(rule('knock'), is(bob, 'invite')), event: membership('join'), verdict: 'allowed' },
  { why: 'knock, knocked', versions: from(7), room: steps(rule('knock'), is(bob, 'knock')), event: membership('join'), verdict: 'member.join.invite_only' },
  { why: 'knock, too early', versions: until(6), room: steps(rule('knock'), is(bob, 'invite')), event: membership('join'), verdict: 'member.join.join_rule' },
]

const authorised = (user: unknown) => membership('join', bob, bob, { join_authorised_via_users_server: user })

const restrictedJoin: Case[] = ['restricted', 'knock_restricted'].flatMap((value) => {
  const first = value === 'restricted' ? 8 : 10
  const room = restricted(value)
  const levelsOf = (content: Record<string, unknown>) => steps(room, levels(content))
  return [
    { why: value + ', too early', versions: until(first - 1), room: steps(room, is(bob, 'invite')), event: membership('join'), verdict: 'member.join.join_rule' },
    { why: value + ', invited', versions: from(first), room: steps(room, is(bob, 'invite')), event: membership('join'), verdict: 'allowed' },
    { why: value + ', joined', versions: from(first), room: steps(room, is(bob, 'join')), event: membership('join'), verdict: 'allowed' },
    { why: value + ', unauthorised', versions: from(first), room, event: membership('join'), verdict: 'member.join.restricted' },
    { why: value + ', authoriser is no string', versions: from(first), room, event: authorised(5), verdict: 'member.join.restricted' },
    { why: value + ', authoriser is outside', versions: from(first), room, event: authorised('@dave:d'), verdict: 'member.join.authoriser' },
    { why: value + ', authoriser lacks level', versions: from(first), room: levelsOf({ invite: 50 }), event: authorised(carol), verdict: 'member.join.authoriser' },
    { why: value + ', authoriser has level', versions: from(first), room: levelsOf({ invite: 50, users: { [carol]: 50 } }), event: authorised(carol), verdict: 'allowed' },
    { why: value + ', authorised by a creator', versions: from(first), room: levelsOf({ invite: 100 }), event: authorised(creator), verdict: 'allowed' },
  ]
})

const inviteBob = membership('invite', creator, bob)
const invite: Case[] = [
  { why: 'sender outside', versions: all, event: membership('invite', carol, bob), verdict: 'member.invite.sender' },
  { why: 'sender only invited', versions: all, room: is(carol, 'invite'), event: membership('invite', carol, bob), verdict: 'member.invite.sender' },
  { why: 'target joined', versions: all, room: is(bob, 'join'), event: inviteBob, verdict: 'member.invite.current' },
  { why: 'target banned', versions: all, room: is(bob, 'ban'), event: inviteBob, verdict: 'member.invite.current' },
  { why: 'target left', versions: all, room: is(bob, 'leave'), event: inviteBob, verdict: 'allowed' },
  { why: 'by default everybody invites', versions: all, room: is(carol, 'join'), event: membership('invite', carol, bob), verdict: 'allowed' },
  { why: 'below the invite level', versions: all, room: steps(is(carol, 'join'), levels({ invite: 1 })), event: membership('invite', carol, bob), verdict: 'member.invite.invite_level' },
  { why: 'at the invite level', versions: all, room: steps(is(carol, 'join'), levels({ invite: 1, users_default: 1 })), event: membership('invite', carol, bob), verdict: 'allowed' },
]

const kickBob = membership('leave', creator, bob)
const kickCarol = membership('leave', bob, carol)
const bothIn = steps(is(bob, 'join'), is(carol, 'join'))
const leave: Case[] = [
  { why: 'own, joined', versions: all, room: is(bob, 'join'), event: membership('leave'), verdict: 'allowed' },
  { why: 'own, invited', versions: all, room: is(bob, 'invite'), event: membership('leave'), verdict: 'allowed' },
  { why: 'own, knocked', versions: from(7), room: is(bob, 'knock'), event: membership('leave'), verdict: 'allowed' },
  { why: 'own, knocked, too early', versions: until(6), room: is(bob, 'knock'), event: membership('leave'), verdict: 'member.leave.current' },
  { why: 'own, banned', versions: all, room: is(bob, 'ban'), event: membership('leave'), verdict: 'member.leave.current' },
  { why: 'own, never there', versions: all, event: membership('leave'), verdict: 'member.leave.current' },
  { why: 'kick from outside', versions: all, room: is(carol, 'join'), event: kickCarol, verdict: 'member.leave.sender' },
  { why: 'kick', versions: all, room: is(bob, 'join'), event: kickBob, verdict: 'allowed' },
  { why: 'kick below the level', versions: all, room: steps(bothIn, bobAt(49)), event: kickCarol, verdict: 'member.leave.kick_level' },
  { why: 'kick at the level', versions: all, room: steps(bothIn, bobAt(50)), event: kickCarol, verdict: 'allowed' },
  { why: 'kick an equal', versions: all, room: steps(bothIn, levels({ users_default: 50 })), event: kickCarol, verdict: 'member.leave.target_level' },
  { why: 'kick a creator', versions: all, room: steps(bothIn, bobAt(100)), event: membership('leave', bob, creator), verdict: 'member.leave.target_level' },
  { why: 'unban', versions: all, room: steps(is(bob, 'join'), is(carol, 'ban'), bobAt(50)), event: kickCarol, verdict: 'allowed' },
  { why: 'unban below the ban level', versions: all, room: steps(is(bob, 'join'), is(carol, 'ban'), bobAt(50, { ban: 51 })), event: kickCarol, verdict: 'member.leave.unban' },
  { why: 'unban below the kick level', versions: all, room: steps(is(bob, 'join'), is(carol, 'ban'), bobAt(50, { kick: 51 })), event: kickCarol, verdict: 'member.leave.kick_level' },
]

const banCarol = membership('ban', bob, carol)
const ban: Case[] = [
  { why: 'from outside', versions: all, event: banCarol, verdict: 'member.ban.sender' },
  { why: 'below the level', versions: all, room: steps(is(bob, 'join'), bobAt(49)), event: banCarol, verdict: 'member.ban.ban_level' },
  { why: 'at the level', versions: all, room: steps(is(bob, 'join'), bobAt(50)), event: banCarol, verdict: 'allowed' },
  { why: 'an equal', versions: all, room: steps(is(bob, 'join'), levels({ users_default: 50 })), event: banCarol, verdict: 'member.ban.target_level' },
  { why: 'a creator', versions: all, room: steps(is(bob, 'join'), bobAt(99)), event: membership('ban', bob, creator), verdict: 'member.ban.target_level' },
  { why: 'oneself', versions: all, event: membership('ban', creator), verdict: 'member.ban.target_level' },
]

const knock: Case[] = [
  { why: 'too early', versions: until(6), room: rule('knock'), event: membership('knock'), verdict: 'member.knock.version' },
  { why: 'open', versions: from(7), room: rule('knock'), event: membership('knock'), verdict: 'allowed' },
  { why: 'invite only', versions: from(7), room: rule('invite'), event: membership('knock'), verdict: 'member.knock.join_rule' },
  { why: 'knock_restricted, too early', versions: [7, 8, 9], room: rule('knock_restricted'), event: membership('knock'), verdict: 'member.knock.join_rule' },
  { why: 'knock_restricted', versions: from(10), room: rule('knock_restricted'), event: membership('knock'), verdict: 'allowed' },
  { why: 'for another', versions: from(7), room: rule('knock'), event: membership('knock', bob, carol), verdict: 'member.knock.self' },
  ...['ban', 'invite', 'join'].map((value) => ({ why: `while ${value}`, versions: from(7), room: steps(rule('knock'), is(bob, value)), event: membership('knock'), verdict: 'member.knock.current' })),
  ...['leave', 'knock'].map((value) => ({ why: `while ${value}`, versions: from(7), room: steps(rule('knock'), is(bob, value)), event: membership('knock'), verdict: 'allowed' })),
]

for (const [name, cases] of Object.entries({ shape, join, restrictedJoin, invite, leave, ban, knock })) {
  for (const { why, versions, room, event, verdict } of cases) {
    test(`${name}: ${why} is ${verdict}`, () => {
      for (const version of versions) {
        const founded = foundedRoom(version)
        room?.(founded)
        assert.equal(outcome(authorize(founded.make(event), founded, founded.rules)), verdict, `version ${version}`)
      }
    })
  }
}

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
