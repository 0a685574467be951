import { clientEvents, type ClientEvent } from './client-event.ts'
import { arrayAt, at, isObject, objectAt, stringAt, type UnknownObject } from './json.ts'
import { TIMELINE_EVENTS_MAX } from './limits.ts'

/** The sections of /sync that a room can stand in. */
export type Section = 'join' | 'invite' | 'knock' | 'leave'

const sections: readonly Section[] = ['join', 'invite', 'knock', 'leave']

/** What a client knows of a room from its /sync answers. */
export class RoomView {
  section: Section
  /** The newest state by type and state key; stripped state for an invitation. */
  readonly state = new Map<string, ClientEvent>()
  readonly timeline: ClientEvent[] = []
  typing: readonly string[] = []
  /** Event id by `receipt type, user`. */
  readonly receipts = new Map<string, string>()
  unread: UnknownObject = {}

  constructor(section: Section) {
    this.section = section
  }

  /** The content of a piece of state; undefined if there is none. */
  stateContent(type: string, stateKey = ''): UnknownObject | undefined {
    return this.state.get(stateName(type, stateKey))?.content
  }

  membership(userId: string): string | undefined {
    const found = at(this.stateContent('m.room.member', userId), 'membership')
    return typeof found === 'string' ? found : undefined
  }

  event(eventId: string): ClientEvent | undefined {
    return this.timeline.find((event) => event.eventId === eventId)
  }

  /** The event to which `userId` has read, by a public receipt. */
  readUpTo(userId: string, receiptType = 'm.read'): string | undefined {
    return this.receipts.get(`${receiptType} ${userId}`)
  }
}

/** All that a client knows from its /sync answers so far. */
export class SyncView {
  readonly rooms = new Map<string, RoomView>()
  /** The token for the next request. */
  since: string | undefined

  room(roomId: string): RoomView | undefined {
    return this.rooms.get(roomId)
  }

  /** Add an answer of /sync. */
  apply(answer: unknown): void {
    this.since = stringAt(answer, 'next_batch')
    for (const section of sections) {
      for (const [roomId, part] of Object.entries(objectAt(answer, 'rooms', section))) {
        let room = this.rooms.get(roomId)
        if (room === undefined) this.rooms.set(roomId, (room = new RoomView(section)))
        room.section = section
        applyRoom(room, section, part)
      }
    }
  }
}

function stateName(type: string, stateKey: string): string {
  return `${type}\0${stateKey}`
}

function applyRoom(room: RoomView, section: Section, part: unknown): void {
  const stripped = section === 'invite' || section === 'knock'
  const before = stripped ? arrayAt(part, `${section}_state`, 'events') : arrayAt(part, 'state', 'events')
  const timeline = clientEvents(arrayAt(part, 'timeline', 'events'))
  for (const event of [...clientEvents(before), ...timeline]) {
    if (event.stateKey !== undefined) room.state.set(stateName(event.type, event.stateKey), event)
  }
  if (at(part, 'timeline', 'limited') === true) room.timeline.length = 0
  room.timeline.push(...timeline)
  room.timeline.splice(0, Math.max(0, room.timeline.length - TIMELINE_EVENTS_MAX))
  const unread = at(part, 'unread_notifications')
  if (isObject(unread)) room.unread = unread
  for (const event of clientEvents(arrayAt(part, 'ephemeral', 'events'))) applyEphemeral(room, event)
}

function applyEphemeral(room: RoomView, event: ClientEvent): void {
  if (event.type === 'm.typing') {
    room.typing = arrayAt(event.content, 'user_ids').filter((id) => typeof id === 'string')
  }
  if (event.type !== 'm.receipt') return
  for (const [eventId, byType] of Object.entries(event.content)) {
    for (const [receiptType, byUser] of Object.entries(isObject(byType) ? byType : {})) {
      for (const userId of Object.keys(isObject(byUser) ? byUser : {})) room.receipts.set(`${receiptType} ${userId}`, eventId)
    }
  }
}
