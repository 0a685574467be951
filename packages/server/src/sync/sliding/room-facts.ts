import { LRUCache } from 'lru-cache'
import type { Clock } from '../../platform/clock.ts'
import { isRoomAnnouncement } from '../../rooms/engine/room-announcement.ts'
import type { RoomEngine } from '../../rooms/engine/room-engine.ts'
import { loadEvents, loadNode } from '../../rooms/engine/load-room.ts'
import type { RoomView } from '../../rooms/engine/room-view.ts'
import type { StateVector } from '../../rooms/engine/state-vector.ts'
import { isPlainObject } from '../../rooms/history/event-filter.ts'
import type { Announcement, Database } from '../../storage/database.ts'
import { inSlices } from '../in-slices.ts'
import type { RoomMembership } from '../user-rooms.ts'
import { factsRoomsMax } from './limits.ts'

/** What filters ask about a room. */
export interface RoomFacts {
  readonly type: string | undefined
  readonly encrypted: boolean
  readonly name: string | undefined
}

interface Known {
  readonly facts: RoomFacts
  /** The state that they are from. */
  readonly node: number
}

/** What filters ask about rooms, as a user may know it: as of their leaving, or of their invite, where they are not joined. */
export class AllRoomFacts {
  readonly #db: Database
  readonly #engine: RoomEngine
  readonly #clock: Clock
  /** By room number while joined, else by room and membership event. */
  readonly #known = new LRUCache<string, Known>({ max: factsRoomsMax })

  constructor({ db, engine, clock }: { readonly db: Database; readonly engine: RoomEngine; readonly clock: Clock }) {
    this.#db = db
    this.#clock = clock
    this.#engine = engine
  }

  /** Take in what was committed: messages that leave the state as it is change nothing. */
  note(announcements: readonly Announcement[]): void {
    for (const announcement of announcements) {
      if (!isRoomAnnouncement(announcement)) continue
      const key = String(announcement.room)
      const known = this.#known.peek(key)
      if (known === undefined) continue
      if (announcement.events.some((event) => event.isState || event.stateAfter !== known.node)) this.#known.delete(key)
    }
  }

  /** The facts of rooms, by room number. A room that was not asked about before is loaded. */
  async of(memberships: readonly RoomMembership[]): Promise<ReadonlyMap<number, RoomFacts>> {
    const facts = new Map<number, RoomFacts>()
    const absent: RoomMembership[] = []
    for (const membership of memberships) {
      const known = this.#known.peek(nameOf(membership))
      if (known === undefined) absent.push(membership)
      else facts.set(membership.room, known.facts)
    }
    await inSlices(this.#clock, absent, async (membership) => {
      const found = await this.#find(membership, membership.membership === 'join')
      if (found.node >= 0) this.#known.set(nameOf(membership), found)
      facts.set(membership.room, found.facts)
    })
    return facts
  }

  /** `node` is -1 where the state moved on meanwhile: nothing would tell that they are outdated. */
  async #ofCurrent(view: RoomView): Promise<Known> {
    const { current } = view
    const facts = await this.#ofState(view, current.state)
    return { facts, node: view.current.node === current.node ? current.node : -1 }
  }

  async #find(membership: RoomMembership, joined: boolean): Promise<Known> {
    if (membership.inviteState !== undefined) return { facts: strippedFacts(membership.inviteState), node: 0 }
    const view = await this.#engine.view(membership.roomId)
    if (view === undefined) return { facts: { type: undefined, encrypted: false, name: undefined }, node: 0 }
    if (joined) return this.#ofCurrent(view)
    const [own] = membership.event === 0 ? [] : await loadEvents(this.#db, view, [membership.event])
    const node = await loadNode(this.#db, view, own?.stateAfter ?? 0)
    return { node: node.node, facts: await this.#ofState(view, node.state) }
  }

  async #ofState(view: RoomView, state: StateVector): Promise<RoomFacts> {
    const numberOf = (type: string): number => state.get(view.keys.find(type, '') ?? 0)
    const numbers = [numberOf('m.room.create'), numberOf('m.room.name')]
    const events = await loadEvents(
      this.#db,
      view,
      numbers.filter((number) => number !== 0),
    )
    const text = (type: string, field: string): string | undefined => {
      const value = events.find(({ pdu }) => pdu.type === type)?.pdu.content[field]
      return typeof value === 'string' ? value : undefined
    }
    return { type: text('m.room.create', 'type'), encrypted: numberOf('m.room.encryption') !== 0, name: text('m.room.name', 'name') }
  }
}

function nameOf({ membership, room, event, slot, position }: RoomMembership): string {
  return membership === 'join' ? String(room) : `${room} ${event} ${slot} ${position}`
}

/** What came with an invite from outside. */
function strippedFacts(text: string): RoomFacts {
  const list: unknown = JSON.parse(text)
  const events = Array.isArray(list) ? list.filter(isPlainObject) : []
  const contentOf = (type: string): Readonly<Record<string, unknown>> | undefined => {
    const content = events.find((event) => event['type'] === type && event['state_key'] === '')?.['content']
    return isPlainObject(content) ? content : undefined
  }
  const type = contentOf('m.room.create')?.['type']
  const name = contentOf('m.room.name')?.['name']
  return {
    type: typeof type === 'string' ? type : undefined,
    encrypted: contentOf('m.room.encryption') !== undefined,
    name: typeof name === 'string' ? name : undefined,
  }
}
