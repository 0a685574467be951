// Goal: every rule on inviting, leaving, kicking, banning and knocking decides both ways, in each room version where it differs.
// Method: a line per case: the version, what the room looks like, the event, and the verdict by the rule's name.
import { all, bob, bobAt, carol, from, is, levels, membership, rule, steps, testCases, until, type Case } from './member.fixture.ts'
import { creator } from './room.fixture.ts'

const inviteBob = membership('invite', creator, bob)
const invite: Case[] = [
  { why: 'sender outside', versions: all, event: membership('invite', carol, bob), verdict: 'member.invite.sender' },
  {
    why: 'sender only invited',
    versions: all,
    room: is(carol, 'invite'),
    event: membership('invite', carol, bob),
    verdict: 'member.invite.sender',
  },
  { why: 'target joined', versions: all, room: is(bob, 'join'), event: inviteBob, verdict: 'member.invite.current' },
  { why: 'target banned', versions: all, room: is(bob, 'ban'), event: inviteBob, verdict: 'member.invite.current' },
  { why: 'target left', versions: all, room: is(bob, 'leave'), event: inviteBob, verdict: 'allowed' },
  {
    why: 'by default everybody invites',
    versions: all,
    room: is(carol, 'join'),
    event: membership('invite', carol, bob),
    verdict: 'allowed',
  },
  {
    why: 'below the invite level',
    versions: all,
    room: steps(is(carol, 'join'), levels({ invite: 1 })),
    event: membership('invite', carol, bob),
    verdict: 'member.invite.invite_level',
  },
  {
    why: 'at the invite level',
    versions: all,
    room: steps(is(carol, 'join'), levels({ invite: 1, users_default: 1 })),
    event: membership('invite', carol, bob),
    verdict: 'allowed',
  },
]

const kickBob = membership('leave', creator, bob)
const kickCarol = membership('leave', bob, carol)
const bothIn = steps(is(bob, 'join'), is(carol, 'join'))
const leave: Case[] = [
  { why: 'own, joined', versions: all, room: is(bob, 'join'), event: membership('leave'), verdict: 'allowed' },
  { why: 'own, invited', versions: all, room: is(bob, 'invite'), event: membership('leave'), verdict: 'allowed' },
  { why: 'own, knocked', versions: from(7), room: is(bob, 'knock'), event: membership('leave'), verdict: 'allowed' },
  {
    why: 'own, knocked, too early',
    versions: until(6),
    room: is(bob, 'knock'),
    event: membership('leave'),
    verdict: 'member.leave.current',
  },
  { why: 'own, banned', versions: all, room: is(bob, 'ban'), event: membership('leave'), verdict: 'member.leave.current' },
  { why: 'own, never there', versions: all, event: membership('leave'), verdict: 'member.leave.current' },
  { why: 'kick from outside', versions: all, room: is(carol, 'join'), event: kickCarol, verdict: 'member.leave.sender' },
  { why: 'kick', versions: all, room: is(bob, 'join'), event: kickBob, verdict: 'allowed' },
  { why: 'kick below the level', versions: all, room: steps(bothIn, bobAt(49)), event: kickCarol, verdict: 'member.leave.kick_level' },
  { why: 'kick at the level', versions: all, room: steps(bothIn, bobAt(50)), event: kickCarol, verdict: 'allowed' },
  {
    why: 'kick an equal',
    versions: all,
    room: steps(bothIn, levels({ users_default: 50 })),
    event: kickCarol,
    verdict: 'member.leave.target_level',
  },
  {
    why: 'kick a creator',
    versions: all,
    room: steps(bothIn, bobAt(100)),
    event: membership('leave', bob, creator),
    verdict: 'member.leave.target_level',
  },
  { why: 'unban', versions: all, room: steps(is(bob, 'join'), is(carol, 'ban'), bobAt(50)), event: kickCarol, verdict: 'allowed' },
  {
    why: 'unban below the ban level',
    versions: all,
    room: steps(is(bob, 'join'), is(carol, 'ban'), bobAt(50, { ban: 51 })),
    event: kickCarol,
    verdict: 'member.leave.unban',
  },
  {
    why: 'unban below the kick level',
    versions: all,
    room: steps(is(bob, 'join'), is(carol, 'ban'), bobAt(50, { kick: 51 })),
    event: kickCarol,
    verdict: 'member.leave.kick_level',
  },
]

const banCarol = membership('ban', bob, carol)
const ban: Case[] = [
  { why: 'from outside', versions: all, event: banCarol, verdict: 'member.ban.sender' },
  { why: 'below the level', versions: all, room: steps(is(bob, 'join'), bobAt(49)), event: banCarol, verdict: 'member.ban.ban_level' },
  { why: 'at the level', versions: all, room: steps(is(bob, 'join'), bobAt(50)), event: banCarol, verdict: 'allowed' },
  {
    why: 'an equal',
    versions: all,
    room: steps(is(bob, 'join'), levels({ users_default: 50 })),
    event: banCarol,
    verdict: 'member.ban.target_level',
  },
  {
    why: 'a creator',
    versions: all,
    room: steps(is(bob, 'join'), bobAt(99)),
    event: membership('ban', bob, creator),
    verdict: 'member.ban.target_level',
  },
  { why: 'oneself', versions: all, event: membership('ban', creator), verdict: 'member.ban.target_level' },
]

const knock: Case[] = [
  { why: 'too early', versions: until(6), room: rule('knock'), event: membership('knock'), verdict: 'member.knock.version' },
  { why: 'open', versions: from(7), room: rule('knock'), event: membership('knock'), verdict: 'allowed' },
  { why: 'invite only', versions: from(7), room: rule('invite'), event: membership('knock'), verdict: 'member.knock.join_rule' },
  {
    why: 'knock_restricted, too early',
    versions: [7, 8, 9],
    room: rule('knock_restricted'),
    event: membership('knock'),
    verdict: 'member.knock.join_rule',
  },
  { why: 'knock_restricted', versions: from(10), room: rule('knock_restricted'), event: membership('knock'), verdict: 'allowed' },
  { why: 'for another', versions: from(7), room: rule('knock'), event: membership('knock', bob, carol), verdict: 'member.knock.self' },
  ...['ban', 'invite', 'join'].map((value) => ({
    why: `while ${value}`,
    versions: from(7),
    room: steps(rule('knock'), is(bob, value)),
    event: membership('knock'),
    verdict: 'member.knock.current',
  })),
  ...['leave', 'knock'].map((value) => ({
    why: `while ${value}`,
    versions: from(7),
    room: steps(rule('knock'), is(bob, value)),
    event: membership('knock'),
    verdict: 'allowed',
  })),
]

testCases('invite', invite)
testCases('leave', leave)
testCases('ban', ban)
testCases('knock', knock)
