import type { UserId } from '../ids/ids.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../json/json-value.ts'
import type { RoomRules } from '../versions/room-rules.ts'

/** What of an event decides which auth events it needs; an event that is not built yet has it too. */
export interface AuthSubject {
  readonly type: string
  readonly sender: UserId
  readonly stateKey: string | undefined
  readonly content: JsonObject
}

/** A type and a state key. */
export type StateKeyPair = readonly [type: string, stateKey: string]

/**
 * The (type, state key) pairs of the state events that `event` must name as its auth events, as far as the room has them. No pair
 * comes twice. In the spec's order.
 * https://spec.matrix.org/v1.19/server-server-api/#auth-events-selection
 */
export function authEventKeys(event: AuthSubject, rules: RoomRules): readonly StateKeyPair[] {
  // "The `auth_events` for the `m.room.create` event in a room is empty; for other events, it should be the following subset of the
  // room state:"
  if (event.type === 'm.room.create') return []

  const keys: StateKeyPair[] = []
  // "Depending on the room version, the `m.room.create` event." (not since v12, where the room id implies it)
  if (!rules.roomIdIsCreateHash) keys.push(['m.room.create', ''])

  // "The current `m.room.power_levels` event, if any." "The sender's current `m.room.member` event, if any."
  keys.push(['m.room.power_levels', ''], ['m.room.member', event.sender])

  if (event.type === 'm.room.member') addMemberKeys(keys, event, rules)
  return keys
}

function addMemberKeys(keys: StateKeyPair[], event: AuthSubject, rules: RoomRules): void {
  const { membership } = event.content

  // "The target's current `m.room.member` event, if any."
  addMember(keys, event.stateKey)

  // "If `membership` is `join`, `invite` or `knock`, the current `m.room.join_rules` event, if any."
  if (membership === 'join' || membership === 'invite' || membership === 'knock') keys.push(['m.room.join_rules', ''])

  // "If membership is `invite` and `content` contains a `third_party_invite` property, the current `m.room.third_party_invite` event with
  // `state_key` matching `content.third_party_invite.signed.token`, if any."
  if (membership === 'invite') {
    const token = at(at(event.content['third_party_invite'], 'signed'), 'token')
    if (typeof token === 'string') keys.push(['m.room.third_party_invite', token])
  }

  // "If `membership` is `join`, `content.join_authorised_via_users_server` is present, and the room version supports restricted rooms, then
  // the `m.room.member` event with `state_key` matching `content.join_authorised_via_users_server`."
  if (membership === 'join' && rules.restrictedJoins) addMember(keys, event.content['join_authorised_via_users_server'])
}

function addMember(keys: StateKeyPair[], userId: JsonValue | undefined): void {
  if (typeof userId !== 'string') return
  if (!keys.some(([type, stateKey]) => type === 'm.room.member' && stateKey === userId)) keys.push(['m.room.member', userId])
}

function at(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return isJsonObject(value) ? value[name] : undefined
}
