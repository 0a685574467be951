import { isJsonObject, matchesGlob, splitServerName, type JsonObject, type JsonValue, type ServerName } from '@causeway/events'
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
  if (deny.some((pattern) => matchesGlob(pattern, name))) return false
  return allow.some((pattern) => matchesGlob(pattern, name))
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
