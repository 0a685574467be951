export type { EventId, KeyId, RoomAlias, RoomId, ServerName, UserId } from './ids/ids.ts'
export { parseEventId } from './ids/event-id.ts'
export { parseKeyId } from './ids/key-id.ts'
export { isLocalpart } from './ids/localpart.ts'
export { parseRoomAlias } from './ids/room-alias.ts'
export { isHashRoomId, parseRoomId, roomIdOfCreate } from './ids/room-id.ts'
export { parseServerName, splitServerName, type ServerNameParts } from './ids/server-name.ts'
export { serverOf } from './ids/server-of.ts'
export { localpartOf, parseUserId } from './ids/user-id.ts'

export { canonicalJson, compareCodePoints } from './json/canonical-json.ts'
export { fromPlain } from './json/from-plain.ts'
export { fitsDepth, hasOnlyStrictNumbers } from './json/json-checks.ts'
export type { JsonFault, JsonRule } from './json/json-fault.ts'
export { isJsonObject, NumberLexeme, type JsonObject, type JsonValue } from './json/json-value.ts'
export { parseJson, type JsonLimits, type JsonResult } from './json/parse-json.ts'
export { emptyObject, type MutableJsonObject } from './json/plain-object.ts'

export { decodeBase64, decodeBase64Url, encodeBase64, encodeBase64Url } from './base64.ts'
export { matchesGlob } from './glob.ts'
export { encodeUtf8, fitsUtf8, utf8Length } from './utf8.ts'
export { roomRules, supportedRoomVersions, type RoomRules } from './versions/room-rules.ts'
export { allow, reject, type Refusal, type Verdict } from './verdict.ts'

export {
  AUTH_EVENTS_MAX,
  DEPTH_MAX,
  EVENT_BYTES_MAX,
  EVENT_NESTING_MAX,
  ID_BYTES_MAX,
  JSON_BYTES_MAX,
  JSON_NESTING_MAX,
  PREV_EVENTS_MAX,
  THIRD_PARTY_INVITE_KEYS_MAX,
} from './limits.ts'
export type { AuthState, Pdu } from './pdu/pdu.ts'
export { addSignature, withSignature } from './pdu/add-signature.ts'
export { buildEvent, eventReference, type EventDraft, type EventReference, type Signer } from './pdu/build-event.ts'
export { checkSignatures, type FindKey, type MissingKey, type SignatureCheck } from './pdu/check-signatures.ts'
export { clientEventPrefix } from './pdu/client-event.ts'
export { forgetParsed } from './pdu/event-pdu.ts'
export { checkContentHash, contentHash, referenceHash, referenceHashOf } from './pdu/event-hash.ts'
export { requiredSigners, signaturesOf, signedBytes } from './pdu/event-signatures.ts'
export { parsePdu, type ParsePduOptions, type PduResult } from './pdu/parse-pdu.ts'
export { redact } from './pdu/redact.ts'
export { redactPdu } from './pdu/redact-pdu.ts'
export { signJson, signableBytes, verifyJson } from './pdu/sign-json.ts'
export { signingKeyFromSeed, verifyBytes, type SigningKey } from './pdu/signing-key.ts'
export { pduFromStored } from './pdu/stored-pdu.ts'

export { authEventKeys, type AuthSubject, type StateKeyPair } from './auth/auth-event-keys.ts'
export { authorize } from './auth/authorize.ts'
export { checkAuthEvents, type AuthEventFacts } from './auth/check-auth-events.ts'
export { createEventId } from './auth/create-event-id.ts'
export { isPowerEvent } from './auth/is-power-event.ts'
export { mayInvite } from './auth/member-join.ts'
export { powerLevels, PowerLevels } from './auth/power-levels.ts'
export {
  createEvent,
  creators,
  historyVisibility,
  joinRule,
  membershipOf,
  membershipOfEvent,
  type HistoryVisibility,
  type Membership,
} from './auth/read-state.ts'
export { signingInviteKeys, type InviteKey } from './auth/third-party-signature.ts'
export { canRedact, reachesRedactLevel } from './auth/redaction.ts'

export { authChain, authDifference, type Chain, type Difference } from './resolve/auth-chain.ts'
export type { AuthEdges } from './resolve/auth-graph.ts'
export { conflictOf, type CommonState, type Conflict, type StateMap } from './resolve/conflict.ts'
export type { Resolution, ResolutionInput } from './resolve/resolution.ts'
export { resolveState, resolvingState } from './resolve/resolve-state.ts'
export type { Steps } from './resolve/steps.ts'
export { splitStateTuple, stateTuple, type StateTuple } from './resolve/state-tuple.ts'

export type { PushFacts } from './push/compile-condition.ts'
export {
  basePushRules,
  defaultPushRules,
  personalPushRules,
  threadRules,
  withDefaultRules,
  type DefaultRuleChange,
} from './push/default-rules.ts'
export {
  compileRules,
  dependsOnUser,
  evaluate,
  namedUserIds,
  type CompiledRules,
  type PushOutcome,
  type UserDependence,
} from './push/evaluate.ts'
export { firstWordOf, mentionedUserIds, wordsOf } from './push/mentions.ts'
export { PushEvent } from './push/push-event.ts'
export { legacyPushRules } from './push/legacy-rules.ts'
export { parsePropertyPath } from './push/property-path.ts'
export { pushRuleKinds, type PushRule, type PushRuleKind, type PushRuleset } from './push/push-rule.ts'
