// Goal: every predefined rule matches what it is for and not its neighbour; conditions, kinds and priorities work as the spec says.
// Method: a line per event with the rule that must decide; the predefined rules compared with the spec's list by name.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestRoom, type EventDraft } from '../auth/room.fixture.ts'
import { parseUserId } from '../ids/user-id.ts'
import { NumberLexeme } from '../json/json-value.ts'
import type { JsonObject } from '../json/json-value.ts'
import type { PushFacts } from './compile-condition.ts'
import { basePushRules, defaultPushRules, personalPushRules, threadRules, withDefaultRules } from './default-rules.ts'
import { compileRules, dependsOnUser, evaluate, namedUserIds, type PushOutcome } from './evaluate.ts'
import { legacyPushRules } from './legacy-rules.ts'
import { firstWordOf, mentionedUserIds, wordsOf } from './mentions.ts'
import { PushEvent } from './push-event.ts'
import type { PushRule, PushRuleset } from './push-rule.ts'

const bob = parseUserId('@bob:b') ?? assert.fail()
const base: PushFacts = { userId: bob, displayName: 'Bob B', memberCount: 3, senderPower: 0, notificationLevel: () => 50 }

function pushEvent(draft: Partial<EventDraft>): PushEvent {
  const stateKey = draft.stateKey === undefined ? {} : { state_key: draft.stateKey }
  return new PushEvent(new TestRoom(11).make({ type: 'm.room.message', ...draft, object: { ...stateKey, ...draft.object } }))
}

const text = (body: string, more: Record<string, unknown> = {}): Partial<EventDraft> => ({ content: { msgtype: 'm.text', body, ...more } })
const defaults = compileRules(withDefaultRules({}))

const cases: [
  why: string,
  draft: Partial<EventDraft>,
  facts: Partial<PushFacts>,
  ruleId: string | undefined,
  notify: boolean,
  highlight: boolean,
][] = [
  ['a message', text('hi'), {}, '.m.rule.message', true, false],
  ['a message of two', text('hi'), { memberCount: 2 }, '.m.rule.room_one_to_one', true, false],
  ['an encrypted one', { type: 'm.room.encrypted' }, {}, '.m.rule.encrypted', true, false],
  ['an encrypted one of two', { type: 'm.room.encrypted' }, { memberCount: 2 }, '.m.rule.encrypted_room_one_to_one', true, false],
  ['a call', { type: 'm.call.invite' }, {}, '.m.rule.call', true, false],
  ['a notice', { content: { msgtype: 'm.notice', body: 'x' } }, {}, '.m.rule.suppress_notices', false, false],
  [
    'an invite for me',
    { type: 'm.room.member', stateKey: bob, content: { membership: 'invite' } },
    {},
    '.m.rule.invite_for_me',
    true,
    false,
  ],
  [
    'an invite for another',
    { type: 'm.room.member', stateKey: '@x:c', content: { membership: 'invite' } },
    {},
    '.m.rule.member_event',
    false,
    false,
  ],
  ['a join of mine', { type: 'm.room.member', stateKey: bob, content: { membership: 'join' } }, {}, '.m.rule.member_event', false, false],
  ['a mention', text('hi', { 'm.mentions': { user_ids: ['@x:c', bob] } }), {}, '.m.rule.is_user_mention', true, true],
  ['a mention of another', text('hi', { 'm.mentions': { user_ids: ['@x:c'] } }), {}, '.m.rule.message', true, false],
  ['a mention in no list', text('hi', { 'm.mentions': { user_ids: bob } }), {}, '.m.rule.message', true, false],
  ['the room, by one who may', text('hi', { 'm.mentions': { room: true } }), { senderPower: 50 }, '.m.rule.is_room_mention', true, true],
  ['the room, by one who may not', text('hi', { 'm.mentions': { room: true } }), { senderPower: 49 }, '.m.rule.message', true, false],
  ['the room, but not true', text('hi', { 'm.mentions': { room: 'true' } }), { senderPower: 50 }, '.m.rule.message', true, false],
  ['a tombstone', { type: 'm.room.tombstone', stateKey: '' }, {}, '.m.rule.tombstone', true, true],
  ['no real tombstone', { type: 'm.room.tombstone' }, {}, undefined, false, false],
  ['a reaction', { type: 'm.reaction' }, {}, '.m.rule.reaction', false, false],
  ['an ACL', { type: 'm.room.server_acl', stateKey: '' }, {}, '.m.rule.room.server_acl', false, false],
  ['no real ACL', { type: 'm.room.server_acl', stateKey: 'x' }, {}, undefined, false, false],
  ['an edit', text('hi', { 'm.relates_to': { rel_type: 'm.replace' } }), {}, '.m.rule.suppress_edits', false, false],
  ['a reply', text('hi', { 'm.relates_to': { rel_type: 'm.thread' } }), {}, '.m.rule.message', true, false],
  ['a poll', { type: 'org.matrix.msc3381.poll.start' }, {}, '.org.matrix.msc3930.rule.poll_start', true, false],
  [
    'a poll of two',
    { type: 'org.matrix.msc3381.poll.start' },
    { memberCount: 2 },
    '.org.matrix.msc3930.rule.poll_start_one_to_one',
    true,
    false,
  ],
  ["a poll's end", { type: 'org.matrix.msc3381.poll.end' }, {}, '.org.matrix.msc3930.rule.poll_end', true, false],
  ["a poll's answer", { type: 'org.matrix.msc3381.poll.response' }, {}, '.org.matrix.msc3930.rule.poll_response', false, false],
  ['state', { type: 'm.room.topic', stateKey: '' }, {}, undefined, false, false],
  ['one of my own', { ...text('hi'), sender: bob }, {}, undefined, false, false],
  [
    'a mention, for nobody in particular',
    text('hi', { 'm.mentions': { user_ids: [bob] } }),
    { userId: '@other:c' },
    '.m.rule.message',
    true,
    false,
  ],
]

function check(outcome: PushOutcome, expected: [string | undefined, boolean, boolean]): void {
  assert.deepEqual([outcome.ruleId, outcome.notify, outcome.highlight], expected)
}

for (const [why, draft, facts, ruleId, notify, highlight] of cases) {
  test(`predefined rules: ${why} is for ${ruleId ?? 'no rule'}`, () => {
    check(evaluate(defaults, pushEvent(draft), { ...base, ...facts }), [ruleId, notify, highlight])
  })
}

test('predefined rules: their names and order', () => {
  const names = (rules: readonly PushRule[]) =>
    rules.filter(({ rule_id: id }) => id.startsWith('.m.')).map(({ rule_id: id }) => id.slice(8))
  assert.deepEqual(names(basePushRules.override), [
    'master',
    'suppress_notices',
    'invite_for_me',
    'member_event',
    'is_user_mention',
    'is_room_mention',
    'tombstone',
    'reaction',
    'room.server_acl',
    'suppress_edits',
  ])
  assert.deepEqual(names(basePushRules.underride), ['call', 'encrypted_room_one_to_one', 'room_one_to_one', 'message', 'encrypted'])
})

test("predefined rules: a client sees its user's id", () => {
  const { override } = defaultPushRules(bob)
  const conditions = (id: string) => override.find(({ rule_id: ruleId }) => ruleId === id)?.conditions
  assert.deepEqual(conditions('.m.rule.is_user_mention'), [
    { kind: 'event_property_contains', key: 'content.m\\.mentions.user_ids', value: bob },
  ])
  assert.deepEqual(conditions('.m.rule.invite_for_me')?.at(-1), { kind: 'event_match', key: 'state_key', pattern: bob })
})

function override(conditions: JsonObject[]): PushRuleset {
  return { override: [own('mine', { conditions })], content: [], postcontent: [], room: [], sender: [], underride: [] }
}

function threadCondition(subscribed: boolean | string): JsonObject {
  return { kind: 'io.element.msc4306.thread_subscription', subscribed }
}

function own(ruleId: string, more: Partial<PushRule> = {}): PushRule {
  return { rule_id: ruleId, default: false, enabled: true, actions: ['notify'], ...more }
}

const conditions: [why: string, condition: JsonObject, draft: Partial<EventDraft>, facts: Partial<PushFacts>, holds: boolean][] = [
  ['match of words', { kind: 'event_match', key: 'content.body', pattern: 'cake' }, text('more cake!'), {}, true],
  ['match of a whole', { kind: 'event_match', key: 'content.msgtype', pattern: 'text' }, text('x'), {}, false],
  ['match of a type', { kind: 'event_match', key: 'type', pattern: 'M.ROOM.*' }, text('x'), {}, true],
  ['match of a room', { kind: 'event_match', key: 'room_id', pattern: '!room:a' }, text('x'), {}, true],
  ['match of a sender', { kind: 'event_match', key: 'sender', pattern: '@c*' }, text('x'), {}, true],
  ['match of nothing', { kind: 'event_match', key: 'content.none', pattern: '*' }, text('x'), {}, false],
  ['match of a number', { kind: 'event_match', key: 'content.n', pattern: '*' }, text('x', { n: 5 }), {}, false],
  ['match without a pattern', { kind: 'event_match', key: 'content.body' }, text('x'), {}, false],
  ['match without a key', { kind: 'event_match', pattern: '*' }, text('x'), {}, false],
  ['property is a boolean', { kind: 'event_property_is', key: 'content.f', value: true }, text('x', { f: true }), {}, true],
  ['property is no string', { kind: 'event_property_is', key: 'content.f', value: true }, text('x', { f: 'true' }), {}, false],
  ['property is null', { kind: 'event_property_is', key: 'content.f', value: null }, text('x', { f: null }), {}, true],
  ['property is absent, not null', { kind: 'event_property_is', key: 'content.f', value: null }, text('x'), {}, false],
  ['property is a float', { kind: 'event_property_is', key: 'content.f', value: 1 }, text('x', { f: new NumberLexeme('1.0') }), {}, false],
  ['property is an object', { kind: 'event_property_is', key: 'content.f', value: {} }, text('x', { f: {} }), {}, false],
  ['property without a value', { kind: 'event_property_is', key: 'content.f' }, text('x'), {}, false],
  ['list contains', { kind: 'event_property_contains', key: 'content.l', value: 2 }, text('x', { l: [1, 2] }), {}, true],
  ['list contains no part', { kind: 'event_property_contains', key: 'content.l', value: 'a' }, text('x', { l: ['ab'] }), {}, false],
  ['list is none', { kind: 'event_property_contains', key: 'content.l', value: 'a' }, text('x', { l: 'a' }), {}, false],
  ['property of the prototype', { kind: 'event_property_is', key: 'content.constructor.name', value: 'Object' }, text('x'), {}, false],
  ['display name', { kind: 'contains_display_name' }, text('hello bob b!'), {}, true],
  ['display name in a word', { kind: 'contains_display_name' }, text('bob barker'), {}, false],
  ['display name is no pattern', { kind: 'contains_display_name' }, text('hello all'), { displayName: '*' }, false],
  ['no display name', { kind: 'contains_display_name' }, text('hello all'), { displayName: '' }, false],
  ['member count', { kind: 'room_member_count', is: '3' }, text('x'), {}, true],
  ['member count ==', { kind: 'room_member_count', is: '==4' }, text('x'), {}, false],
  ['member count <', { kind: 'room_member_count', is: '<3' }, text('x'), {}, false],
  ['member count <=', { kind: 'room_member_count', is: '<=3' }, text('x'), {}, true],
  ['member count >', { kind: 'room_member_count', is: '>2' }, text('x'), {}, true],
  ['member count >=', { kind: 'room_member_count', is: '>=4' }, text('x'), {}, false],
  ['member count of another shape', { kind: 'room_member_count', is: '~3' }, text('x'), {}, false],
  ['member count as a number', { kind: 'room_member_count', is: 3 }, text('x'), {}, false],
  ['permission', { kind: 'sender_notification_permission', key: 'room' }, text('x'), { senderPower: 50 }, true],
  ['permission without a key', { kind: 'sender_notification_permission' }, text('x'), { senderPower: 50 }, false],
  ['subscribed to the thread', threadCondition(true), text('x'), { threadSubscription: true }, true],
  ['not subscribed to the thread', threadCondition(false), text('x'), { threadSubscription: false }, true],
  ['subscribed, and asked for the contrary', threadCondition(false), text('x'), { threadSubscription: true }, false],
  ['a subscription without a thread', threadCondition(false), text('x'), {}, false],
  ['a subscription of another shape', threadCondition('true'), text('x'), { threadSubscription: true }, false],
  ['unknown kind', { kind: 'org.example' }, text('x'), {}, false],
  ['no kind', {}, text('x'), {}, false],
]

for (const [why, condition, draft, facts, holds] of conditions) {
  test(`condition: ${why} ${holds ? 'holds' : 'does not hold'}`, () => {
    const outcome = evaluate(compileRules(override([condition])), pushEvent(draft), { ...base, ...facts })
    assert.equal(outcome.notify, holds)
  })
}

test('kinds are tried in their order, and in each the own rules before the predefined ones', () => {
  const rules = {
    override: [own('over', { conditions: [{ kind: 'event_match', key: 'content.body', pattern: 'over' }] })],
    content: [own('content', { pattern: 'content', actions: ['notify', { set_tweak: 'highlight' }] })],
    room: [own('!room:a', { actions: ['dont_notify'], enabled: false })],
    sender: [own('@sender:c')],
    underride: [own('under', { conditions: [], actions: ['coalesce', { set_tweak: 'highlight', value: false }] })],
  }
  const decide = (draft: Partial<EventDraft>, ruleset: Partial<PushRuleset> = rules) =>
    evaluate(compileRules(withDefaultRules(ruleset)), pushEvent(draft), base)
  assert.equal(decide(text('over content')).ruleId, 'over')
  assert.equal(decide({ ...text('content'), sender: '@sender:c' }).ruleId, 'content')
  assert.equal(decide({ ...text('x'), sender: '@sender:c' }).ruleId, '@sender:c')
  assert.equal(decide(text('x')).ruleId, 'under')
  assert.deepEqual(decide(text('x')).actions, [{ set_tweak: 'highlight', value: false }])
  assert.equal(decide(text('x')).highlight, false)
  const muted = { ...rules, room: rules.room.map((rule) => ({ ...rule, enabled: true })) }
  check(decide({ ...text('x'), sender: '@sender:c' }, muted), ['!room:a', false, false])
  assert.deepEqual(decide(text('x'), muted).actions, [])
})

test('the master rule is before all others, once it is on', () => {
  const rules = withDefaultRules({ override: [own('over')] }, new Map([['.m.rule.master', { enabled: true }]]))
  assert.equal(evaluate(compileRules(rules), pushEvent(text('x')), base).ruleId, '.m.rule.master')
})

test('a changed predefined rule keeps its conditions', () => {
  const rules = withDefaultRules({}, new Map([['.m.rule.message', { actions: [] }]]))
  check(evaluate(compileRules(rules), pushEvent(text('x')), base), ['.m.rule.message', false, false])
})

test('what depends on the user is known, so that one evaluation serves all others', () => {
  const dependence = dependsOnUser(defaults)
  assert.deepEqual(dependence, {
    ruleIds: ['.m.rule.invite_for_me', '.m.rule.is_user_mention'],
    userIdPaths: ['state_key', 'content.m\\.mentions.user_ids'],
    displayName: false,
    localpart: false,
    threadSubscription: false,
  })
  const event = pushEvent(text('hi', { 'm.mentions': { user_ids: [bob, bob, 5] } }))
  assert.deepEqual([...namedUserIds(dependence, event)], [bob])
  assert.deepEqual([...mentionedUserIds(event.pdu)], [bob])
  const { userId: _, displayName: __, ...anybody } = base
  check(evaluate(defaults, event, anybody), ['.m.rule.message', true, false])
  assert.equal(dependsOnUser(compileRules(override([{ kind: 'contains_display_name' }]))).displayName, true)
})

const legacy = compileRules(withDefaultRules({}, new Map(), legacyPushRules))
const legacyCases: [why: string, draft: Partial<EventDraft>, facts: Partial<PushFacts>, ruleId: string][] = [
  ['a display name', text('hello Bob B, you'), {}, '.m.rule.contains_display_name'],
  ['a localpart', text('is @bob:b there?'), { displayName: 'Robert' }, '.m.rule.contains_user_name'],
  ['a localpart in a word', text('bobsled'), { displayName: 'Robert' }, '.m.rule.message'],
  ['@room', text('@room!'), { senderPower: 50 }, '.m.rule.roomnotif'],
  ['@room by one who may not', text('@room!'), {}, '.m.rule.message'],
  ['a name beside mentions', text('Bob B bob @room', { 'm.mentions': {} }), { senderPower: 50 }, '.m.rule.message'],
]
for (const [why, draft, facts, ruleId] of legacyCases) {
  test(`rules of before m.mentions: ${why} is for ${ruleId}`, () => {
    assert.equal(evaluate(legacy, pushEvent(draft), { ...base, ...facts }).ruleId, ruleId)
  })
}

test('rules of before m.mentions: who stands in a text is known, and a client sees its own name', () => {
  assert.deepEqual([dependsOnUser(legacy).displayName, dependsOnUser(legacy).localpart], [true, true])
  assert.deepEqual(
    personalPushRules(legacyPushRules, bob).content.map(({ pattern, pattern_type: type }) => [pattern, type]),
    [['bob', undefined]],
  )
})

test('the rules of threads are off at first; once on they come after mentions and before messages', () => {
  assert.deepEqual(
    defaultPushRules(bob).postcontent.map(({ enabled }) => enabled),
    [false, false],
  )
  const on = compileRules(withDefaultRules({}, new Map(threadRules.map(({ rule_id }) => [rule_id, { enabled: true }]))))
  assert.equal(dependsOnUser(on).threadSubscription, true)
  const decide = (facts: Partial<PushFacts>, more: JsonObject = {}) => evaluate(on, pushEvent(text('x', more)), { ...base, ...facts })
  check(decide({}), ['.m.rule.message', true, false])
  check(decide({ threadSubscription: false }), ['.io.element.msc4306.rule.unsubscribed_thread', false, false])
  check(decide({ threadSubscription: true }), ['.io.element.msc4306.rule.subscribed_thread', true, false])
  check(decide({ threadSubscription: false }, { 'm.mentions': { user_ids: [bob] } }), ['.m.rule.is_user_mention', true, true])
})

test('whoever stands in a body is found by the first word of their name', () => {
  const rules = compileRules(override([{ kind: 'contains_display_name' }]))
  const names = ['Bob', 'Bob B', 'b', '-x', '日本', '日', '@room', ' lead', 'ΟΔΟΣ', '\u{1f600}']
  for (const body of ['bob b', 'xbob', 'a-x', 'in 日本!', '@room', 'a lead', 'οδος οδοσ', '\u{1f600}\u{1f600}', '']) {
    const words = wordsOf(body)
    for (const displayName of names) {
      const found = evaluate(rules, pushEvent(text(body)), { ...base, displayName }).notify
      const first = firstWordOf(displayName)
      assert.ok(!found || (first !== undefined && words.has(first)), `${displayName} in ${body}`)
    }
  }
  assert.deepEqual([...wordsOf('Hi, x_1 é')], ['hi', ',', ' ', 'x_1', 'é'])
  assert.equal(firstWordOf(''), undefined)
  for (const name of names) assert.equal(firstWordOf(name), [...wordsOf(name)][0])
})
