import assert from 'node:assert/strict'
import { decodeBase64 } from '../base64.ts'
import { parseEventId } from '../ids/event-id.ts'
import type { EventId, KeyId, RoomId, ServerName, UserId } from '../ids/ids.ts'
import { parseKeyId } from '../ids/key-id.ts'
import { parseRoomId } from '../ids/room-id.ts'
import { parseServerName } from '../ids/server-name.ts'
import { parseUserId } from '../ids/user-id.ts'
import { fromPlain } from '../json/from-plain.ts'
import { isJsonObject, type JsonObject } from '../json/json-value.ts'
import { roomRules, type RoomRules } from '../versions/room-rules.ts'
import { buildEvent, type EventDraft } from './build-event.ts'
import type { Pdu } from './pdu.ts'
import { signingKeyFromSeed, type SigningKey } from './signing-key.ts'

function must<T>(value: T | undefined): T {
  assert.ok(value !== undefined)
  return value
}

/** The parsers of ids, for texts that a test knows to be right. */
export const user = (text: string): UserId => must(parseUserId(text))
export const room = (text: string): RoomId => must(parseRoomId(text))
export const event = (text: string): EventId => must(parseEventId(text))
export const server = (text: string): ServerName => must(parseServerName(text))
export const keyId = (text: string): KeyId => must(parseKeyId(text))
export const rulesOf = (version: string): RoomRules => must(roomRules(version))

/** A plain object as a JSON object. */
export function json(plain: object): JsonObject {
  const value = fromPlain(plain)
  assert.ok(isJsonObject(value))
  return value
}

/** The signing key of the test vectors in the appendices. */
export const vectorKey: SigningKey = signingKeyFromSeed(
  keyId('ed25519:1'),
  must(decodeBase64('YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1')),
)

/** The id of some event, in the form of the room version. */
export function someEventId(rules: RoomRules, seed = 'A'): EventId {
  return event(rules.eventIds === 'given' ? `$${seed}:domain` : `$${seed.repeat(43)}`)
}

/** A message by `@u:domain`, as the draft of it; what a test cares for goes into `change`. */
export function draft(rules: RoomRules, change: Partial<EventDraft> = {}): EventDraft {
  const reference = { eventId: someEventId(rules), ...(rules.referencePairs ? { sha256: 'A'.repeat(43) } : {}) }
  return {
    roomId: room(rules.roomIdIsCreateHash ? `!${'R'.repeat(43)}` : '!r:domain'),
    type: 'm.room.message',
    sender: user('@u:domain'),
    content: json({ body: 'hello', msgtype: 'm.text' }),
    originServerTs: 1_700_000_000_000,
    depth: 7,
    prevEvents: [reference],
    authEvents: [reference],
    eventId: rules.eventIds === 'given' ? event('$own:domain') : undefined,
    ...change,
  }
}

/** The event of a draft, signed by `domain` with the vectors' key. */
export function built(rules: RoomRules, change: Partial<EventDraft> = {}): Pdu {
  const result = buildEvent(draft(rules, change), rules, { serverName: server('domain'), key: vectorKey })
  assert.ok(result.ok, result.ok ? '' : result.refusal.why)
  return result.pdu
}
