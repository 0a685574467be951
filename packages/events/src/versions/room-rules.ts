/**
 * Everything that differs between room versions, as named rules. Code asks the rules, never the version number.
 * A version is written as its difference from an older one.
 * https://spec.matrix.org/v1.19/rooms/
 */
export interface RoomRules {
  /** The version's name, as it stands in `content.room_version` of the create event. */
  readonly version: string
  /** `given`: the sender's server names the event; else the reference hash names it, in one of two base64 alphabets. */
  readonly eventIds: 'given' | 'base64' | 'base64url'
  /** prev_events and auth_events are [id, {sha256}] pairs (versions 1 and 2). */
  readonly referencePairs: boolean
  readonly stateResolution: 'v1' | 'v2' | 'v2.1'
  /** A signing key counts only while it was valid at the event's time (5 and later). */
  readonly enforceKeyValidity: boolean
  /** Integers within ±(2^53 - 1) only (6 and later). */
  readonly strictCanonicalJson: boolean
  /** m.room.aliases has an auth rule of its own and keeps `aliases` in redaction (1 to 5). */
  readonly aliasesAreSpecial: boolean
  /** A redaction is authorized by level or by the target's domain (1 and 2); later it is only applied by these. */
  readonly redactionIsAuthRule: boolean
  /** Changes below `notifications` of power levels are checked (6 and later). */
  readonly notificationLevelsChecked: boolean
  readonly knocking: boolean
  readonly restrictedJoins: boolean
  /** Redaction keeps join_rules.allow (8 and later). */
  readonly redactionKeepsJoinRuleAllow: boolean
  /** Redaction keeps member.join_authorised_via_users_server (9 and later). */
  readonly redactionKeepsJoinAuthorisation: boolean
  readonly knockRestrictedJoins: boolean
  /** Power levels must be integers; older versions took strings of digits too (10 and later). */
  readonly integerPowerLevels: boolean
  /** Types and state keys have at most 255 bytes (11 and later); before, servers in use took 255 characters. */
  readonly idsAreBytes: boolean
  /** Version 11's changes: create has no `creator`, `redacts` lives in content, redaction keeps and drops other keys. */
  readonly creatorIsSender: boolean
  readonly redactsInContent: boolean
  readonly redactionRulesV11: boolean
  /** Version 12's changes: the room id is the create event's hash, and creators outrank all levels. */
  readonly roomIdIsCreateHash: boolean
  readonly creatorsOutrankAll: boolean
}

const v1: RoomRules = {
  version: '1',
  eventIds: 'given',
  referencePairs: true,
  stateResolution: 'v1',
  enforceKeyValidity: false,
  strictCanonicalJson: false,
  aliasesAreSpecial: true,
  redactionIsAuthRule: true,
  notificationLevelsChecked: false,
  knocking: false,
  restrictedJoins: false,
  redactionKeepsJoinRuleAllow: false,
  redactionKeepsJoinAuthorisation: false,
  knockRestrictedJoins: false,
  integerPowerLevels: false,
  idsAreBytes: false,
  creatorIsSender: false,
  redactsInContent: false,
  redactionRulesV11: false,
  roomIdIsCreateHash: false,
  creatorsOutrankAll: false,
}
const v2: RoomRules = { ...v1, version: '2', stateResolution: 'v2' }
const v3: RoomRules = { ...v2, version: '3', eventIds: 'base64', referencePairs: false, redactionIsAuthRule: false }
const v4: RoomRules = { ...v3, version: '4', eventIds: 'base64url' }
const v5: RoomRules = { ...v4, version: '5', enforceKeyValidity: true }
const v6: RoomRules = { ...v5, version: '6', strictCanonicalJson: true, aliasesAreSpecial: false, notificationLevelsChecked: true }
const v7: RoomRules = { ...v6, version: '7', knocking: true }
const v8: RoomRules = { ...v7, version: '8', restrictedJoins: true, redactionKeepsJoinRuleAllow: true }
const v9: RoomRules = { ...v8, version: '9', redactionKeepsJoinAuthorisation: true }
const v10: RoomRules = { ...v9, version: '10', knockRestrictedJoins: true, integerPowerLevels: true }
const v11: RoomRules = { ...v10, version: '11', idsAreBytes: true, creatorIsSender: true, redactsInContent: true, redactionRulesV11: true }
const v12: RoomRules = { ...v11, version: '12', stateResolution: 'v2.1', roomIdIsCreateHash: true, creatorsOutrankAll: true }

const byVersion: ReadonlyMap<string, RoomRules> = new Map(
  [v1, v2, v3, v4, v5, v6, v7, v8, v9, v10, v11, v12].map((rules) => [rules.version, rules]),
)

/** The rules of a room version, by its name. Absent for a version that this server does not know. */
export function roomRules(version: string): RoomRules | undefined {
  return byVersion.get(version)
}

/** The names of all known room versions, oldest first. All are stable. */
export const supportedRoomVersions: readonly string[] = [...byVersion.keys()]
