import { isJsonObject, splitServerName, type JsonObject, type JsonValue, type ServerName } from '@causeway/events'
import type { Database } from '../../storage/database.ts'
import type { RoomView } from '../engine/room-view.ts'
import { stateFor } from '../engine/view-state.ts'

/** May `server` act in the room, by the room's m.room.server_acl? Client-Server API, "Server Access Control Lists". */
export async function serverAllowed(db: Database, view: RoomView, server: ServerName): Promise<boolean> {
  if (view.currentEvent('m.room.server_acl', '') === 0) return true
  const acl = (await stateFor(db, view, view.current, [['m.room.server_acl', '']])).get('m.room.server_acl', '')
  return acl === undefined || aclAllows(acl.content, server)
}

/** The rule itself, over the content of the ACL event. Case does not matter (spec 1.19). A redacted or foreign content allows all. */
export function aclAllows(content: JsonObject, server: ServerName): boolean {
  if (!isJsonObject(content) || (content['allow'] === undefined && content['deny'] === undefined)) return true
  const { host, isIpLiteral } = splitServerName(server)
  if (isIpLiteral && content['allow_ip_literals'] === false) return false
  const name = host.toLowerCase()
  const { allow, deny } = readLists(content)
  if (deny.some((pattern) => matches(pattern, name))) return false
  return allow.some((pattern) => matches(pattern, name))
}

interface Lists {
  readonly allow: readonly string[]
  readonly deny: readonly string[]
}

/** Thousands of patterns fit into an event, and each event of the room is measured by them: they are read once. */
const listsOf = new WeakMap<JsonObject, Lists>()

function readLists(content: JsonObject): Lists {
  let lists = listsOf.get(content)
  if (lists === undefined) listsOf.set(content, (lists = { allow: patterns(content['allow']), deny: patterns(content['deny']) }))
  return lists
}

function patterns(value: JsonValue | undefined): string[] {
  if (!Array.isArray(value)) return []
  return value.filter((entry) => typeof entry === 'string').map((entry) => entry.toLowerCase())
}

/** Glob with `*` and `?`; greedy with one point of return, so that no pattern costs more than its length times the name's. */
function matches(pattern: string, name: string): boolean {
  let at = 0
  let inPattern = 0
  let star = -1
  let resume = 0
  while (at < name.length) {
    const wanted = pattern[inPattern]
    if (wanted === '*') {
      star = inPattern
      inPattern += 1
      resume = at
    } else if (wanted === '?' || wanted === name[at]) {
      at += 1
      inPattern += 1
    } else if (star >= 0) {
      inPattern = star + 1
      resume += 1
      at = resume
    } else {
      return false
    }
  }
  while (pattern[inPattern] === '*') inPattern += 1
  return inPattern === pattern.length
}
