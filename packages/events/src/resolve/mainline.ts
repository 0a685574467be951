import type { EventId } from '../ids/ids.ts'
import { compareCodePoints } from '../json/canonical-json.ts'
import type { Pdu } from '../pdu/pdu.ts'
import type { ResolutionInput } from './resolution.ts'
import { isStep, type Steps } from './steps.ts'

/** Sorted events, or what must be loaded to sort them. */
export type Ordering = { readonly sorted: readonly Pdu[] } | { readonly missing: readonly EventId[] }

/**
 * Sorts events by the *mainline ordering* based on `power`, the m.room.power_levels event of a partially resolved state: those whose
 * power levels are older come first, then by time, then by id.
 * https://spec.matrix.org/v1.19/rooms/v2/#definitions
 */
export function* mainlineOrdering(events: readonly Pdu[], power: Pdu | undefined, input: ResolutionInput): Steps<Ordering> {
  const mainline = new Mainline(power, input)
  const positions = new Map<EventId, number>()
  for (const [at, event] of events.entries()) {
    if (isStep(at)) yield
    positions.set(event.eventId, mainline.positionOf(event))
  }
  if (mainline.missing.size > 0) return { missing: [...mainline.missing] }

  const positionOf = (event: Pdu): number => positions.get(event.eventId) ?? Infinity
  const sorted = events.toSorted((x, y) => {
    const xPosition = positionOf(x)
    const yPosition = positionOf(y)
    if (xPosition !== yPosition) return xPosition > yPosition ? -1 : 1
    return x.originServerTs - y.originServerTs || compareCodePoints(x.eventId, y.eventId)
  })
  return { sorted }
}

/**
 * The mainline of P₀ is P₀, the power levels event among its auth events, the one among that one's, and so on. It is walked only as far
 * as some event needs, because the power levels of an old room go back for thousands of events and the places where forks leave them are
 * near.
 */
class Mainline {
  readonly missing = new Set<EventId>()
  readonly #input: ResolutionInput
  /** The positions of power levels events: of those on the mainline, and of those whose own chain was followed to it. */
  readonly #positions = new Map<EventId, number>()
  #last: Pdu | undefined
  #length = 0

  constructor(power: Pdu | undefined, input: ResolutionInput) {
    this.#input = input
    this.#append(power)
  }

  /**
   * The index on the mainline where the event's own chain of power levels events meets it, Infinity when it never does. The event itself
   * does not count: "Find the smallest index j ≥ 1 for which eⱼ belongs to the mainline of P."
   */
  positionOf(event: Pdu): number {
    const chain = new Set<EventId>()
    const missingBefore = this.missing.size
    let at = this.#powerLevelsOf(event)
    while (at !== undefined && !chain.has(at.eventId)) {
      const known = this.#positions.get(at.eventId)
      if (known !== undefined) return this.#remember(chain, known)
      chain.add(at.eventId)
      // One step on each side: the two meet at the first event that both have.
      const reached = this.#extend()
      if (reached !== undefined && chain.has(reached.eventId)) return this.#remember(chain, this.#length - 1, reached)
      at = this.#powerLevelsOf(at)
    }
    if (this.missing.size > missingBefore) return Infinity
    // The chain has ended: either the rest of the mainline meets it, or nothing does.
    for (let reached = chain.size > 0 ? this.#extend() : undefined; reached !== undefined; reached = this.#extend()) {
      if (chain.has(reached.eventId)) return this.#remember(chain, this.#length - 1, reached)
    }
    return this.#remember(chain, Infinity)
  }

  /**
   * The events of a chain have the position where it meets the mainline, up to the meeting event, behind which it is the mainline itself.
   */
  #remember(chain: ReadonlySet<EventId>, position: number, meeting?: Pdu): number {
    for (const eventId of chain) {
      if (eventId === meeting?.eventId) break
      this.#positions.set(eventId, position)
    }
    return position
  }

  #extend(): Pdu | undefined {
    const next = this.#last === undefined ? undefined : this.#powerLevelsOf(this.#last)
    return this.#append(next)
  }

  #append(event: Pdu | undefined): Pdu | undefined {
    // An event that is there already closes a cycle.
    this.#last = event === undefined || this.#positions.get(event.eventId) !== undefined ? undefined : event
    if (this.#last !== undefined) this.#positions.set(this.#last.eventId, this.#length++)
    return this.#last
  }

  #powerLevelsOf(event: Pdu): Pdu | undefined {
    for (const eventId of event.authEvents) {
      const authEvent = this.#input.event(eventId)
      if (authEvent === undefined) this.missing.add(eventId)
      else if (authEvent.type === 'm.room.power_levels' && authEvent.stateKey === '') return authEvent
    }
    return undefined
  }
}
