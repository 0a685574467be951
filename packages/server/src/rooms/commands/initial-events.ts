import { isJsonObject, type JsonObject, type RoomAlias, type RoomRules, type UserId } from '@causeway/events'

/** The presets of createRoom. */
export type Preset = 'private_chat' | 'public_chat' | 'trusted_private_chat'

/** An event of `initial_state`. */
export interface InitialState {
  readonly type: string
  readonly stateKey: string
  readonly content: JsonObject
}

/** What a room starts with (Client-Server API, "Creation"). */
export interface RoomPlan {
  readonly preset: Preset
  readonly powerLevelOverride: JsonObject | undefined
  readonly initialState: readonly InitialState[]
  readonly alias: RoomAlias | undefined
  readonly name: string | undefined
  readonly topic: string | undefined
  /** Local and remote users alike; members' invitations of remote users are sent to their servers afterwards. */
  readonly invite: readonly UserId[]
  readonly isDirect: boolean
  /** The creator's profile as their member event shows it. */
  readonly creatorProfile: JsonObject
  /** Users who become creators beside the sender (room version 12 and later). */
  readonly additionalCreators: readonly UserId[]
}

interface Initial {
  readonly type: string
  readonly stateKey: string
  readonly content: JsonObject
}

/** The events that follow m.room.create, in the order of the specification; invites are sent apart. */
export function initialEvents(plan: RoomPlan, creator: UserId, rules: RoomRules): Initial[] {
  const events: Initial[] = [
    { type: 'm.room.member', stateKey: creator, content: { ...plan.creatorProfile, membership: 'join' } },
    { type: 'm.room.power_levels', stateKey: '', content: powerLevels(plan, creator, rules) },
  ]
  if (plan.alias !== undefined) events.push({ type: 'm.room.canonical_alias', stateKey: '', content: { alias: plan.alias } })
  for (const event of presetEvents(plan.preset)) {
    if (!plan.initialState.some((given) => given.type === event.type && given.stateKey === '')) events.push(event)
  }
  // Given power levels and a given canonical alias stand in for ours only through their own parameters.
  events.push(...plan.initialState)
  if (plan.name !== undefined) events.push({ type: 'm.room.name', stateKey: '', content: { name: plan.name } })
  if (plan.topic !== undefined) {
    const text = { 'm.topic': { 'm.text': [{ body: plan.topic }] } }
    events.push({ type: 'm.room.topic', stateKey: '', content: { topic: plan.topic, ...text } })
  }
  return events
}

function presetEvents(preset: Preset): Initial[] {
  const isPublic = preset === 'public_chat'
  return [
    { type: 'm.room.join_rules', stateKey: '', content: { join_rule: isPublic ? 'public' : 'invite' } },
    { type: 'm.room.history_visibility', stateKey: '', content: { history_visibility: 'shared' } },
    // Without it guests are kept out, which is all that a public room's would say.
    ...(isPublic ? [] : [{ type: 'm.room.guest_access', stateKey: '', content: { guest_access: 'can_join' } }]),
  ]
}

function powerLevels(plan: RoomPlan, creator: UserId, rules: RoomRules): JsonObject {
  // From version 12 on creators stand above all levels and must not be listed.
  const users: Record<string, number> = rules.creatorsOutrankAll ? {} : { [creator]: 100 }
  if (plan.preset === 'trusted_private_chat' && !rules.creatorsOutrankAll) for (const invited of plan.invite) users[invited] = 100
  const tombstone = rules.creatorsOutrankAll ? 150 : 100
  const base: JsonObject = {
    users,
    users_default: 0,
    events: {
      'm.room.name': 50,
      'm.room.power_levels': 100,
      'm.room.history_visibility': 100,
      'm.room.canonical_alias': 50,
      'm.room.avatar': 50,
      'm.room.tombstone': tombstone,
      'm.room.server_acl': 100,
      'm.room.encryption': 100,
    },
    events_default: 0,
    state_default: 50,
    ban: 50,
    kick: 50,
    redact: 50,
    invite: plan.preset === 'public_chat' ? 50 : 0,
    historical: 100,
  }
  const override = plan.powerLevelOverride ?? {}
  return { ...base, ...(isJsonObject(override) ? override : {}) }
}
