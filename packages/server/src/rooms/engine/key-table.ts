import type { KeyNumber } from './state-vector.ts'

/** One interned pair; `stateKey` is absent for a type of message events. */
export interface RoomKey {
  readonly type: string
  readonly stateKey: string | undefined
}

/**
 * The numbers of a room's event types and (type, state key) pairs. A number never changes its meaning. Numbers made since
 * the last `takeNew` still have to be written.
 */
export class KeyTable {
  readonly #keys: RoomKey[] = [{ type: '', stateKey: undefined }]
  readonly #numbers = new Map<string, Map<string | undefined, KeyNumber>>()
  #fresh: KeyNumber[] = []

  /** How many numbers there are; 0 is never one. */
  get size(): number {
    return this.#keys.length - 1
  }

  /** Add a pair that storage holds. Pairs come in the order of their numbers. */
  restore(key: KeyNumber, type: string, stateKey: string | undefined): void {
    this.#keys[key] = { type, stateKey }
    this.#index(type, stateKey, key)
  }

  #index(type: string, stateKey: string | undefined, key: KeyNumber): void {
    let ofType = this.#numbers.get(type)
    if (ofType === undefined) this.#numbers.set(type, (ofType = new Map()))
    ofType.set(stateKey, key)
  }

  /** The pair of a number. */
  at(key: KeyNumber): RoomKey | undefined {
    return this.#keys[key]
  }

  /** The number of a pair, if it has one: without one the room never had such an event. */
  find(type: string, stateKey: string | undefined): KeyNumber | undefined {
    return this.#numbers.get(type)?.get(stateKey)
  }

  /** The number of a pair, made when it has none. */
  intern(type: string, stateKey: string | undefined): KeyNumber {
    const known = this.find(type, stateKey)
    if (known !== undefined) return known
    const key = this.#keys.length
    this.#keys.push({ type, stateKey })
    this.#index(type, stateKey, key)
    this.#fresh.push(key)
    return key
  }

  /** All numbers of a type that have a state key. */
  *ofType(type: string): Generator<[stateKey: string, key: KeyNumber]> {
    for (const [stateKey, key] of this.#numbers.get(type) ?? []) if (stateKey !== undefined) yield [stateKey, key]
  }

  /** The numbers made since the last call, to be written with the commit that first uses them. */
  takeNew(): readonly KeyNumber[] {
    const fresh = this.#fresh
    this.#fresh = []
    return fresh
  }
}
