import { roomCopy, type EventCopy, type RoomCopy } from './room-copy.ts'
import type { SimulatedWorld } from './world.ts'

/** An event that a server has not got. `expected`: even if nobody has said anything since. */
export interface Lack {
  readonly eventId: string
  readonly what: string
  readonly expected: boolean
}

/** Events by id. */
type Events = ReadonlyMap<string, EventCopy>

/** Whoever was in the room when an event was sent has it, but who came while others could not know of it may lack what these sent. */
export function lacks(world: SimulatedWorld, roomId: string, copies: readonly RoomCopy[]): Lack[] {
  const known = new Map<string, EventCopy>()
  const everywhere = world.servers.flatMap((server) => roomCopy(server, roomId) ?? [])
  for (const { events } of everywhere) for (const event of events.values()) known.set(event.eventId, event)
  const accepted = new Map<string, EventCopy>()
  for (const { events } of copies) {
    for (const event of events.values()) {
      if (event.standing === 'accepted') accepted.set(event.eventId, event)
    }
  }
  const lost = leftBehind(everywhere, known, accepted)
  return copies.flatMap((copy) => {
    const before = behindJoins(copy, known)
    const since = sinceJoins(copy, known)
    return [...accepted.values()].flatMap(({ eventId, type, sender }) => {
      const own = copy.events.get(eventId)
      if (before.has(eventId) || lost.has(eventId) || (own !== undefined && own.standing !== 'outlier')) return []
      return [{ eventId, what: `${copy.server.name} lacks ${eventId} (${type} of ${sender})`, expected: since?.has(eventId) !== false }]
    })
  })
}

function isJoin(event: EventCopy | undefined, userId: string | undefined): boolean {
  return event?.type === 'm.room.member' && event.stateKey === userId && event.content['membership'] === 'join'
}

/** The joins by which somebody of a server came into the room, but for the creator's. */
function entering(server: string, known: Events): EventCopy[] {
  return [...known.values()].filter((event) => {
    const { stateKey, authEvents, prevEvents } = event
    if (stateKey?.endsWith(`:${server}`) !== true || !isJoin(event, stateKey)) return false
    // A change of profile rests on the join before it; the creator's follows the create event.
    if (authEvents.some((id) => isJoin(known.get(id), stateKey))) return false
    return !prevEvents.every((id) => known.get(id)?.type === 'm.room.create')
  })
}

/** The events that follow every join by which somebody of the server came into the room; absent where all of them were there from the beginning. */
function sinceJoins({ server }: RoomCopy, known: Events): ReadonlySet<string> | undefined {
  const joins = entering(server.name, known)
  if (joins.length === 0) return undefined
  const following = Map.groupBy(
    [...known.values()].flatMap(({ eventId, prevEvents }) => prevEvents.map((prev) => ({ prev, eventId }))),
    ({ prev }) => prev,
  )
  const after = (join: EventCopy): Set<string> => reached([join.eventId], (id) => (following.get(id) ?? []).map(({ eventId }) => eventId))
  return joins.map(after).reduce((both, one) => both.intersection(one), new Set(known.keys()))
}

/** What need not be there: the past of each event by which the server came into the room while nobody of it was there. */
function behindJoins({ server }: RoomCopy, known: Events): ReadonlySet<string> {
  const joins = [...known.values()].filter((event) => event.stateKey?.endsWith(`:${server.name}`) === true && isJoin(event, event.stateKey))
  return pastOf(joins, known)
}

/**
 * What a server's users said while it had not heard that they had been thrown out, if nobody else has accepted it: when the server comes
 * in again it goes on from where the others are, and nothing ever follows what was said.
 */
function leftBehind(everywhere: readonly RoomCopy[], known: Events, accepted: Events): ReadonlySet<string> {
  const lost = new Set<string>()
  for (const { server } of everywhere) {
    const joins = entering(server.name, known).map((join) => ({ eventId: join.eventId, past: pastOf([join], known) }))
    for (const event of joins.length === 0 ? [] : accepted.values()) {
      const { eventId, sender } = event
      const isOwn = sender.endsWith(`:${server.name}`)
      if (!isOwn || everywhere.some((copy) => copy.server !== server && copy.events.get(eventId)?.standing === 'accepted')) continue
      const past = pastOf([event], known)
      if (joins.some((join) => join.eventId !== eventId && !join.past.has(eventId) && !past.has(join.eventId))) lost.add(eventId)
    }
  }
  return lost
}

/** All that some events follow, as far as it is known. */
export function pastOf(events: readonly EventCopy[], known: Events): Set<string> {
  return reached(
    events.map(({ eventId }) => eventId),
    (id) => known.get(id)?.prevEvents ?? [],
  )
}

/** All that can be reached from some events, without themselves. */
function reached(from: readonly string[], next: (eventId: string) => readonly string[]): Set<string> {
  const found = new Set<string>()
  const queue = [...from]
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    for (const each of next(id)) {
      if (found.has(each)) continue
      found.add(each)
      queue.push(each)
    }
  }
  return found
}
