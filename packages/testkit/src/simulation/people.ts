import { arrayAt, objectAt, stringAt } from '../client/json.ts'
import { SimDevice } from '../scenario/sim-device.ts'
import { simPassword, type SimServer } from '../scenario/sim-server.ts'
import { SimRefused, SimUser } from '../scenario/sim-user.ts'
import type { Ledger } from './ledger.ts'
import { SyncModel } from './sync-model.ts'
import { DeviceLists } from './device-lists.ts'

type Json = Readonly<Record<string, unknown>>

/** What became of a request: an answer, a refusal, or nobody knows. */
export type Outcome =
  | { readonly kind: 'ack'; readonly answer: Json }
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'unknown' }

/** A client that is logged in: it follows /sync, and repeats what was not answered. */
export class Client {
  readonly person: Person
  readonly user: SimUser
  readonly keys: SimDevice
  readonly model = new SyncModel()
  readonly lists: DeviceLists
  /** By sending client: the numbers that came, in order. */
  readonly received = new Map<string, number[]>()
  readonly stateAfter: boolean
  loggedOut = false
  /** Messages to each device are numbered. */
  readonly numbers = new Map<string, number>()
  #since: string | undefined
  #transaction = 0
  #queue: Promise<unknown> = Promise.resolve()
  #syncing: Promise<void> | undefined

  constructor(person: Person, keys: SimDevice, stateAfter: boolean) {
    this.person = person
    this.user = keys.user
    this.keys = keys
    this.stateAfter = stateAfter
    this.lists = new DeviceLists(this)
  }

  get name(): string {
    return `${this.person.userId}/${this.keys.deviceId}`
  }

  nextTransaction(): string {
    this.#transaction += 1
    return `x${this.#transaction}`
  }

  /** One request. A server's own mistake (500) is a finding. */
  async ask(method: string, path: string, body?: Json): Promise<Outcome> {
    const { ledger } = this.person
    try {
      const answer = await this.user.request(method, path, body)
      return { kind: 'ack', answer }
    } catch (error) {
      if (!(error instanceof SimRefused)) throw error
      if (error.status === 500) ledger.record.find('no internal errors', `${method} ${path}: ${error.message}`)
      if (error.status === 0 || error.status >= 500) return { kind: 'unknown' }
      return { kind: 'refused', why: error.code }
    }
  }

  /** Ask, one such request after the other, and again with the same transaction until there is an answer. */
  persist(method: string, path: string, body: Json): Promise<Outcome> {
    const { ledger } = this.person
    const run = async (): Promise<Outcome> => {
      for (;;) {
        if (this.loggedOut) return { kind: 'unknown' }
        const outcome = await this.ask(method, path, body)
        if (outcome.kind !== 'unknown') return outcome
        await ledger.sleep(2_000)
      }
    }
    const result = this.#queue.then(run)
    this.#queue = result
    return result
  }

  /** Resolves when nothing is waiting to be sent. */
  async idle(): Promise<void> {
    await this.#queue
    await this.#syncing
  }

  /** One /sync, unless one is under way. */
  sync(timeout = 0): Promise<void> {
    this.#syncing ??= this.#sync(timeout).finally(() => {
      this.#syncing = undefined
    })
    return this.#syncing
  }

  async #sync(timeout: number): Promise<void> {
    const { record } = this.person.ledger
    const outcome = await this.ask('GET', this.syncPath(this.#since, timeout))
    if (outcome.kind !== 'ack') return
    const { answer } = outcome
    const before = this.model.sharing
    this.model.apply(answer, record.now())
    // Without state_after a late event of the timeline may pass for the state.
    if (this.#since !== undefined && this.stateAfter) this.#checkComers(before, objectAt(answer, 'device_lists'))
    this.#since = stringAt(answer, 'next_batch')
    for (const event of arrayAt(answer, 'to_device', 'events')) this.#receive(objectAt(event))
    this.lists.apply(objectAt(answer, 'device_lists'))
  }

  /** Whoever came to share a room with the client is named in the same answer (Client-Server API, "Tracking the device list for a user"). */
  #checkComers(before: ReadonlySet<string>, lists: Json): void {
    const changed = new Set(arrayAt(lists, 'changed'))
    for (const userId of this.model.sharing) {
      if (before.has(userId) || changed.has(userId) || userId === this.person.userId) continue
      this.person.ledger.record.find('who comes to share a room is told as a change of devices', `${this.name} hears nothing of ${userId}`)
    }
  }

  syncPath(since: string | undefined, timeout: number): string {
    const filter = encodeURIComponent(JSON.stringify({ room: { timeline: { limit: 20 } }, presence: { not_types: ['*'] } }))
    const after = this.stateAfter ? '&org.matrix.msc4222.use_state_after=true' : ''
    return `/sync?timeout=${timeout}&filter=${filter}${after}${since === undefined ? '' : `&since=${encodeURIComponent(since)}`}`
  }

  #receive(event: Json): void {
    const from = stringAt(event, 'content', 'from')
    const numbers = this.received.get(from) ?? []
    this.received.set(from, numbers)
    numbers.push(Number(objectAt(event, 'content')['n']))
  }
}

/** A user of a simulated server, with their clients. */
export class Person {
  readonly server: SimServer
  readonly userId: string
  readonly ledger: Ledger
  readonly clients: Client[] = []

  constructor(server: SimServer, userId: string, ledger: Ledger) {
    this.server = server
    this.userId = userId
    this.ledger = ledger
  }

  /** Log in on a new device, if the server answers. */
  async login(stateAfter: boolean): Promise<Client | undefined> {
    const localpart = this.userId.slice(1, this.userId.indexOf(':'))
    const body = JSON.stringify({ type: 'm.login.password', identifier: { type: 'm.id.user', user: localpart }, password: simPassword })
    const answer = await this.server.answer({ method: 'POST', path: '/_matrix/client/v3/login', headers: {}, body })
    if (answer.status !== 200) return undefined
    const user = new SimUser(this.server, this.userId, stringAt(JSON.parse(answer.body), 'access_token'))
    return this.begin(user, stringAt(JSON.parse(answer.body), 'device_id'), stateAfter)
  }

  begin(user: SimUser, deviceId: string, stateAfter: boolean): Client {
    const client = new Client(this, SimDevice.named(user, deviceId), stateAfter)
    this.clients.push(client)
    return client
  }
}
