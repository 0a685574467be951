/** The limits of the room core. Each constant says its unit and its reason. */

/** Bytes of UTF-8 that a user id, room id, event id, room alias, event type or state key may have. Spec: client-server API, size limits. */
export const ID_BYTES_MAX = 255

/** Characters of the host of a server name. Spec: appendices, server name (`1*255dns-char`). */
export const HOST_CHARS_MAX = 255

/** Characters of a key id. The grammar sets none; nothing real comes near, and key ids become map keys and columns. */
export const KEY_ID_CHARS_MAX = 255

/** Bytes of a whole event in canonical JSON with its signatures, without `unsigned`. Spec: client-server API, size limits. */
export const EVENT_BYTES_MAX = 65_536

/** Event ids in `prev_events`. Spec: the PDU schema of each room version. */
export const PREV_EVENTS_MAX = 20

/** Event ids in `auth_events`. Spec: the PDU schema of each room version. */
export const AUTH_EVENTS_MAX = 10

/** The largest depth in room version 6 and later: 2^53 - 1. Spec: the PDU schema. */
export const DEPTH_MAX = Number.MAX_SAFE_INTEGER

/** The largest depth that room versions 1 to 5 allow: 2^63 - 1. Spec: the PDU schema. */
export const LEGACY_DEPTH_MAX = 9_223_372_036_854_775_807n

/** Levels of nesting of a whole event. The spec sets none; recursion over an event must never come near the end of the stack. */
export const EVENT_NESTING_MAX = 100

/** Levels of nesting that the JSON parser allows unless told otherwise: an event's, and room for what it is wrapped in. */
export const JSON_NESTING_MAX = 128

/** Bytes of a JSON text that the parser reads unless told otherwise. Ample for a transaction of 50 events of the largest size. */
export const JSON_BYTES_MAX = 8 * 1024 * 1024

/**
 * Signatures of an invite by third party that are tried against its keys, and keys that they are tried against. Real ones have one and
 * at most three; an event full of them would cost hundreds of thousands of verifications.
 */
export const THIRD_PARTY_INVITE_SIGNATURES_MAX = 10
export const THIRD_PARTY_INVITE_KEYS_MAX = 10

/** UTF-16 units of a pattern or display name that push rules match. Longer ones match nothing; real ones are words. */
export const PUSH_PATTERN_CHARS_MAX = 1024
