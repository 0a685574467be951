import type { RoomId } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import type { StoredEvent } from '../engine/stored-event.ts'
import { relationOf } from '../relations/relation-of.ts'
import { filterListMax } from './limits.ts'

/** Which events a client wants (Client-Server API, EventFilter and RoomEventFilter). */
export interface EventFilter {
  readonly limit: number | undefined
  readonly types: TypeList | undefined
  readonly notTypes: TypeList | undefined
  readonly senders: ReadonlySet<string> | undefined
  readonly notSenders: ReadonlySet<string> | undefined
  readonly rooms: ReadonlySet<string> | undefined
  readonly notRooms: ReadonlySet<string> | undefined
  readonly containsUrl: boolean | undefined
  readonly lazyLoadMembers: boolean
  readonly includeRedundantMembers: boolean
  readonly unreadThreadNotifications: boolean
  /** Kinds of relations that an event itself has. */
  readonly relTypes: ReadonlySet<string> | undefined
  readonly notRelTypes: ReadonlySet<string> | undefined
  /** Who must have sent an event that relates to it, and in what kind of relation; see `choiceOf`. */
  readonly relatedBySenders: ReadonlySet<string> | undefined
  readonly relatedByRelTypes: ReadonlySet<string> | undefined
}

/** Event types as a filter lists them; `*` stands for any characters. */
interface TypeList {
  readonly exact: ReadonlySet<string>
  /** What stands between the stars: a beginning, middle parts, an end. */
  readonly patterns: readonly (readonly string[])[]
}

type Plain = Readonly<Record<string, unknown>>

/** Is it an object, as JSON.parse gives them? */
export function isPlainObject(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A filter from what JSON.parse gave for it; absent is the filter that lets everything through. Throws M_BAD_JSON naming the member. */
export function parseEventFilter(value: unknown, name: string): EventFilter {
  if (value !== undefined && !isPlainObject(value)) throw new MatrixError('M_BAD_JSON', `${name} must be an object`)
  const plain = value ?? {}
  const typesOf = (key: string): TypeList | undefined => typeList(strings(plain, key, name))
  const setOf = (key: string): ReadonlySet<string> | undefined => {
    const list = strings(plain, key, name)
    return list === undefined ? undefined : new Set(list)
  }
  return {
    limit: limitOf(plain, name),
    types: typesOf('types'),
    notTypes: typesOf('not_types'),
    senders: setOf('senders'),
    notSenders: setOf('not_senders'),
    rooms: setOf('rooms'),
    notRooms: setOf('not_rooms'),
    containsUrl: flag(plain, 'contains_url', name),
    lazyLoadMembers: flag(plain, 'lazy_load_members', name) ?? false,
    includeRedundantMembers: flag(plain, 'include_redundant_members', name) ?? false,
    unreadThreadNotifications: flag(plain, 'unread_thread_notifications', name) ?? false,
    relTypes: setOf('rel_types') ?? setOf('org.matrix.msc3874.rel_types'),
    notRelTypes: setOf('not_rel_types') ?? setOf('org.matrix.msc3874.not_rel_types'),
    relatedBySenders: setOf('related_by_senders'),
    relatedByRelTypes: setOf('related_by_rel_types'),
  }
}

/** The filter that lets everything through. */
export const everyEvent: EventFilter = parseEventFilter(undefined, 'filter')

/** Does the filter want anything of this room? */
export function wantsRoom(filter: Pick<EventFilter, 'rooms' | 'notRooms'>, roomId: RoomId): boolean {
  return filter.notRooms?.has(roomId) !== true && filter.rooms?.has(roomId) !== false
}

/** Does it want something of this type and sender? */
export function wantsKind(filter: EventFilter, type: string, sender: string | undefined): boolean {
  if (filter.types !== undefined && !isListed(filter.types, type)) return false
  if (filter.notTypes !== undefined && isListed(filter.notTypes, type)) return false
  if (sender === undefined) return true
  return filter.notSenders?.has(sender) !== true && filter.senders?.has(sender) !== false
}

/** Does it want this event of a room that it wants? */
export function wantsEvent(filter: EventFilter, event: StoredEvent): boolean {
  const { pdu } = event
  if (!wantsKind(filter, pdu.type, pdu.sender)) return false
  if (filter.relTypes !== undefined || filter.notRelTypes !== undefined) {
    const relType = relationOf(pdu)?.type
    if (filter.relTypes !== undefined && (relType === undefined || !filter.relTypes.has(relType))) return false
    if (relType !== undefined && filter.notRelTypes?.has(relType) === true) return false
  }
  return filter.containsUrl === undefined || (pdu.content['url'] !== undefined) === filter.containsUrl
}

/** Does it let all events of a room through? */
export function wantsAll(filter: EventFilter): boolean {
  const { types, notTypes, senders, notSenders, containsUrl, relTypes, notRelTypes, relatedBySenders, relatedByRelTypes } = filter
  const relations = [relTypes, notRelTypes, relatedBySenders, relatedByRelTypes]
  return [types, notTypes, senders, notSenders, containsUrl, ...relations].every((part) => part === undefined)
}

function isListed(list: TypeList, type: string): boolean {
  return list.exact.has(type) || list.patterns.some((parts) => fits(parts, type))
}

function typeList(types: readonly string[] | undefined): TypeList | undefined {
  if (types === undefined) return undefined
  return {
    exact: new Set(types.filter((type) => !type.includes('*'))),
    patterns: types.filter((type) => type.includes('*')).map((type) => type.split('*')),
  }
}

/** Each middle part is taken where it first occurs: no pattern takes longer than the type is long, for each of its parts. */
function fits(parts: readonly string[], type: string): boolean {
  const first = parts[0] ?? ''
  const last = parts.at(-1) ?? ''
  if (!type.startsWith(first) || !type.endsWith(last) || type.length < first.length + last.length) return false
  let at = first.length
  const end = type.length - last.length
  for (const part of parts.slice(1, -1)) {
    const found = type.indexOf(part, at)
    if (found < 0 || found + part.length > end) return false
    at = found + part.length
  }
  return true
}

function strings(plain: Plain, key: string, name: string): readonly string[] | undefined {
  const value = plain[key]
  if (value === undefined) return undefined
  if (!Array.isArray(value) || !value.every((entry) => typeof entry === 'string')) {
    throw new MatrixError('M_BAD_JSON', `${name}.${key} must be a list of strings`)
  }
  if (value.length > filterListMax) throw new MatrixError('M_BAD_JSON', `${name}.${key} is too long`)
  return value
}

function limitOf(plain: Plain, name: string): number | undefined {
  const value = plain['limit']
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value
  throw new MatrixError('M_BAD_JSON', `${name}.limit must be a whole number`)
}

function flag(plain: Plain, key: string, name: string): boolean | undefined {
  const value = plain[key]
  if (value === undefined) return undefined
  if (typeof value !== 'boolean') throw new MatrixError('M_BAD_JSON', `${name}.${key} must be true or false`)
  return value
}
