import { arrayAt, numberAt, objectAt, objectsAt, stringAt, type UnknownObject } from '../client/json.ts'

/** A joined room as a client knows it. */
export interface RoomModel {
  /** `type|state key` to event id. */
  readonly state: Map<string, string>
  /** Events of the timeline that a client without state_after took for the state, though they may have lost against others. */
  readonly fromTimeline: Set<string>
  /** Members by their membership. */
  readonly members: Map<string, string>
  /** Event ids since the last gap, in the order in which they came. */
  timeline: string[]
  /** When each event of a timeline was made, in milliseconds since 1970, as its server says. */
  readonly madeAt: Map<string, number>
  /** When the last gap was. */
  gapAt: number
  /** `user|type|thread` to event id. */
  readonly receipts: Map<string, string>
  readonly accountData: Map<string, string>
  typing: readonly unknown[]
  summary: UnknownObject
  unread: string
}

/** What a client makes of the answers of /sync, one after the other. */
export class SyncModel {
  readonly joined = new Map<string, RoomModel>()
  readonly invited = new Set<string>()
  readonly accountData = new Map<string, string>()

  /** Everybody who is in one of the rooms. */
  get sharing(): Set<string> {
    const found = new Set<string>()
    for (const { members } of this.joined.values()) {
      for (const [userId, membership] of members) if (membership === 'join') found.add(userId)
    }
    return found
  }

  /** `now`: as the ledger counts. */
  apply(answer: UnknownObject, now: number): void {
    for (const event of objectsAt(answer, 'account_data', 'events')) {
      this.accountData.set(stringAt(event, 'type'), JSON.stringify(event['content']))
    }
    for (const roomId of Object.keys(objectAt(answer, 'rooms', 'leave'))) {
      this.joined.delete(roomId)
      this.invited.delete(roomId)
    }
    for (const roomId of Object.keys(objectAt(answer, 'rooms', 'invite'))) {
      this.joined.delete(roomId)
      this.invited.add(roomId)
    }
    for (const [roomId, room] of Object.entries(objectAt(answer, 'rooms', 'join'))) {
      this.invited.delete(roomId)
      this.#applyRoom(roomId, room, now)
    }
  }

  #applyRoom(roomId: string, room: unknown, now: number): void {
    const model = this.joined.get(roomId) ?? emptyRoom(now)
    this.joined.set(roomId, model)
    const timeline = objectsAt(room, 'timeline', 'events')
    const stateAfter = objectsAt(room, 'org.matrix.msc4222.state_after', 'events')
    const hasStateAfter = objectAt(room)['org.matrix.msc4222.state_after'] !== undefined
    const state = hasStateAfter ? stateAfter : [...objectsAt(room, 'state', 'events'), ...timeline.filter(isState)]
    for (const event of state) {
      model.state.set(`${stringAt(event, 'type')}|${stringAt(event, 'state_key')}`, stringAt(event, 'event_id'))
      if (event['type'] === 'm.room.member') model.members.set(stringAt(event, 'state_key'), stringAt(event, 'content', 'membership'))
    }
    if (!hasStateAfter) for (const event of timeline) model.fromTimeline.add(stringAt(event, 'event_id'))
    if (objectAt(room, 'timeline')['limited'] === true) {
      model.timeline = []
      model.gapAt = now
    }
    for (const event of timeline) {
      model.timeline.push(stringAt(event, 'event_id'))
      model.madeAt.set(stringAt(event, 'event_id'), numberAt(event, 'origin_server_ts'))
    }
    model.summary = { ...model.summary, ...objectAt(room, 'summary') }
    model.unread = JSON.stringify(objectAt(room, 'unread_notifications'))
    for (const event of objectsAt(room, 'account_data', 'events')) {
      model.accountData.set(stringAt(event, 'type'), JSON.stringify(event['content']))
    }
    for (const event of objectsAt(room, 'ephemeral', 'events')) applyEphemeral(model, event)
  }
}

function isState(event: UnknownObject): boolean {
  return typeof event['state_key'] === 'string'
}

function emptyRoom(now: number): RoomModel {
  return {
    state: new Map(),
    fromTimeline: new Set(),
    members: new Map(),
    timeline: [],
    madeAt: new Map(),
    gapAt: now,
    receipts: new Map(),
    accountData: new Map(),
    typing: [],
    summary: {},
    unread: '',
  }
}

function applyEphemeral(model: RoomModel, event: UnknownObject): void {
  if (event['type'] === 'm.typing') model.typing = arrayAt(event, 'content', 'user_ids')
  if (event['type'] !== 'm.receipt') return
  for (const [eventId, types] of Object.entries(objectAt(event, 'content'))) {
    for (const [type, users] of Object.entries(objectAt(types))) {
      for (const [userId, receipt] of Object.entries(objectAt(users))) {
        const thread = objectAt(receipt)['thread_id']
        model.receipts.set(`${userId}|${type}|${typeof thread === 'string' ? thread : ''}`, `${eventId} ${numberAt(receipt, 'ts')}`)
      }
    }
  }
}
