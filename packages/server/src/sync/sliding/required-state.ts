import type { UserId } from '@causeway/events'
import type { RoomView } from '../../rooms/engine/room-view.ts'
import type { KeyNumber, StateVector } from '../../rooms/engine/state-vector.ts'
import { requiredStateMax } from './limits.ts'

const any = '*'
const memberType = 'm.room.member'

/**
 * Which state a connection wants of a room (MSC4186, `required_state`): pairs of type and state key, where `*` stands for
 * all, `$ME` for the reader and, with m.room.member, `$LAZY` for the members whom the timeline needs. `$LAZY` takes members
 * out of what `*` as a type stands for.
 */
export class RequiredState {
  static readonly none = new RequiredState(new Map(), false)
  readonly lazy: boolean
  /** The same for equal wishes. */
  readonly text: string
  readonly #keysOf: ReadonlyMap<string, ReadonlySet<string>>

  private constructor(keysOf: ReadonlyMap<string, ReadonlySet<string>>, lazy: boolean) {
    this.lazy = lazy
    this.#keysOf = keysOf
    const pairs = [...keysOf].flatMap(([type, keys]) => [...keys].map((key) => [type, key]))
    const sorted = pairs.map((pair) => JSON.stringify(pair)).sort()
    this.text = `[${[...(lazy ? ['"lazy"'] : []), ...sorted].join(',')}]`
  }

  static of(pairs: readonly (readonly [type: string, stateKey: string])[], me: UserId): RequiredState {
    const keysOf = new Map<string, Set<string>>()
    let lazy = false
    for (const [type, key] of pairs) {
      if (type === memberType && key === '$LAZY') lazy = true
      else addTo(keysOf, type, key === '$ME' ? me : key)
    }
    return new RequiredState(keysOf, lazy)
  }

  /** From `text`, our own. */
  static parse(text: string): RequiredState {
    const entries: unknown = JSON.parse(text)
    const keysOf = new Map<string, Set<string>>()
    let lazy = false
    for (const entry of Array.isArray(entries) ? entries : []) {
      if (!Array.isArray(entry)) lazy = true
      else addTo(keysOf, String(entry[0]), String(entry[1]))
    }
    return new RequiredState(keysOf, lazy)
  }

  /** All that either wants; if that is too much to remember, what `other` wants. */
  union(other: RequiredState): RequiredState {
    if (this.text === other.text) return this
    const keysOf = new Map<string, Set<string>>()
    let size = 0
    for (const { type, key } of [...this.#pairs(), ...other.#pairs()]) {
      addTo(keysOf, type, key)
      size += 1
    }
    return size > 2 * requiredStateMax ? other : new RequiredState(keysOf, this.lazy || other.lazy)
  }

  /** Is everything that `other` wants wanted here? It may say no where it is so all the same. */
  covers(other: RequiredState): boolean {
    if (this.text === other.text) return true
    if (other.lazy && !this.lazy && !this.wants(memberType, any)) return false
    const takesMembersOut = this.lazy && !other.lazy
    for (const { type, key } of other.#pairs()) {
      if (type === any && (takesMembersOut || !this.#has(any, key))) return false
      if (type !== any && !this.wants(type, key)) return false
    }
    return true
  }

  /** Are all members of the room wanted, not only those whom its timeline needs? */
  get wantsAllMembers(): boolean {
    return this.wants(memberType, any)
  }

  /** Is this piece of state wanted, whatever the timeline shows? */
  wants(type: string, stateKey: string): boolean {
    return this.#has(type, stateKey) || (this.#has(any, stateKey) && !(this.lazy && type === memberType))
  }

  /** The keys of a state that are wanted. Costs as much as they are, and as the state is large only for `*` as a type. */
  keysIn(view: RoomView, state: StateVector): KeyNumber[] {
    const found: KeyNumber[] = []
    if (this.#keysOf.has(any)) {
      for (const [key] of state.entries()) if (this.wantsKey(view, key)) found.push(key)
      return found
    }
    for (const [type, keys] of this.#keysOf) {
      if (keys.has(any)) for (const [, key] of view.keys.ofType(type)) found.push(key)
      else {
        for (const stateKey of keys) {
          const key = view.keys.find(type, stateKey)
          if (key !== undefined) found.push(key)
        }
      }
    }
    return found.filter((key) => state.get(key) !== 0)
  }

  wantsKey(view: RoomView, key: KeyNumber): boolean {
    const pair = view.keys.at(key)
    return pair?.stateKey !== undefined && this.wants(pair.type, pair.stateKey)
  }

  #has(type: string, stateKey: string): boolean {
    const keys = this.#keysOf.get(type)
    return keys !== undefined && (keys.has(any) || keys.has(stateKey))
  }

  *#pairs(): Generator<{ readonly type: string; readonly key: string }> {
    for (const [type, keys] of this.#keysOf) for (const key of keys) yield { type, key }
  }
}

function addTo(keysOf: Map<string, Set<string>>, type: string, key: string): void {
  const keys = keysOf.get(type)
  if (keys === undefined) keysOf.set(type, new Set([key]))
  else keys.add(key)
}
