import { checkResolution } from './check-resolution.ts'
import { lacks, pastOf } from './lacks.ts'
import type { Acknowledged } from './ledger.ts'
import type { Person } from './people.ts'
import type { Record } from './record.ts'
import { roomCopy, type EventCopy, type RoomCopy } from './room-copy.ts'
import type { SimulatedWorld } from './world.ts'

/**
 * All copies of a room on servers that think that somebody of theirs is in it. A server that was thrown out is not among them where nobody
 * may give it what it needs to see that: when it was thrown out before the others heard of its join it gets the ban, and cannot judge it;
 * when its users wrote at the same time, their last member events may stand against the ban by what it knows, and not by what the others
 * have decided since and do not tell it any more. Likewise when the others had closed the room before they heard of a join, or when the one server that
 * had heard of a join came in again through one that had not (seed 11,727).
 */
export function copiesOf(world: SimulatedWorld, roomId: string): RoomCopy[] {
  const copies = world.servers.flatMap((server) => roomCopy(server, roomId) ?? []).filter(({ localJoined }) => localJoined.length > 0)
  const isStuckOutside = (copy: RoomCopy): boolean =>
    ([...copy.events.values()].some(({ standing }) => standing === 'undecided') ||
      copy.localJoined.every((user) => withstands(copy, user, copies))) &&
    copies.every((other) => other === copy || !other.servers.has(copy.server.name))
  return copies.filter((copy) => copies.length === 1 || !isStuckOutside(copy))
}

/** Was a user thrown out by an event that their last member event knows nothing of, or have all others judged that, and not taken it into their state? */
function withstands(copy: RoomCopy, userId: string, copies: readonly RoomCopy[]): boolean {
  const { events, currentState } = copy
  const last = events.get(currentState.get(`m.room.member|${userId}`) ?? '')
  const isDeclined = (other: RoomCopy): boolean => {
    const standing = last === undefined ? undefined : other.events.get(last.eventId)?.standing
    return standing === 'soft-failed' || (standing === 'accepted' && other.memberships.get(userId) !== 'join')
  }
  if (copies.every((other) => other === copy || isDeclined(other))) return true
  const past = last === undefined ? new Set() : pastOf([last], events)
  return [...events.values()].some(({ eventId, type, stateKey, sender, content }) => {
    const isThrownOut = type === 'm.room.member' && stateKey === userId && sender !== userId && content['membership'] !== 'invite'
    return isThrownOut && !past.has(eventId)
  })
}

/**
 * Do all servers in each room agree on its events and its state? `strict`: every one of them has sent something since the
 * world was mended, so that even what soft-failed somewhere is an ancestor of what all have.
 */
export async function checkRooms(world: SimulatedWorld, strict: boolean): Promise<void> {
  const { record, ledger } = world
  for (const { roomId } of world.ledger.rooms) {
    const copies = copiesOf(world, roomId)
    for (const copy of copies) checkCounters(record, copy)
    checkStandings(world, roomId, copies)
    for (const copy of copies) checkSoftFailure(record, copy)
    const lacking = lacks(world, roomId, copies)
    for (const { what, expected, eventId } of lacking) {
      if (strict || (expected && !ledger.unverified.has(eventId))) record.find('all servers have the same events', `${what} of ${roomId}`)
    }
    const softFailed = copies.some(({ events }) => [...events.values()].some(({ standing }) => standing === 'soft-failed'))
    if (strict || (!softFailed && lacking.length === 0 && !ledger.entered.has(roomId))) await checkStates(world, roomId, copies)
  }
}

/** Everything that a server acknowledged is there, and was not judged differently afterwards. */
export function checkAcknowledged(world: SimulatedWorld): void {
  const copies = new Map<string, RoomCopy | undefined>()
  for (const sent of world.ledger.events) {
    const key = `${sent.server.name} ${sent.roomId}`
    if (!copies.has(key)) copies.set(key, roomCopy(sent.server, sent.roomId))
    checkKept(world.record, sent, copies.get(key)?.events.get(sent.eventId))
  }
}

function checkKept(record: Record, { eventId, roomId, server }: Acknowledged, event: EventCopy | undefined): void {
  if (event === undefined) record.find('nothing acknowledged is lost', `${server.name} has lost ${eventId} of ${roomId}`)
  else if (event.standing !== 'accepted') {
    record.find('nothing acknowledged is lost', `${server.name} took ${eventId} of ${roomId}, and now it is ${event.standing}`)
  }
}

/** A message that its client repeated is in the room once. */
export function checkOnce(world: SimulatedWorld): void {
  for (const { roomId } of world.ledger.rooms) {
    for (const server of world.servers) {
      const seen = new Map<string, string>()
      for (const { eventId, sender, type, content } of roomCopy(server, roomId)?.events.values() ?? []) {
        if (typeof content['marker'] !== 'string' || type === 'm.room.member') continue
        const key = `${sender} ${type} ${content['marker']}`
        if (seen.has(key)) world.record.find('what is repeated is done once', `${key} in ${roomId} is ${seen.get(key)} and ${eventId}`)
        seen.set(key, eventId)
      }
    }
  }
}

/** No event is accepted here and rejected there, and nothing stays undecided. */
function checkStandings({ servers, record }: SimulatedWorld, roomId: string, copies: readonly RoomCopy[]): void {
  const rejectedBy = new Map<string, boolean>()
  for (const server of servers) {
    const copy = roomCopy(server, roomId)
    for (const event of copy?.events.values() ?? []) {
      if (event.standing === 'undecided' && copies.some((other) => other.server === server)) {
        record.find('no event is stuck', `${event.eventId} (${event.type}) of ${roomId} is undecided on ${server.name}`)
      }
      if (event.standing === 'undecided' || event.standing === 'outlier') continue
      const rejected = event.standing === 'rejected'
      if ((rejectedBy.get(event.eventId) ?? rejected) !== rejected) {
        record.find(
          'all servers judge alike',
          `${event.eventId} (${event.type}) of ${roomId} is ${event.standing} on ${server.name}, and not elsewhere`,
        )
      }
      rejectedBy.set(event.eventId, rejected)
    }
  }
}

/** Nothing that was forged is accepted anywhere. */
export function checkForged({ servers, ledger, record }: SimulatedWorld): void {
  for (const { eventId, roomId } of ledger.forged) {
    for (const server of servers) {
      const standing = roomCopy(server, roomId)?.events.get(eventId)?.standing
      if (standing === 'accepted' || standing === 'soft-failed') {
        record.find('nothing forged is accepted', `${eventId} of ${roomId} is ${standing} on ${server.name}`)
      }
    }
  }
}

/** Whoever is not in the room by its current state says nothing in its timeline, even if they were when they sent it (check 6). */
function checkSoftFailure(record: Record, { server, roomId, events, moves }: RoomCopy): void {
  for (const { eventId, type, sender, pos } of events.values()) {
    if (pos === undefined || pos < 0 || type === 'm.room.create' || type === 'm.room.member') continue
    const ofSender = moves.filter(({ key }) => key === `m.room.member|${sender}`)
    const before = ofSender.findLast((move) => move.pos < pos)
    const next = ofSender.find((move) => move.pos >= pos)
    const member = before === undefined ? next?.old : before.now
    if (before === undefined && next === undefined) continue
    const membership = member?.content['membership']
    if (membership !== 'join') {
      record.find(
        'soft-failed events are not shown',
        `${eventId} of ${sender} is in the timeline of ${roomId} on ${server.name}: ${String(membership)}`,
      )
    }
  }
}

/** Members and servers are counted as the state says. */
function checkCounters(record: Record, { server, roomId, memberships, servers }: RoomCopy): void {
  const counted = new Map<string, number>()
  for (const [userId, membership] of memberships) {
    const name = userId.slice(userId.indexOf(':') + 1)
    if (membership === 'join') counted.set(name, (counted.get(name) ?? 0) + 1)
  }
  const [a, b] = [textOf(counted), textOf(servers)]
  if (a !== b) record.find('counters are right', `${server.name} counts ${b} in ${roomId}, and its members are ${a}`)
}

/** All users see the same state, and it is what the members' list says. */
async function checkStates(world: SimulatedWorld, roomId: string, copies: readonly RoomCopy[]): Promise<void> {
  const { record } = world
  const version = world.ledger.rooms.find((room) => room.roomId === roomId)?.version
  const seen: { readonly copy: RoomCopy; readonly state: ReadonlyMap<string, string> }[] = []
  for (const copy of copies) {
    const { server, localJoined, memberships, events } = copy
    const client = clientOf(world.people, localJoined[0])
    const state = client === undefined ? undefined : await world.await(client.user.state(roomId))
    if (state === undefined) {
      record.find('no room is stuck', `${localJoined[0]} on ${server.name} cannot read the state of ${roomId}`)
      continue
    }
    for (const [key, eventId] of state) {
      if (!key.startsWith('m.room.member|')) continue
      const [stated, listed] = [events.get(eventId)?.content['membership'], memberships.get(key.slice(14))]
      if (stated !== listed) {
        record.find('counters are right', `${key} of ${roomId} on ${server.name} is ${String(stated)}, and listed as ${listed}`)
      }
    }
    if (seen.length === 0) checkResolution(world, roomId, state)
    const other = seen.find((each) => version !== '1' || !(isPassedOver(each.copy, copy) || isPassedOver(copy, each.copy)))
    seen.push({ copy, state })
    const different = other === undefined ? [] : differences(other.state, state)
    if (different.length > 0) {
      const between = `${other?.copy.server.name} and ${server.name}`
      record.find('all servers have the same state', `${roomId} on ${between}: ${different.slice(0, 4).join('; ')}`)
    }
  }
}

/**
 * Has `other` soft-failed an event of `one`, and nothing since that follows it? Then its state knows nothing of that event until somebody
 * may speak. State resolution of room version 1 knows no senders whose membership is in conflict: it takes power levels back when whoever
 * set them has left, if the branches before and after are resolved together. Who may speak by these is soft-failed by those who had only
 * the branches afterwards, and whose users may not speak by the new levels.
 */
function isPassedOver(one: RoomCopy, other: RoomCopy): boolean {
  const accepted = [...other.events.values()].filter(({ standing }) => standing === 'accepted')
  const followed = pastOf(accepted, other.events)
  return [...one.events.values()].some(
    ({ eventId, standing }) => standing === 'accepted' && other.events.get(eventId)?.standing === 'soft-failed' && !followed.has(eventId),
  )
}

function clientOf(people: readonly Person[], userId: string | undefined): Person['clients'][number] | undefined {
  return people.find((person) => person.userId === userId)?.clients.find(({ loggedOut }) => !loggedOut)
}

/** Entries that two maps have not in common. */
export function differences(one: ReadonlyMap<string, unknown>, other: ReadonlyMap<string, unknown>): string[] {
  const keys = new Set([...one.keys(), ...other.keys()])
  return [...keys].flatMap((key) =>
    one.get(key) === other.get(key) ? [] : [`${key}: ${String(one.get(key))} / ${String(other.get(key))}`],
  )
}

function textOf(map: ReadonlyMap<string, number>): string {
  return [...map]
    .map(([name, n]) => `${name} ${n}`)
    .sort()
    .join(', ')
}
