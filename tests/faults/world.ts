import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { findingsText, judge } from '../../packages/testkit/src/checker/judge.ts'
import { Ledger } from '../../packages/testkit/src/checker/ledger.ts'
import { LoadClient } from '../../packages/testkit/src/checker/load-client.ts'
import { observe } from '../../packages/testkit/src/checker/observe.ts'
import type { SeededRandom } from '../../packages/testkit/src/checker/seeded-random.ts'
import { SyncHistory } from '../../packages/testkit/src/checker/sync-history.ts'
import { MatrixClient } from '../../packages/testkit/src/client/matrix-client.ts'
import { arrayAt, at, stringAt } from '../../packages/testkit/src/client/json.ts'
import type { Homeserver } from '../../packages/testkit/src/processes/homeserver.ts'
import { temporaryFolder, type TemporaryFolder } from '../../packages/testkit/src/processes/temporary-folder.ts'

/** Milliseconds in which one process must see what another one wrote. */
const SEEN_MS_MAX = 120_000

/** The seed of this run: FAULTS_SEED, or a new one. It is printed, so that a failing run's choices can be repeated. */
export function seed(print: (line: string) => void = console.log): number {
  const given = process.env['FAULTS_SEED']
  const chosen = given === undefined ? randomInt(2 ** 31) : Number(given)
  print(`FAULTS_SEED=${chosen}`)
  return chosen
}

/** How much a world holds. */
export interface WorldSize {
  /** The beginning of its accounts' names, where a server holds several worlds. */
  readonly name?: string
  readonly clients: number
  readonly rooms: number
  /** Sessions to be ended during the load. */
  readonly spareSessions: number
}

/** Users who write, one who reads, their rooms, and the ledger of what they were told. */
export class World {
  readonly reader: MatrixClient
  readonly loads: readonly LoadClient[]
  /** Rooms for messages, and at the end the lobby. */
  readonly rooms: readonly string[]
  readonly random: SeededRandom
  readonly #ledger: Ledger
  readonly #folder: TemporaryFolder
  readonly #spare: string[]
  /** Stays at the token that was there before the load. */
  readonly #oldest: SyncHistory
  /** Goes along with the load, as a client that is always there. */
  readonly #follower: SyncHistory
  /** Entries that were read by id in an earlier check. */
  #checked = 0
  #broken = false

  private constructor(parts: {
    readonly reader: MatrixClient
    readonly loads: readonly LoadClient[]
    readonly rooms: readonly string[]
    readonly random: SeededRandom
    readonly ledger: Ledger
    readonly folder: TemporaryFolder
    readonly spare: string[]
    readonly history: SyncHistory
  }) {
    this.reader = parts.reader
    this.loads = parts.loads
    this.rooms = parts.rooms
    this.random = parts.random
    this.#ledger = parts.ledger
    this.#folder = parts.folder
    this.#spare = parts.spare
    this.#oldest = parts.history
    this.#follower = parts.history.fork()
  }

  /** Make the accounts and rooms on a running server. Rooms are made through `hosts` in turn (several processes of one server). */
  static async begin(hosts: readonly [Homeserver, ...Homeserver[]], size: WorldSize, random: SeededRandom): Promise<World> {
    const [server] = hosts
    const name = size.name === undefined ? '' : `${size.name}-`
    const folder = temporaryFolder('ledger')
    const ledger = new Ledger(join(folder.path, 'ledger.jsonl'))
    const reader = await server.registerUser(`${name}reader`)
    const users: MatrixClient[] = []
    for (let n = 0; n < size.clients; n += 1) users.push(await server.registerUser(`${name}load-${n}`))
    const spare: string[] = []
    const [first] = users
    if (first === undefined) throw new Error('a load needs a client')
    for (let n = 0; n < size.spareSessions; n += 1) {
      spare.push((await MatrixClient.login(server.origin, first.userId, `password of ${name}load-0`)).accessToken)
    }
    const rooms: string[] = []
    for (let n = 0; n <= size.rooms; n += 1) {
      const host = hosts[n % hosts.length] ?? server
      const options = {
        preset: 'public_chat',
        power_level_content_override: { state_default: 0 },
        ...(n % 2 === 0 ? { room_version: '10' } : {}),
      }
      const roomId = await through(reader, host).createRoom(options)
      if (n < size.rooms) for (const user of users) await user.join(roomId)
      rooms.push(roomId)
    }
    const places = { rooms: rooms.slice(0, size.rooms), lobby: rooms.at(-1) ?? '' }
    const loads = users.map((client, n) => new LoadClient({ name: `c${n}`, client, ledger, random: random.fork(), places }))
    const history = await SyncHistory.begin(reader)
    return new World({ reader, loads, rooms, random, ledger, folder, spare, history })
  }

  get operations(): number {
    return this.#ledger.entries.length
  }

  /** Let all clients work side by side until `stop`, and a reader follow. Gives what was refused. */
  async load(operationsMax: number, stop: AbortController, onAck: () => void): Promise<string[]> {
    const done = new AbortController()
    const following = this.#follow(AbortSignal.any([stop.signal, done.signal]))
    const runs = this.loads.map((load) => load.run({ operationsMax, stop: stop.signal, onAck }))
    const ended = this.#endSession(stop.signal, onAck)
    const refusals = (await Promise.all(runs)).flat()
    await ended
    done.abort()
    await following
    return refusals
  }

  /** The clients go on through these processes of the server, in turn. */
  moveTo(hosts: readonly [Homeserver, ...Homeserver[]]): void {
    for (const [n, load] of this.loads.entries()) load.moveTo(through(load.client, hosts[n % hosts.length] ?? hosts[0]))
  }

  /** Clients repeat what they do not know the outcome of. Gives what was not acknowledged even then. */
  async repeat(): Promise<string[]> {
    return (await Promise.all(this.loads.map((load) => load.repeat()))).flat()
  }

  /**
   * Compare everything with the ledger, as `reader` sees it when its process has seen what `writers` wrote, and it has heard of
   * nothing new for `quietMs`. Throws an error with the findings.
   */
  async check(reader: MatrixClient = this.reader, quietMs = 0, writers: readonly Homeserver[] = []): Promise<void> {
    for (const host of writers) await seen(through(this.reader, host), reader)
    // As it is now: what is answered from here on may not be seen by what is read from here on.
    const entries = [...this.#ledger.entries]
    const oldest = this.#oldest.fork(reader)
    await Promise.all([oldest.catchUp(reader, quietMs), this.#follower.catchUp(reader, quietMs)])
    const observed = await observe({
      reader,
      histories: [this.#follower, oldest],
      rooms: this.rooms,
      sessions: new Map(this.loads.map(({ client }) => [client.userId, client])),
      recent: entries.slice(this.#checked),
      entries,
    })
    const findings = judge(entries, observed)
    if (findings.length > 0) {
      this.#broken = true
      throw new Error(`${findingsText(findings)}\nthe ledger is in ${this.#folder.path}`)
    }
    this.#checked = entries.length
  }

  /** The next check asks for every event by its id again, not only for those since the last check. */
  checkAllAgain(): void {
    this.#checked = 0
  }

  /** Close the ledger, and remove it unless there were findings to look into. */
  async end(): Promise<void> {
    await this.#ledger.close()
    if (!this.#broken) this.#folder.remove()
  }

  /** Long polls until told to stop, or until the server is gone. */
  async #follow(stop: AbortSignal): Promise<void> {
    try {
      while (!stop.aborted) await this.#follower.step(100)
    } catch {
      // The server was killed in between: that is what the test is for, and the follower goes on from its last token.
    }
  }

  /** One session ends somewhere in the load. */
  async #endSession(stop: AbortSignal, onAck: () => void): Promise<void> {
    const accessToken = this.#spare.pop()
    const [first] = this.loads
    if (accessToken === undefined || first === undefined) return
    await new Promise((resolve) => setTimeout(resolve, this.random.below(200)))
    if (stop.aborted) return void this.#spare.push(accessToken)
    const outcome = await first.do({ kind: 'logout', accessToken })
    if (outcome.kind === 'ack') onAck()
  }
}

/** The same session through another process of the same server. */
export function through(client: MatrixClient, host: Homeserver): MatrixClient {
  return client.origin === host.origin ? client : new MatrixClient(host.origin, client)
}

/** Wait until the process of `reader` has seen what that of `writer` wrote so far. Both are of one user. */
async function seen(writer: MatrixClient, reader: MatrixClient): Promise<void> {
  const [type, mark] = ['org.causeway.seen', randomInt(2 ** 31)]
  await writer.call('PUT', `v3/user/${encodeURIComponent(writer.userId)}/account_data/${type}`, { mark })
  const query = new URLSearchParams({ filter: '{"room":{"rooms":[]}}' })
  const deadline = performance.now() + SEEN_MS_MAX
  for (;;) {
    const answer = await reader.call('GET', `v3/sync?${query}`)
    const told = arrayAt(answer, 'account_data', 'events').find((event) => at(event, 'type') === type)
    if (at(told, 'content', 'mark') === mark) return
    if (performance.now() > deadline) throw new Error('one process does not see what the other one wrote')
    query.set('since', stringAt(answer, 'next_batch'))
    query.set('timeout', '1000')
  }
}
