import type { JsonObject, JsonValue } from '../json/json-value.ts'
import type { UserId } from '../ids/ids.ts'
import { localpartOf } from '../ids/user-id.ts'
import type { PushRule, PushRuleset } from './push-rule.ts'

const highlight = { set_tweak: 'highlight' }
const sound = (value: string): JsonObject => ({ set_tweak: 'sound', value })

function rule(id: string, conditions: readonly JsonObject[], actions: readonly JsonValue[], enabled = true): PushRule {
  return { rule_id: id, default: true, enabled, conditions, actions }
}

const match = (key: string, pattern: string): JsonObject => ({ kind: 'event_match', key, pattern })
const twoMembers: JsonObject = { kind: 'room_member_count', is: '2' }

/** Kept out of the set that the spec lists: they wait in MSC3930 under these names. */
const pollResponse = rule('.org.matrix.msc3930.rule.poll_response', [match('type', 'org.matrix.msc3381.poll.response')], [])
const pollRules = ['start', 'end'].flatMap((step) => [
  rule(
    `.org.matrix.msc3930.rule.poll_${step}_one_to_one`,
    [twoMembers, match('type', `org.matrix.msc3381.poll.${step}`)],
    ['notify', sound('default')],
  ),
  rule(`.org.matrix.msc3930.rule.poll_${step}`, [match('type', `org.matrix.msc3381.poll.${step}`)], ['notify']),
])

/**
 * By these, threads notify those who are subscribed to them and nobody else (MSC4306). They are off until a user's client first
 * subscribes to a thread: with clients that know nothing of subscriptions, threads would fall silent.
 */
export const threadRules: readonly PushRule[] = [
  rule('.io.element.msc4306.rule.unsubscribed_thread', [{ kind: 'io.element.msc4306.thread_subscription', subscribed: false }], [], false),
  rule(
    '.io.element.msc4306.rule.subscribed_thread',
    [{ kind: 'io.element.msc4306.thread_subscription', subscribed: true }],
    ['notify', sound('default')],
    false,
  ),
]

/** The rule that is before all others, a user's own ones too. */
const master = rule('.m.rule.master', [], [], false)

/**
 * The rules that every user has until they change them, in the form that is equal for all. In the spec's order.
 * https://spec.matrix.org/v1.19/client-server-api/#predefined-rules
 */
export const basePushRules: PushRuleset = {
  override: [
    master,
    rule('.m.rule.suppress_notices', [match('content.msgtype', 'm.notice')], []),
    rule(
      '.m.rule.invite_for_me',
      [
        match('type', 'm.room.member'),
        match('content.membership', 'invite'),
        { kind: 'event_match', key: 'state_key', pattern_type: 'user_id' },
      ],
      ['notify', sound('default')],
    ),
    rule('.m.rule.member_event', [match('type', 'm.room.member')], []),
    rule(
      '.m.rule.is_user_mention',
      [{ kind: 'event_property_contains', key: 'content.m\\.mentions.user_ids', value_type: 'user_id' }],
      ['notify', sound('default'), highlight],
    ),
    rule(
      '.m.rule.is_room_mention',
      [
        { kind: 'event_property_is', key: 'content.m\\.mentions.room', value: true },
        { kind: 'sender_notification_permission', key: 'room' },
      ],
      ['notify', highlight],
    ),
    rule('.m.rule.tombstone', [match('type', 'm.room.tombstone'), match('state_key', '')], ['notify', highlight]),
    rule('.m.rule.reaction', [match('type', 'm.reaction')], []),
    rule('.m.rule.room.server_acl', [match('type', 'm.room.server_acl'), match('state_key', '')], []),
    rule('.m.rule.suppress_edits', [{ kind: 'event_property_is', key: 'content.m\\.relates_to.rel_type', value: 'm.replace' }], []),
    pollResponse,
  ],
  content: [],
  postcontent: threadRules,
  room: [],
  sender: [],
  underride: [
    rule('.m.rule.call', [match('type', 'm.call.invite')], ['notify', sound('ring')]),
    rule('.m.rule.encrypted_room_one_to_one', [twoMembers, match('type', 'm.room.encrypted')], ['notify', sound('default')]),
    rule('.m.rule.room_one_to_one', [twoMembers, match('type', 'm.room.message')], ['notify', sound('default')]),
    rule('.m.rule.message', [match('type', 'm.room.message')], ['notify']),
    rule('.m.rule.encrypted', [match('type', 'm.room.encrypted')], ['notify']),
    ...pollRules,
  ],
}

/** What a user did to a server-default rule. */
export interface DefaultRuleChange {
  readonly enabled?: boolean
  readonly actions?: readonly JsonValue[]
}

/**
 * All rules of a user in the order of priority: the master rule, then in each kind the user's own rules, then the server's, with what the
 * user changed in them. `predefined`: the server's.
 */
export function withDefaultRules(
  own: Partial<PushRuleset>,
  changes: ReadonlyMap<string, DefaultRuleChange> = new Map(),
  predefined: PushRuleset = basePushRules,
): PushRuleset {
  const changed = (base: PushRule): PushRule => ({ ...base, ...changes.get(base.rule_id) })
  const kind = (name: keyof PushRuleset): PushRule[] => {
    const base = predefined[name].filter((candidate) => candidate !== master)
    return [...(own[name] ?? []), ...base.map(changed)]
  }
  return {
    override: [changed(master), ...kind('override')],
    content: kind('content'),
    postcontent: kind('postcontent'),
    room: kind('room'),
    sender: kind('sender'),
    underride: kind('underride'),
  }
}

/** Rules as their owner's client sees them: the owner's id stands where the equal form points to it. */
export function personalPushRules(rules: PushRuleset, userId: UserId): PushRuleset {
  const condition = ({ pattern_type, value_type, ...rest }: JsonObject): JsonObject => ({
    ...rest,
    ...(pattern_type === 'user_id' ? { pattern: userId } : {}),
    ...(value_type === 'user_id' ? { value: userId } : {}),
  })
  const personal = ({ pattern_type: type, ...each }: PushRule): PushRule => ({
    ...each,
    ...(each.conditions === undefined ? {} : { conditions: each.conditions.map(condition) }),
    ...(type === 'user_localpart' ? { pattern: localpartOf(userId) } : {}),
  })
  const kind = (name: keyof PushRuleset): PushRule[] => rules[name].map(personal)
  return {
    override: kind('override'),
    content: kind('content'),
    postcontent: kind('postcontent'),
    room: kind('room'),
    sender: kind('sender'),
    underride: kind('underride'),
  }
}

/** The predefined rules as a new user's client sees them. */
export function defaultPushRules(userId: UserId): PushRuleset {
  return personalPushRules(basePushRules, userId)
}
