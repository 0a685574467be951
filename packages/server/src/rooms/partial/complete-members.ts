import { parseUserId, serverOf, type ServerName } from '@causeway/events'
import { limits } from '../../limits.ts'
import { TimeSlice } from '../../platform/time-slice.ts'
import { upsertMembership } from '../../storage/tables/memberships.ts'
import { upsertRoomServer } from '../../storage/tables/rooms.ts'
import type { EnginePorts } from '../engine/engine-ports.ts'
import { loadEvents } from '../engine/load-room.ts'
import type { LocalMembershipChange } from '../engine/room-announcement.ts'
import type { RoomUnit } from '../engine/room-unit.ts'
import type { RoomView } from '../engine/room-view.ts'
import type { EventNumber, KeyNumber, StateVector } from '../engine/state-vector.ts'
import { standing, type StoredEvent } from '../engine/stored-event.ts'
import { memberFact, type MemberFact } from './full-state.ts'
import type { GivenStates } from './complete-room.ts'

/** Memberships and servers of a room whose state has become complete. */
export class CompleteMembers {
  readonly #ports: EnginePorts
  readonly #view: RoomView
  readonly #unit: RoomUnit
  readonly #facts: Map<EventNumber, MemberFact>

  /** `facts`: what is known of member events already; the others are looked up. */
  constructor(ports: EnginePorts, view: RoomView, unit: RoomUnit, facts: Map<EventNumber, MemberFact>) {
    this.#ports = ports
    this.#view = view
    this.#unit = unit
    this.#facts = facts
  }

  /**
   * Write what is different from the provisional state, and the servers without those that were only listed. `written`: by which member
   * events memberships were written already, by their keys. Gives the servers with joined members.
   */
  async write(
    provisional: StateVector,
    listed: ReadonlySet<ServerName>,
    written: ReadonlyMap<KeyNumber, EventNumber>,
  ): Promise<ReadonlySet<ServerName>> {
    const view = this.#view
    const { state } = view.current
    const changes = provisional
      .differences(state)
      .filter(([key, old, now]) => view.keys.at(key)?.type === 'm.room.member' && (old !== 0 || written.get(key) !== now))
    // What a state said that was resolved away is taken back.
    for (const [key, event] of written) if (state.get(key) === 0 && provisional.get(key) === 0) changes.push([key, event, 0])
    await this.#lookUp(changes.flatMap(([, old, now]) => [old, now]))
    const counts = new Map<ServerName, number>()
    for (const [server, count] of view.servers) counts.set(server, count - (listed.has(server) ? 1 : 0))
    const touched = new Set(listed)
    const local: LocalMembershipChange[] = []
    const slice = new TimeSlice(this.#ports.clock)
    for (const [key, old, now] of changes) {
      if (slice.over) await slice.rest()
      const userId = parseUserId(view.keys.at(key)?.stateKey ?? '')
      if (userId === undefined) continue
      const fact = this.#facts.get(now)
      const membership = membershipOf(fact)
      const was = old === 0 ? undefined : membershipOf(this.#facts.get(old))
      const server = serverOf(userId)
      const moved = Number(membership === 'join') - Number(was === 'join')
      if (moved !== 0) {
        touched.add(server)
        counts.set(server, (counts.get(server) ?? 0) + moved)
      }
      const isLocal = server === this.#ports.serverName
      if (isLocal) local.push({ userId, membership })
      this.#unit.whenPlaced((position) =>
        this.#unit.draft.add(
          upsertMembership,
          view.room,
          userId,
          membership,
          now,
          view.livePos,
          this.#ports.db.slot,
          position,
          isLocal ? 1 : 0,
          0,
          fact?.sender ?? userId,
          null,
        ),
      )
    }
    this.#unit.addMemberships(local)
    for (const server of touched) {
      const joined = counts.get(server) ?? 0
      this.#unit.draft.add(upsertRoomServer, view.room, server, joined, joined === 0 ? view.livePos : null)
    }
    return new Set([...counts].flatMap(([server, joined]) => (joined > 0 ? [server] : [])))
  }

  /** The servers with joined members in states that were fetched. */
  serversOf(given: GivenStates): Set<ServerName> {
    const servers = new Set<ServerName>()
    for (const full of given.values()) {
      if (full === 'unknown') continue
      for (const [key, event] of full.state.entries()) {
        if (full.members.get(event)?.membership !== 'join') continue
        const userId = parseUserId(this.#view.keys.at(key)?.stateKey ?? '')
        if (userId !== undefined) servers.add(serverOf(userId))
      }
    }
    return servers
  }

  /** The servers of those who came in by some events. */
  joinedBy(events: Iterable<StoredEvent>): Set<ServerName> {
    const servers = new Set<ServerName>()
    for (const event of events) {
      const { pdu } = event
      const joins = event.standing === standing.accepted && pdu.type === 'm.room.member' && memberFact(pdu).membership === 'join'
      const userId = joins ? parseUserId(pdu.stateKey ?? '') : undefined
      if (userId !== undefined) servers.add(serverOf(userId))
    }
    return servers
  }

  async #lookUp(numbers: readonly EventNumber[]): Promise<void> {
    const absent = [...new Set(numbers)].filter((number) => number !== 0 && !this.#facts.has(number))
    for (let at = 0; at < absent.length; at += limits.eventsPerReadMax) {
      const events = await loadEvents(this.#ports.db, this.#view, absent.slice(at, at + limits.eventsPerReadMax))
      for (const event of events) this.#facts.set(event.event, memberFact(event.pdu))
      await this.#ports.clock.sleep(0)
    }
  }
}

function membershipOf(fact: MemberFact | undefined): LocalMembershipChange['membership'] {
  return fact?.membership ?? 'leave'
}
