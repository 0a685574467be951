import { isJsonObject, parseEventId, type EventId, type JsonObject, type Pdu } from '@causeway/events'
import { hash48 } from '../../storage/hash48.ts'
import { relTypeCharsMax } from './limits.ts'

/** What an event relates to (Client-Server API, "Forming relationships between events"). */
export interface Relation {
  readonly type: string
  readonly to: EventId
  /** Of an annotation. */
  readonly key: string | undefined
}

/** The relation of an event with this content; absent for one that is not well formed. */
export function relationIn(content: JsonObject): Relation | undefined {
  const relates = content['m.relates_to']
  if (relates === undefined || !isJsonObject(relates)) return undefined
  const { rel_type: type, event_id: target, key } = relates
  const to = typeof target === 'string' ? parseEventId(target) : undefined
  if (to === undefined || typeof type !== 'string') return undefined
  // Stored as text, which takes no U+0000 on PostgreSQL.
  if (type === '' || type.length > relTypeCharsMax || type.includes('\0') || !type.isWellFormed()) return undefined
  return { type, to, key: typeof key === 'string' ? key : undefined }
}

/** The same of an event. */
export function relationOf(pdu: Pdu): Relation | undefined {
  return relationIn(pdu.content)
}

/** What tells annotations of one sender and parent apart; absent for other relations. */
export function annotationHash(type: string, relation: Relation): number | undefined {
  return relation.type === 'm.annotation' && relation.key !== undefined ? hash48(`${type}\0${relation.key}`) : undefined
}
