import type { DatabaseSync } from 'node:sqlite'
import { parseKeyId, parseServerName, parseUserId, signingKeyFromSeed, type ServerName } from '@causeway/events'
import { loadConfig } from '@causeway/server/src/config/load-config.ts'
import { composeApplication, type Application, type Services } from '@causeway/server/src/main/application.ts'
import { silentLogger, type Logger } from '@causeway/server/src/platform/logger.ts'
import { Metrics } from '@causeway/server/src/platform/metrics.ts'
import { claimFacts } from '@causeway/server/src/storage/facts.ts'
import { openMemory, openSqliteInline } from '@causeway/server/src/storage/sqlite/open-sqlite.ts'
import { soleOwner } from '@causeway/server/src/workers/sole-owner.ts'
import { Dispatcher } from './dispatch.ts'
import type { SimNetwork, WireAnswer, WireRequest } from './sim-network.ts'
import { simRandom } from './sim-random.ts'
import { SimClock, type SimTime } from './sim-time.ts'
import { SimUser } from './sim-user.ts'

/** Everybody's. */
/** Everybody's. */
export const simPassword = 'a password of enough letters'

interface World {
  readonly time: SimTime
  readonly network: SimNetwork
  readonly seed: number
}

/**
 * A whole server in a simulated world: everything above the sockets, on simulated time, network and storage. A kill drops
 * what was not committed; a start goes on from what was.
 */
export class SimServer {
  readonly name: ServerName
  readonly #world: World
  readonly #disk: DatabaseSync = openMemory()
  #clock: SimClock
  #running: { readonly application: Application<Services>; readonly dispatcher: Dispatcher<Services> } | undefined
  #starts = 0

  constructor(name: string, world: World) {
    const serverName = parseServerName(name)
    if (serverName === undefined) throw new Error(`${name} is no server name`)
    this.name = serverName
    this.#world = world
    this.#clock = new SimClock(world.time)
  }

  /** Start, or start again after a kill. */
  async start(): Promise<void> {
    const { time, network, seed } = this.#world
    this.#starts += 1
    const clock = new SimClock(time)
    this.#clock = clock
    const soon = (run: () => void): void => {
      setImmediate(() => {
        if (clock.alive) run()
      })
    }
    const random = simRandom(seed + hashOf(this.name) + this.#starts)
    const keyId = parseKeyId('ed25519:sim')
    if (keyId === undefined) throw new Error('the key id is valid')
    const signing = signingKeyFromSeed(keyId, simRandom(seed + hashOf(this.name)).bytes(32))
    const environment = {
      CAUSEWAY_SERVER_NAME: this.name,
      CAUSEWAY_REGISTRATION: 'open',
      CAUSEWAY_RATE_LIMITS: 'off',
      CAUSEWAY_ALLOW_PUBLIC_ROOMS_OVER_FEDERATION: 'on',
    }
    const loaded = await loadConfig({ file: undefined, environment, flags: new Map() })
    if (!loaded.ok) throw new Error(`the configuration of a simulated server is wrong: ${JSON.stringify(loaded.problems)}`)
    const { config } = loaded
    const db = openSqliteInline(this.#disk, soon)
    const platform = {
      clock,
      random,
      log: process.env['SIM_LOG'] === undefined ? silentLogger : consoleLogger,
      metrics: new Metrics(),
      names: noNames,
      argon2: quickArgon2,
      version: 'simulated',
    }
    // The facts are a commit of their own: time has to move for nothing, but the loop has to turn.
    const facts = await claimFacts(db, { serverName: this.name, random })
    const transport = { ownKeys: { signing, others: [], old: [] }, ...network.transport(this.name, clock) }
    const application = composeApplication(config, platform, { db, facts, ownership: soleOwner(soon) }, transport)
    const { endpoints, services, identify } = application
    const dispatcher = new Dispatcher({ endpoints, services, identify, clock })
    this.#running = { application, dispatcher }
    network.attach(this.name, (request) => this.answer(request))
    application.begin()
  }

  /** Stop at once, as a power cut would. */
  kill(): void {
    this.#clock.alive = false
    this.#running = undefined
    this.#world.network.detach(this.name)
  }

  /** A request to any of its endpoints. */
  answer(request: WireRequest): Promise<WireAnswer> {
    if (this.#running === undefined) return Promise.resolve({ status: 502, body: '{"errcode":"M_UNKNOWN","error":"the server is down"}' })
    return this.#running.dispatcher.answer(request)
  }

  /** Somebody who is here, with another device. */
  async login(name: string): Promise<SimUser> {
    const body = JSON.stringify({ type: 'm.login.password', identifier: { type: 'm.id.user', user: name }, password: simPassword })
    const answer = await this.answer({ method: 'POST', path: '/_matrix/client/v3/login', headers: {}, body })
    return this.#userOf(answer)
  }

  /** A new person here. */
  async user(name: string): Promise<SimUser> {
    const body = JSON.stringify({ username: name, password: simPassword, auth: { type: 'm.login.dummy' } })
    const answer = await this.answer({ method: 'POST', path: '/_matrix/client/v3/register', headers: {}, body })
    return this.#userOf(answer)
  }

  #userOf(answer: WireAnswer): SimUser {
    const parsed: unknown = JSON.parse(answer.body)
    const { user_id: userId, access_token: token } =
      typeof parsed === 'object' && parsed !== null ? { user_id: '', access_token: '', ...parsed } : { user_id: '', access_token: '' }
    if (answer.status !== 200 || parseUserId(userId) === undefined) throw new Error(`could not register: ${answer.body}`)
    return new SimUser(this, userId, token)
  }
}

function hashOf(name: string): number {
  let hash = 0
  for (const character of name) hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) >>> 0
  return hash
}

const noNames = { addresses: async () => [], services: async () => [] }

/** A hash that costs nothing: nobody attacks a simulated world. */
const quickArgon2 = {
  hash: async (message: Uint8Array, salt: Uint8Array, _cost: unknown, bytes: number): Promise<Uint8Array> =>
    Uint8Array.from({ length: bytes }, (_, index) => (message[index % message.length] ?? 0) ^ (salt[index % salt.length] ?? 0)),
}

/** Everything to the console, for whoever looks for a fault (`SIM_LOG=1`). */
const consoleLogger: Logger = {
  debug: () => undefined,
  info: (fields, message) => console.log(message, fields),
  warn: (fields, message) => console.log(message, fields),
  error: (fields, message) => console.log(message, fields),
  child: () => consoleLogger,
}
