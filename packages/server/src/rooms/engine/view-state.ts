import type { AuthState, Pdu } from '@causeway/events'
import type { Database } from '../../storage/database.ts'
import { loadEvents } from './load-room.ts'
import type { RoomView, StateNode } from './room-view.ts'

type Key = readonly [type: string, stateKey: string]

/** The events of a state under some keys, as authorization reads them. Loads those that are not in memory. */
export async function stateFor(db: Database, view: RoomView, node: StateNode, keys: readonly Key[]): Promise<LoadedState> {
  const numbers = keys.map(([type, stateKey]) => {
    const key = view.keys.find(type, stateKey)
    return key === undefined ? 0 : node.state.get(key)
  })
  const events = await loadEvents(
    db,
    view,
    numbers.filter((number) => number !== 0),
  )
  return new LoadedState(events.map((event) => event.pdu))
}

/** A small state made of the events at hand. */
export class LoadedState implements AuthState {
  readonly #pdus: readonly Pdu[]

  constructor(pdus: readonly Pdu[]) {
    this.#pdus = pdus
  }

  /** All of them. */
  get pdus(): readonly Pdu[] {
    return this.#pdus
  }

  get(type: string, stateKey: string): Pdu | undefined {
    return this.#pdus.find((pdu) => pdu.type === type && pdu.stateKey === stateKey)
  }
}
