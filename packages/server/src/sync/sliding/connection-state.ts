import type { Positions } from '../../rooms/history/positions.ts'
import { sentRoomsMax } from './limits.ts'
import { RequiredState } from './required-state.ts'

/** Up to where a client has something; `undefined` is up to its `pos`. */
export type SentUpTo = Positions | undefined

/** What a client was sent of a room. */
export interface SentRoom {
  readonly upTo: SentUpTo
  readonly timelineLimit: number
  readonly requiredState: RequiredState
}

/**
 * What a connection has been sent, as of one generation; rooms by number, and what is not named was never sent. That a room
 * goes on being sent up to `pos` changes nothing here: such answers need no new generation.
 */
export class ConnectionState {
  static readonly empty = new ConnectionState(new Map(), new Map(), new Map())
  readonly rooms: ReadonlyMap<number, SentRoom>
  readonly accountData: ReadonlyMap<number, SentUpTo>
  readonly receipts: ReadonlyMap<number, SentUpTo>

  constructor(rooms: ReadonlyMap<number, SentRoom>, accountData: ReadonlyMap<number, SentUpTo>, receipts: ReadonlyMap<number, SentUpTo>) {
    this.rooms = rooms
    this.accountData = accountData
    this.receipts = receipts
  }

  /** For the bound of memory. */
  get weight(): number {
    return 1 + this.rooms.size + this.accountData.size + this.receipts.size
  }

  /** As JSON. What repeats (positions, required state) is written once. */
  encode(): string {
    const positions = new Numbered()
    const required = new Numbered()
    const place = (upTo: SentUpTo): number => (upTo === undefined ? -1 : positions.of(JSON.stringify([...upTo])))
    const rooms = [...this.rooms].map(([room, sent]) => [room, sent.timelineLimit, required.of(sent.requiredState.text), place(sent.upTo)])
    const other = (sent: ReadonlyMap<number, SentUpTo>): number[][] => [...sent].map(([room, upTo]) => [room, place(upTo)])
    const [accountData, receipts] = [other(this.accountData), other(this.receipts)]
    return JSON.stringify({ rooms, accountData, receipts, positions: positions.texts, required: required.texts })
  }

  /** From what `encode` wrote. */
  static decode(text: string): ConnectionState {
    const { rooms, accountData, receipts, positions, required } = JSON.parse(text) as Encoded
    const places = positions.map((place): Positions => new Map(JSON.parse(place) as [number, number][]))
    const states = required.map((state) => RequiredState.parse(state))
    const upTo = (place: number): SentUpTo => (place < 0 ? undefined : places[place])
    return new ConnectionState(
      new Map(
        rooms.map(([room, timelineLimit, state, place]) => [
          room,
          { timelineLimit, requiredState: states[state] ?? RequiredState.none, upTo: upTo(place) },
        ]),
      ),
      new Map(accountData.map(([room, place]) => [room, upTo(place)])),
      new Map(receipts.map(([room, place]) => [room, upTo(place)])),
    )
  }
}

/** Our own text. */
interface Encoded {
  readonly rooms: readonly (readonly [room: number, timelineLimit: number, state: number, place: number])[]
  readonly accountData: readonly (readonly [room: number, place: number])[]
  readonly receipts: readonly (readonly [room: number, place: number])[]
  readonly positions: readonly string[]
  readonly required: readonly string[]
}

class Numbered {
  readonly texts: string[] = []
  readonly #numbers = new Map<string, number>()

  of(text: string): number {
    let number = this.#numbers.get(text)
    if (number === undefined) {
      number = this.texts.push(text) - 1
      this.#numbers.set(text, number)
    }
    return number
  }
}

/** What one answer changes of a connection's state. */
export class StateChanges {
  readonly #from: ConnectionState
  readonly #rooms = new Map<number, SentRoom>()
  readonly #accountData = new Map<number, SentUpTo>()
  readonly #receipts = new Map<number, SentUpTo>()

  constructor(from: ConnectionState) {
    this.#from = from
  }

  sentRoom(room: number, sent: SentRoom): void {
    const was = this.#from.rooms.get(room)
    const same =
      was !== undefined &&
      was.upTo === sent.upTo &&
      was.timelineLimit === sent.timelineLimit &&
      was.requiredState.text === sent.requiredState.text
    if (same) this.#rooms.delete(room)
    else this.#rooms.set(room, sent)
  }

  sentAccountData(room: number, upTo: SentUpTo): void {
    note(this.#from.accountData, this.#accountData, room, upTo)
  }

  sentReceipts(room: number, upTo: SentUpTo): void {
    note(this.#from.receipts, this.#receipts, room, upTo)
  }

  /** The state after the answer; the same object if nothing changed. */
  apply(): ConnectionState {
    const { rooms, accountData, receipts } = this.#from
    if (this.#rooms.size + this.#accountData.size + this.#receipts.size === 0) return this.#from
    return new ConnectionState(merged(rooms, this.#rooms), merged(accountData, this.#accountData), merged(receipts, this.#receipts))
  }
}

function note(from: ReadonlyMap<number, SentUpTo>, changes: Map<number, SentUpTo>, room: number, upTo: SentUpTo): void {
  if (from.has(room) && from.get(room) === upTo) changes.delete(room)
  else changes.set(room, upTo)
}

/** What changed is put last, so that what was sent longest ago is what goes beyond the bound. */
function merged<T>(from: ReadonlyMap<number, T>, changes: ReadonlyMap<number, T>): ReadonlyMap<number, T> {
  if (changes.size === 0) return from
  const all = new Map(from)
  for (const [room, value] of changes) {
    all.delete(room)
    all.set(room, value)
  }
  for (const room of all.keys()) {
    if (all.size <= sentRoomsMax) break
    all.delete(room)
  }
  return all
}
