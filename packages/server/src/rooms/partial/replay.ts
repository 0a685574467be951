import type { EventId } from '@causeway/events'
import { limits } from '../../limits.ts'
import { correctEvent } from '../../storage/tables/partial-joins.ts'
import { removeRelation } from '../../storage/tables/relations.ts'
import { removeMissingEvent } from '../../storage/tables/rooms.ts'
import { applyRedaction } from '../engine/apply-redaction.ts'
import type { EnginePorts } from '../engine/engine-ports.ts'
import { loadEvents, loadNode, loadNumbers, tipOf } from '../engine/load-room.ts'
import { noteDisorder } from '../engine/note-disorder.ts'
import { packEdges } from '../engine/packed-numbers.ts'
import { writeNode } from '../engine/place-event.ts'
import { resolveNodes, resolveTips } from '../engine/resolve-tips.ts'
import type { RoomUnit } from '../engine/room-unit.ts'
import type { RoomView, StateNode, Tip } from '../engine/room-view.ts'
import type { EventNumber, StateVector } from '../engine/state-vector.ts'
import { inGraph, standing, type StoredEvent } from '../engine/stored-event.ts'
import { judge } from '../inbound/judge.ts'
import { addRelation } from '../relations/place-relation.ts'

/** The state after an event that is not in our graph; 'unknown' where no server gives it. */
export type StateAfter = ReadonlyMap<EventId, StateVector | 'unknown'>

/** A key of the current state came to be held by another event. */
export interface ReplayedChange {
  readonly pos: number
  readonly key: number
  readonly old: EventNumber
  readonly new: EventNumber
}

/**
 * Judges events again that were judged by a part of their room's state: each by the whole state before it, in the order of
 * the graph. Works on a view of its own, which nobody else sees, and writes into one unit. Runs under the room's queue.
 */
export class Replay {
  /** How the current state moved, in the order of positions, as it is now. */
  readonly changes: ReplayedChange[] = []
  /** Did an event's standing change? */
  corrected = false
  readonly #ports: EnginePorts
  readonly #view: RoomView
  readonly #unit: RoomUnit
  readonly #given: StateAfter
  readonly #anchors: ReadonlySet<EventNumber>
  readonly #last: boolean
  /** The current state before the first of the events. */
  readonly #start: StateNode
  readonly #nodes = new Map<EventId, StateNode>()
  readonly #judged = new Map<EventNumber, { readonly event: StoredEvent; readonly after: StateNode }>()
  /** Accepted now, and not before: they have no place in the timeline yet. */
  readonly #late: { readonly event: StoredEvent; readonly after: StateNode }[] = []

  /**
   * `view`: with the tips and the current state before the first of the events. `anchors`: joins with which the room began for us. `last`:
   * the events are not to be judged once more.
   */
  constructor(
    ports: EnginePorts,
    view: RoomView,
    unit: RoomUnit,
    { given, anchors, last }: { readonly given: StateAfter; readonly anchors: ReadonlySet<EventNumber>; readonly last: boolean },
  ) {
    this.#ports = ports
    this.#view = view
    this.#unit = unit
    this.#given = given
    this.#anchors = anchors
    this.#last = last
    this.#start = view.current
  }

  /** The events as they stand now. */
  *judged(): Iterable<StoredEvent> {
    for (const { event } of this.#judged.values()) yield event
  }

  /** Judge one event; those that it follows have been judged. */
  async judge(event: StoredEvent): Promise<void> {
    const view = this.#view
    const isAnchor = this.#anchors.has(event.event)
    const before = await this.#stateBefore(event, isAnchor)
    const judgement = await judge(this.#ports, view, this.#unit, event.pdu, {
      stateBefore: before,
      // What came to be known before there was a current state is not measured by it.
      historical: isAnchor || !this.#begun(),
      policyAsked: true,
    })
    const stands = 'standing' in judgement ? judgement.standing : event.standing
    const accepted = stands === standing.accepted
    // A soft-failed event has its part in the state of whatever follows it (Server-Server API, "Soft failure").
    const counts = accepted || stands === standing.softFailed
    const after = counts && event.isState ? this.#successor(before, event) : before
    const corrected: StoredEvent = {
      ...event,
      standing: stands,
      pos: accepted ? event.pos : undefined,
      counts: accepted ? event.counts : undefined,
      stateBefore: before.node,
      stateAfter: after.node,
      edges: await this.#edges(event),
    }
    if (stands !== event.standing) this.corrected = true
    this.#unit.hold(corrected)
    if (accepted && event.pos === undefined) {
      this.#late.push({ event: corrected, after })
      this.#judged.set(event.event, { event: corrected, after })
      return
    }
    this.#judged.set(event.event, { event: corrected, after })
    if (accepted) await this.#advance(corrected, after, isAnchor ? [] : view.tips, true)
    else if (event.pos !== undefined) this.#unit.addLast(removeRelation, [view.room, event.event])
    this.#write(corrected)
  }

  /** After the last of them: what is accepted only now becomes the newest of the timeline. */
  async finish(): Promise<void> {
    const view = this.#view
    const followed = new Set(
      [...this.#judged.values()].flatMap(({ event }) => (event.standing === standing.accepted ? event.edges.prev : [])),
    )
    for (const { event, after } of this.#late) {
      view.livePos += 1
      const late: StoredEvent = { ...event, pos: view.livePos, slot: this.#ports.db.slot, position: 0, counts: view.counts }
      this.#unit.hold(late)
      this.#unit.addLive(late)
      this.#judged.set(event.event, { event: late, after })
      await this.#advance(late, after, view.tips, !followed.has(event.event))
      addRelation(view, this.#unit, late)
      if (late.pdu.type === 'm.room.redaction') await applyRedaction(this.#ports, view, this.#unit, late)
      this.#write(late)
    }
    await this.#recordChanges()
  }

  async #advance(event: StoredEvent, after: StateNode, tips: readonly Tip[], isTip: boolean): Promise<void> {
    const view = this.#view
    const others = tips.filter((tip) => !event.edges.prev.includes(tip.event))
    const moved = isTip ? [...others, tipOf(event)] : others
    view.current = moved.length === 0 ? after : await resolveTips(this.#ports, view, moved, after, this.#writeNode)
    view.tips = moved
  }

  /**
   * How the current state moved from place to place of the timeline. Events were judged in the order of the graph, in which one that was
   * fetched later may come before those that follow it: there it moves nothing any more.
   */
  async #recordChanges(): Promise<void> {
    const view = this.#view
    const accepted = [...this.#judged.values()].flatMap(({ event, after }) =>
      event.standing === standing.accepted && event.pos !== undefined ? [{ event, after, pos: event.pos }] : [],
    )
    const followed = new Set<EventNumber>()
    let tips: readonly Tip[] = []
    let current = this.#start
    for (const { event, after, pos } of accepted.toSorted((a, b) => a.pos - b.pos)) {
      const isFollowed = followed.has(event.event)
      this.#follow(event, followed)
      if (isFollowed) continue
      const others = this.#anchors.has(event.event) ? [] : tips.filter((tip) => !followed.has(tip.event))
      tips = [...others, tipOf(event)]
      const moved = await resolveTips(this.#ports, view, tips, after, this.#writeNode)
      for (const [key, old, now] of current.state.differences(moved.state)) this.changes.push({ pos, key, old, new: now })
      current = moved
    }
    view.tips = tips
    view.current = current
  }

  /** Everything that an event follows, as far as it was judged here, is followed by it. */
  #follow(event: StoredEvent, followed: Set<EventNumber>): void {
    const queue = [...event.edges.prev]
    for (let number = queue.pop(); number !== undefined; number = queue.pop()) {
      if (number === 0 || followed.has(number)) continue
      followed.add(number)
      queue.push(...(this.#judged.get(number)?.event.edges.prev ?? []))
    }
  }

  /** An anchor's prev events may have come since it did; the server that let us in knows better what the state was after them. */
  async #stateBefore(event: StoredEvent, isAnchor: boolean): Promise<StateNode> {
    const { db } = this.#ports
    const view = this.#view
    // Nothing goes before a create event, and before what only claims to have no past.
    if (event.pdu.prevEvents.length === 0) return loadNode(db, view, 0)
    const numbers = await loadNumbers(db, view, event.pdu.prevEvents)
    const nodes = new Map<number, StateNode>()
    for (const id of event.pdu.prevEvents) {
      const number = numbers.get(id)
      const judged = number === undefined ? undefined : this.#judged.get(number)
      const [known] = number === undefined || judged !== undefined ? [] : await loadEvents(db, view, [number])
      const own = judged?.after ?? (known !== undefined && inGraph(known) ? await loadNode(db, view, known.stateAfter) : undefined)
      const node = own === undefined || (isAnchor && this.#given.has(id)) ? await this.#givenNode(id) : own
      if (node !== undefined) nodes.set(node.node, node)
    }
    if (nodes.size === 0) return this.#brought(event)
    return resolveNodes(this.#ports, view, [...nodes.values()], this.#writeNode)
  }

  /** Has one of the joins been judged? */
  #begun(): boolean {
    return [...this.#anchors].some((anchor) => this.#judged.has(anchor))
  }

  /** Where nobody tells the state before an event: the current one, once there is a join, else the one that the first join brought. */
  async #brought(event: StoredEvent): Promise<StateNode> {
    const view = this.#view
    const [anchor = event.event] = this.#anchors
    const [join] = this.#judged.has(anchor) ? [] : await loadEvents(this.#ports.db, view, [anchor])
    const ids = join?.pdu.prevEvents.filter((id) => this.#given.has(id)) ?? []
    const nodes = (await Promise.all(ids.map((id) => this.#givenNode(id)))).filter((node) => node !== undefined)
    return nodes.length === 0 ? view.current : resolveNodes(this.#ports, view, nodes, this.#writeNode)
  }

  /** The state after an event that is not here: as a server gave it, else the current one. */
  async #givenNode(id: EventId): Promise<StateNode | undefined> {
    const state = this.#given.get(id)
    if (state === undefined || state === 'unknown') return this.#view.current.node === 0 ? undefined : this.#view.current
    const known = this.#nodes.get(id)
    if (known !== undefined) return known
    const none = await loadNode(this.#ports.db, this.#view, 0)
    const node = this.#writeNode({ node: this.#view.nextNumber(), links: limits.stateLinksMax + 1, state }, none)
    this.#nodes.set(id, node)
    return node
  }

  #successor(before: StateNode, event: StoredEvent): StateNode {
    const node = { node: this.#view.nextNumber(), links: before.links + 1, state: before.state.with(event.key, event.event) }
    return this.#writeNode(node, before)
  }

  readonly #writeNode = (node: StateNode, from: StateNode): StateNode => writeNode(this.#unit, node, from)

  /** Its prev and auth events may have come since. Prev events that we have apart from the graph count as missing. */
  async #edges({ pdu, event, edges }: StoredEvent): Promise<StoredEvent['edges']> {
    const numbers = await loadNumbers(this.#ports.db, this.#view, [...pdu.prevEvents, ...pdu.authEvents])
    const known = pdu.prevEvents.flatMap((id) => numbers.get(id) ?? [])
    const placed = new Set((await loadEvents(this.#ports.db, this.#view, known)).filter(inGraph).map((each) => each.event))
    const prev = pdu.prevEvents.map((id) => numbers.get(id) ?? 0).map((number) => (placed.has(number) ? number : 0))
    for (const [index, id] of pdu.prevEvents.entries()) {
      if (edges.prev[index] === 0 && prev[index] !== 0) this.#unit.draft.add(removeMissingEvent, this.#view.room, id, event)
    }
    const auth = pdu.authEvents.map((id) => numbers.get(id) ?? 0)
    noteDisorder(this.#view, this.#unit, event, auth)
    return { prev, auth }
  }

  #write(event: StoredEvent): void {
    this.#unit.whenPlaced(() => {
      const place = [event.standing, this.#last ? 0 : 1, event.pos ?? null, event.slot, event.position] as const
      const state = [event.stateBefore, event.stateAfter, packEdges(event.edges), event.counts ?? null] as const
      this.#unit.draft.add(correctEvent, this.#view.room, event.event, ...place, ...state)
    })
  }
}
