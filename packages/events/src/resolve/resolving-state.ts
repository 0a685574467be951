import { authEventKeys } from '../auth/auth-event-keys.ts'
import { createEventId } from '../auth/create-event-id.ts'
import type { EventId } from '../ids/ids.ts'
import type { AuthState, Pdu } from '../pdu/pdu.ts'
import type { CommonState } from './conflict.ts'
import type { ResolutionInput } from './resolution.ts'
import { stateTuple, type StateTuple } from './state-tuple.ts'
import { isStep, type Steps } from './steps.ts'

/** The auth events of `event`. In room version 12 and later the create event is one of them, though no event names it. */
export function authEventIds(event: Pdu, input: ResolutionInput): readonly EventId[] {
  const create = createEventId(event.roomId, input.rules)
  return create === undefined || create === event.eventId ? event.authEvents : [...event.authEvents, create]
}

/** The loaded ones of {@link authEventIds}. */
export function loadedAuthEvents(event: Pdu, input: ResolutionInput): readonly Pdu[] {
  return authEventIds(event, input).flatMap((eventId) => input.event(eventId) ?? [])
}

/** Some state events as a state. They are few: an event has at most ten auth events. */
export function stateOf(events: readonly Pdu[]): AuthState {
  return { get: (type, stateKey) => events.find((event) => event.type === type && event.stateKey === stateKey) }
}

/** A state that a resolution builds up: what it starts from, and above that what has been resolved. */
export class ResolvingState {
  readonly #input: ResolutionInput
  readonly #base: Pick<CommonState, 'get'>
  readonly #resolved = new Map<StateTuple, Pdu>()

  constructor(input: ResolutionInput, base: Pick<CommonState, 'get'>) {
    this.#input = input
    this.#base = base
  }

  /** The events resolved so far. */
  get resolved(): ReadonlyMap<StateTuple, Pdu> {
    return this.#resolved
  }

  /** The event that the state has here so far, be it a rejected one. */
  get(type: string, stateKey: string): Pdu | undefined {
    const tuple = stateTuple(type, stateKey)
    const resolved = this.#resolved.get(tuple)
    if (resolved !== undefined) return resolved
    const eventId = this.#base.get(tuple)
    return eventId === undefined ? undefined : this.#input.event(eventId)
  }

  set(event: Pdu): void {
    if (event.stateKey !== undefined) this.#resolved.set(stateTuple(event.type, event.stateKey), event)
  }

  /**
   * What `event` is judged against: this state, and where it has nothing, the event's own auth events. "If a (event_type, state_key) key
   * that is required for checking the authorisation rules is not present in the state, then the appropriate state event from the event's
   * `auth_events` is used if the auth event is not rejected."
   */
  forEvent(event: Pdu): AuthState {
    // A rejected event authorizes nothing, even when a state has it.
    const isAccepted = ({ eventId }: Pdu): boolean => !this.#input.isRejected(eventId)
    const own = stateOf(loadedAuthEvents(event, this.#input).filter(isAccepted))
    return {
      get: (type, stateKey) => {
        const current = this.get(type, stateKey)
        return current !== undefined && isAccepted(current) ? current : own.get(type, stateKey)
      },
    }
  }
}

/** The entries of the unconflicted state that the rules on these events may ask for and that are not loaded. */
export function* missingBase(events: readonly Pdu[], input: ResolutionInput): Steps<Set<EventId>> {
  const missing = new Set<EventId>()
  for (const [at, event] of events.entries()) {
    if (isStep(at)) yield
    for (const [type, stateKey] of authEventKeys(event, input.rules)) {
      const eventId = input.unconflicted.get(stateTuple(type, stateKey))
      if (eventId !== undefined && input.event(eventId) === undefined) missing.add(eventId)
    }
  }
  return missing
}
