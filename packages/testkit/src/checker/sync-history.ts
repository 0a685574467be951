import { clientEvents, type ClientEvent } from '../client/client-event.ts'
import { arrayAt, at, isObject, objectAt, stringAt, type UnknownObject } from '../client/json.ts'
import type { MatrixClient } from '../client/matrix-client.ts'
import { CATCH_UP_STEPS_MAX, PAGE_EVENTS, PAGES_MAX, SYNC_TIMELINE_EVENTS } from './limits.ts'

/** What /sync has told of one room since a token. */
export interface SyncedRoom {
  /** Oldest first, with the gaps filled from /messages. */
  readonly events: readonly ClientEvent[]
  /** Event id of the public read receipt, by user. */
  readonly receipts: ReadonlyMap<string, string>
  readonly accountData: ReadonlyMap<string, UnknownObject>
}

interface Room {
  readonly events: ClientEvent[]
  readonly ids: Set<string>
  readonly receipts: Map<string, string>
  readonly accountData: Map<string, UnknownObject>
}

const filter = JSON.stringify({ room: { timeline: { limit: SYNC_TIMELINE_EVENTS } } })

/** A reader who starts at a token of /sync and collects everything after it, as a client does that was away. */
export class SyncHistory {
  #token: string
  readonly #client: MatrixClient
  readonly #rooms = new Map<string, Room>()
  readonly #accountData = new Map<string, UnknownObject>()
  /** The last event of each room before the token: where the filling of gaps ends. */
  readonly #anchors: ReadonlyMap<string, string>

  private constructor(client: MatrixClient, token: string, anchors: ReadonlyMap<string, string>) {
    this.#client = client
    this.#token = token
    this.#anchors = anchors
  }

  /** Begin with what there is now. */
  static async begin(client: MatrixClient): Promise<SyncHistory> {
    const answer = await client.call('GET', 'v3/sync?timeout=0')
    const anchors = new Map<string, string>()
    for (const [roomId, part] of Object.entries(objectAt(answer, 'rooms', 'join'))) {
      const last = clientEvents(arrayAt(part, 'timeline', 'events')).at(-1)?.eventId
      if (last !== undefined) anchors.set(roomId, last)
    }
    return new SyncHistory(client, stringAt(answer, 'next_batch'), anchors)
  }

  /** Did the reader know the room when it began? */
  knew(roomId: string): boolean {
    return this.#anchors.has(roomId)
  }

  /** Another reader from the same token, through `client` (of the same user): it knows nothing yet. */
  fork(client: MatrixClient = this.#client): SyncHistory {
    return new SyncHistory(client, this.#token, this.#anchors)
  }

  room(roomId: string): SyncedRoom {
    return this.#room(roomId)
  }

  /** Global account data of the reader by type. */
  get accountData(): ReadonlyMap<string, UnknownObject> {
    return this.#accountData
  }

  /** One request from the token, through `client`; what it brings is added. Gives whether there was anything new. */
  async step(timeoutMs: number, client: MatrixClient = this.#client): Promise<boolean> {
    const query = new URLSearchParams({ since: this.#token, timeout: String(timeoutMs), filter })
    const answer = await client.call('GET', `v3/sync?${query}`)
    const parts = Object.entries(objectAt(answer, 'rooms', 'join'))
    // Gaps first: whoever fails here asks again from the old token, and nothing was added yet.
    const gaps = new Map<string, readonly ClientEvent[]>()
    for (const [roomId, part] of parts) {
      if (at(part, 'timeline', 'limited') === true) gaps.set(roomId, await this.#fill(client, roomId, part))
    }
    const before = this.#token
    this.#token = stringAt(answer, 'next_batch')
    for (const [roomId, part] of parts) this.#add(this.#room(roomId), gaps.get(roomId) ?? [], part)
    for (const event of clientEvents(arrayAt(answer, 'account_data', 'events'))) this.#accountData.set(event.type, event.content)
    return this.#token !== before
  }

  /** Ask until nothing new comes for `quietMs`: a process that has just answered may be ahead of the others. */
  async catchUp(client: MatrixClient = this.#client, quietMs = 0): Promise<void> {
    for (let steps = 0; steps < CATCH_UP_STEPS_MAX; steps += 1) if (!(await this.step(quietMs, client))) return
    throw new Error(`/sync tells news after ${CATCH_UP_STEPS_MAX} answers although nobody writes`)
  }

  #room(roomId: string): Room {
    const known = this.#rooms.get(roomId)
    if (known !== undefined) return known
    const room: Room = { events: [], ids: new Set(), receipts: new Map(), accountData: new Map() }
    this.#rooms.set(roomId, room)
    return room
  }

  #add(room: Room, gap: readonly ClientEvent[], part: unknown): void {
    for (const event of [...gap, ...clientEvents(arrayAt(part, 'timeline', 'events'))]) {
      room.events.push(event)
      if (event.eventId !== undefined) room.ids.add(event.eventId)
    }
    for (const event of clientEvents(arrayAt(part, 'ephemeral', 'events'))) if (event.type === 'm.receipt') noteReceipts(room, event)
    for (const event of clientEvents(arrayAt(part, 'account_data', 'events'))) room.accountData.set(event.type, event.content)
  }

  /** The events between what is known and the timeline of an answer, oldest first. */
  #fill(client: MatrixClient, roomId: string, part: unknown): Promise<ClientEvent[]> {
    const { ids } = this.#room(roomId)
    const known = ({ eventId }: ClientEvent): boolean =>
      eventId !== undefined && (eventId === this.#anchors.get(roomId) || ids.has(eventId))
    return readBack(client, roomId, { from: stringAt(part, 'timeline', 'prev_batch'), until: known })
  }
}

/** A room's history by /messages, from a token (or the newest event) backwards until an event for which `until` is true; oldest first. */
export async function readBack(
  client: MatrixClient,
  roomId: string,
  { from, until }: { readonly from?: string; readonly until: (event: ClientEvent) => boolean },
): Promise<ClientEvent[]> {
  const found: ClientEvent[] = []
  let token = from
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const page = await client.messages(roomId, { limit: PAGE_EVENTS, ...(token === undefined ? {} : { from: token }) })
    const end = page.events.findIndex(until)
    found.push(...(end < 0 ? page.events : page.events.slice(0, end)))
    if (end >= 0 || page.end === undefined) return found.reverse()
    token = page.end
  }
  throw new Error(`the history of ${roomId} has no end after ${PAGES_MAX} pages`)
}

function noteReceipts(room: Room, event: ClientEvent): void {
  for (const [eventId, byType] of Object.entries(event.content)) {
    const byUser = at(byType, 'm.read')
    if (isObject(byUser)) for (const userId of Object.keys(byUser)) room.receipts.set(userId, eventId)
  }
}
