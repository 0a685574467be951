import type { JsonObject, UserId } from '@causeway/events'
import { loadEvents } from '../../rooms/engine/load-room.ts'
import type { RoomView } from '../../rooms/engine/room-view.ts'
import type { StateVector } from '../../rooms/engine/state-vector.ts'
import type { Database } from '../../storage/database.ts'
import { summaryOf } from '../room-summary.ts'

/** Which parts of a room's head may have changed. */
export interface HeadChanges {
  readonly name: boolean
  readonly avatar: boolean
  readonly members: boolean
}

/**
 * The members of a room's entry that say what it is called: name, avatar, heroes. What is no string, though the room's state
 * has it, is left out; an avatar that was taken away is null.
 */
export async function headPart(
  db: Database,
  view: RoomView,
  state: StateVector,
  reader: UserId,
  changed: HeadChanges,
  includeHeroes: boolean,
): Promise<string> {
  let text = ''
  if (changed.name) {
    const name = stringIn(await contentOf(db, view, state, 'm.room.name'), 'name')
    if (name !== undefined && name !== '') text += `,"name":${JSON.stringify(name)}`
  }
  if (changed.avatar) {
    const content = await contentOf(db, view, state, 'm.room.avatar')
    const url = stringIn(content, 'url')
    if (url !== undefined) text += `,"avatar":${JSON.stringify(url)}`
    else if (content?.['url'] === undefined) text += ',"avatar":null'
  }
  if (includeHeroes && (changed.name || changed.members)) {
    const { heroes } = await summaryOf(db, view, state, reader)
    const events = await loadEvents(
      db,
      view,
      heroes.map((key) => state.get(key)),
    )
    if (events.length > 0) text += `,"heroes":[${events.map(({ pdu }) => heroText(pdu.stateKey ?? '', pdu.content)).join(',')}]`
  }
  return text
}

function heroText(userId: string, content: JsonObject): string {
  const displayname = stringIn(content, 'displayname')
  const avatarUrl = stringIn(content, 'avatar_url')
  return JSON.stringify({
    user_id: userId,
    ...(displayname === undefined ? {} : { displayname }),
    ...(avatarUrl === undefined ? {} : { avatar_url: avatarUrl }),
  })
}

async function contentOf(db: Database, view: RoomView, state: StateVector, type: string): Promise<JsonObject | undefined> {
  const key = view.keys.find(type, '')
  const number = key === undefined ? 0 : state.get(key)
  const [event] = number === 0 ? [] : await loadEvents(db, view, [number])
  return event?.pdu.content
}

function stringIn(content: JsonObject | undefined, field: string): string | undefined {
  const value = content?.[field]
  return typeof value === 'string' ? value : undefined
}
