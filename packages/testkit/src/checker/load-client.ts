import { arrayAt } from '../client/json.ts'
import type { MatrixClient } from '../client/matrix-client.ts'
import type { Ledger } from './ledger.ts'
import { OPERATION_MS_MAX, REPETITIONS, TEXT_UNITS_MAX } from './limits.ts'
import { markerKey, perform, type Operation, type Outcome, type RedactOperation, type SendOperation } from './operation.ts'
import type { SeededRandom } from './seeded-random.ts'

/** Where a load client writes. */
export interface LoadPlaces {
  /** Rooms that it has joined and stays in. */
  readonly rooms: readonly string[]
  /** A public room that it joins and leaves. */
  readonly lobby: string
}

/** How a load client is told when to end. */
export interface LoadRun {
  /** Operations at most. */
  readonly operationsMax: number
  /** No further operation is begun once it is aborted. */
  readonly stop: AbortSignal
  /** Called in the same turn as an acknowledgement arrives. */
  readonly onAck: () => void
}

/** How often each kind of operation is chosen. */
const weights = { send: 55, state: 12, redact: 8, membership: 6, 'account-data': 7, 'room-account-data': 4, receipt: 8 } as const

/** State keys of one client, so that later values replace earlier ones. */
const stateKeysMax = 3

type Repeatable = SendOperation | RedactOperation

/** A user who does one thing after another, and writes each into the ledger before and after. */
export class LoadClient {
  readonly #name: string
  readonly #ledger: Ledger
  readonly #random: SeededRandom
  readonly #places: LoadPlaces
  #client: MatrixClient
  /** Own acknowledged messages that are not redacted yet, by room. */
  readonly #messages = new Map<string, string[]>()
  readonly #lastMessage = new Map<string, string>()
  /** Acknowledged operations, and their answers, the newest last. */
  readonly #acknowledged: Repeatable[] = []
  /** Operations that may have happened. */
  #unknown: Repeatable[] = []
  #inLobby: boolean | undefined = false
  #marker = 0

  constructor(options: {
    readonly name: string
    readonly client: MatrixClient
    readonly ledger: Ledger
    readonly random: SeededRandom
    readonly places: LoadPlaces
  }) {
    this.#name = options.name
    this.#client = options.client
    this.#ledger = options.ledger
    this.#random = options.random
    this.#places = options.places
  }

  get client(): MatrixClient {
    return this.#client
  }

  /** Go on with another connection of the same session: through another process of the server. */
  moveTo(client: MatrixClient): void {
    if (client.deviceId !== this.#client.deviceId) throw new Error('the session is another one')
    this.#client = client
  }

  /** Work until told to stop, or until an outcome is unknown. Gives the refusals (4xx), of which a sound server makes none. */
  async run({ operationsMax, stop, onAck }: LoadRun): Promise<string[]> {
    const refusals: string[] = []
    for (let done = 0; done < operationsMax && !stop.aborted; done += 1) {
      const operation = await this.#choose()
      if (operation === undefined) break
      const outcome = await this.do(operation)
      if (outcome.kind === 'ack') onAck()
      else if (outcome.kind === 'fail') refusals.push(`${this.#name}: ${JSON.stringify(operation).slice(0, 300)}: ${outcome.why}`)
      else break
    }
    return refusals
  }

  /** Do one thing, with its lines in the ledger; after `msMax` without an answer its outcome is unknown. */
  async do(operation: Operation, msMax: number = OPERATION_MS_MAX): Promise<Outcome> {
    const n = await this.#ledger.intend(this.#client, operation)
    const outcome = await perform(this.#client, operation, msMax)
    this.#ledger.settle(n, outcome)
    this.#remember(operation, outcome)
    return outcome
  }

  /**
   * What a client does when its server is back: repeat, with the same transaction ids, whatever has an unknown outcome; and
   * also some of what was acknowledged, whose answers must be the same. Gives what was refused or got no answer again.
   */
  async repeat(): Promise<string[]> {
    const unknown = this.#unknown
    this.#unknown = []
    const problems: string[] = []
    for (const operation of [...unknown, ...this.#acknowledged.slice(-REPETITIONS)]) {
      const outcome = await this.do(operation)
      if (outcome.kind !== 'ack') problems.push(`${this.#name}: repetition of ${operation.kind} ${operation.marker}: ${outcome.why}`)
    }
    return problems
  }

  #remember(operation: Operation, outcome: Outcome): void {
    if (operation.kind === 'membership') {
      this.#inLobby = outcome.kind === 'ack' ? operation.membership === 'join' : undefined
      return
    }
    if (operation.kind !== 'send' && operation.kind !== 'redact') return
    if (outcome.kind === 'unknown') this.#unknown.push(operation)
    if (outcome.kind !== 'ack' || this.#acknowledged.includes(operation)) return
    this.#acknowledged.push(operation)
    this.#acknowledged.splice(0, this.#acknowledged.length - REPETITIONS)
    if (operation.kind !== 'send' || outcome.eventId === undefined) return
    const { roomId } = operation
    this.#messages.set(roomId, [...(this.#messages.get(roomId) ?? []), outcome.eventId])
    this.#lastMessage.set(roomId, outcome.eventId)
  }

  /** The next operation; undefined when the server does not answer what must be known for it. */
  async #choose(): Promise<Operation | undefined> {
    const random = this.#random
    const roomId = random.pick(this.#places.rooms)
    const last = this.#lastMessage.get(roomId)
    const own = this.#messages.get(roomId) ?? []
    switch (random.weighted(weights)) {
      case 'state': {
        const marker = this.#nextMarker()
        const stateKey = `${this.#name}-${random.below(stateKeysMax)}`
        return { kind: 'state', roomId, type: 'org.causeway.state', stateKey, marker, content: { [markerKey]: marker, text: this.#text() } }
      }
      case 'redact': {
        if (own.length === 0) return this.message(roomId)
        const at = random.below(own.length)
        const [eventId = ''] = own.slice(at, at + 1)
        this.#messages.set(roomId, own.toSpliced(at, 1))
        const marker = this.#nextMarker()
        return { kind: 'redact', roomId, txnId: marker, marker, eventId }
      }
      case 'membership':
        return this.#membership()
      case 'account-data':
        return { kind: 'account-data', roomId: undefined, type: `org.causeway.${random.below(3)}`, marker: this.#nextMarker() }
      case 'room-account-data':
        return { kind: 'account-data', roomId, type: 'org.causeway.room', marker: this.#nextMarker() }
      case 'receipt':
        return last === undefined ? this.message(roomId) : { kind: 'receipt', roomId, eventId: last }
      case 'send':
        return this.message(roomId)
    }
  }

  /** A new message, not sent yet. */
  message(roomId: string): SendOperation {
    const marker = this.#nextMarker()
    const content = { msgtype: 'm.text', body: this.#text(), [markerKey]: marker }
    return { kind: 'send', roomId, type: 'm.room.message', txnId: marker, marker, content }
  }

  async #membership(): Promise<Operation | undefined> {
    const { lobby } = this.#places
    if (this.#inLobby === undefined) {
      try {
        this.#inLobby = arrayAt(await this.#client.call('GET', 'v3/joined_rooms'), 'joined_rooms').includes(lobby)
      } catch {
        return undefined
      }
    }
    return { kind: 'membership', roomId: lobby, membership: this.#inLobby ? 'leave' : 'join' }
  }

  #nextMarker(): string {
    this.#marker += 1
    return `${this.#name}.${this.#marker}`
  }

  /** Mostly short texts, some that fill pages of the database, with letters of all widths. */
  #text(): string {
    const random = this.#random
    const units = random.below(8) === 0 ? random.below(TEXT_UNITS_MAX) : random.below(120)
    const letters = random.pick(['abc ', 'äöü ', '日本語', '🦊🌉'])
    return letters.repeat(Math.ceil(units / letters.length))
  }
}
