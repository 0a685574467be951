import type { JsonObject, JsonValue } from '../json/json-value.ts'
import { basePushRules } from './default-rules.ts'
import type { PushRule, PushRuleset } from './push-rule.ts'

const highlight = { set_tweak: 'highlight' }

function rule(id: string, actions: readonly JsonValue[], conditions: readonly JsonObject[]): PushRule {
  return { rule_id: id, default: true, enabled: true, conditions, actions }
}

const displayName = rule(
  '.m.rule.contains_display_name',
  ['notify', { set_tweak: 'sound', value: 'default' }, highlight],
  [{ kind: 'contains_display_name' }],
)
const atRoom = rule(
  '.m.rule.roomnotif',
  ['notify', highlight],
  [
    { kind: 'event_match', key: 'content.body', pattern: '@room' },
    { kind: 'sender_notification_permission', key: 'room' },
  ],
)
const userName: PushRule = {
  rule_id: '.m.rule.contains_user_name',
  default: true,
  enabled: true,
  actions: ['notify', { set_tweak: 'sound', value: 'default' }, highlight],
  pattern_type: 'user_localpart',
}

/**
 * The predefined rules of before Matrix 1.17, by which a text mentions whom it names, as long as it has no `m.mentions`.
 * https://spec.matrix.org/v1.16/client-server-api/#predefined-rules
 */
export const legacyPushRules: PushRuleset = {
  ...basePushRules,
  override: basePushRules.override.flatMap((base) => {
    if (base.rule_id === '.m.rule.is_user_mention') return [base, displayName]
    return base.rule_id === '.m.rule.is_room_mention' ? [base, atRoom] : [base]
  }),
  content: [userName],
}
