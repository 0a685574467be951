import { DatabaseSync } from 'node:sqlite'
import { parseKeyId, parseServerName, parseUserId, signingKeyFromSeed, type ServerName, type SigningKey } from '@causeway/events'
import type { Config } from '@causeway/server/src/config/config.ts'
import { loadConfig } from '@causeway/server/src/config/load-config.ts'
import { composeApplication, type Application, type Services } from '@causeway/server/src/main/application.ts'
import { silentLogger, type Logger } from '@causeway/server/src/platform/logger.ts'
import { Metrics } from '@causeway/server/src/platform/metrics.ts'
import { claimFacts } from '@causeway/server/src/storage/facts.ts'
import { noteRestoredBackup } from '@causeway/server/src/storage/restored-backup.ts'
import { openMemory, openSqliteInline } from '@causeway/server/src/storage/sqlite/open-sqlite.ts'
import { soleOwner } from '@causeway/server/src/workers/sole-owner.ts'
import { Dispatcher } from './dispatch.ts'
import type { SimNetwork, WireAnswer, WireRequest } from './sim-network.ts'
import { simRandom } from './sim-random.ts'
import { SimClock, type SimTime } from './sim-time.ts'
import { SimUser } from './sim-user.ts'

/** Everybody's. */
export const simPassword = 'a password of enough letters'

/** What a simulated server stands in. */
export interface SimSetting {
  readonly time: SimTime
  readonly network: SimNetwork
  readonly seed: number
  /** Milliseconds that the next commit takes; none where it is left out. */
  readonly commitMs?: () => number
  /** Configuration that differs from the usual one. */
  readonly environment?: Readonly<Record<string, string>>
  /** Where the server's log goes. */
  readonly log?: Logger
  /** Told when the server died at a commit. */
  readonly onCrash?: (server: SimServer) => void
}

/** Dies at a commit: before it is written, or after it is durable and before anybody hears of it. */
export interface CommitCrash {
  /** 1: at the next one. */
  commits: number
  readonly when: 'before' | 'after'
}

/**
 * A whole server in a simulated world: everything above the sockets, on simulated time, network and storage. A kill drops
 * what was not committed; a start goes on from what was.
 */
export class SimServer {
  readonly name: ServerName
  readonly #setting: SimSetting
  #disk: DatabaseSync = copyOf((template ??= openMemory().serialize()))
  #restored = false
  #clock: SimClock
  #running: { readonly application: Application<Services>; readonly dispatcher: Dispatcher<Services> } | undefined
  /** How often it was started. */
  starts = 0
  #crash: CommitCrash | undefined
  /** Requests that are being answered: a kill breaks them off. */
  readonly #breakOff = new Set<() => void>()
  #starting = false

  constructor(name: string, setting: SimSetting) {
    const serverName = parseServerName(name)
    if (serverName === undefined) throw new Error(`${name} is no server name`)
    this.name = serverName
    this.#setting = setting
    this.#clock = new SimClock(setting.time)
  }

  /** What it signs with. */
  get signingKey(): SigningKey {
    return signingKeyOf(this.name, this.#setting.seed)
  }

  get alive(): boolean {
    return this.#running !== undefined
  }

  /** Start, or start again after a kill; `environment`: configuration of this start that differs from the server's. */
  async start(environment: SimSetting['environment'] = {}): Promise<void> {
    const { time, network, seed } = this.#setting
    this.starts += 1
    const clock = new SimClock(time)
    this.#clock = clock
    const soon = (run: () => void): void => {
      time.soon(() => {
        if (clock.alive) run()
      })
    }
    const random = simRandom(seed + hashOf(this.name) + this.starts)
    const config = await configOf(this.name, { ...this.#setting.environment, ...environment })
    const db = openSqliteInline(this.#disk, soon, (write) => this.#commit(clock, soon, write))
    const platform = {
      clock,
      random,
      log: this.#setting.log ?? (process.env['SIM_LOG'] === undefined ? silentLogger : consoleLogger),
      metrics: new Metrics(),
      names: noNames,
      argon2: quickArgon2,
      version: 'simulated',
    }
    // The facts are a commit of their own: time has to move for nothing, but the loop has to turn.
    this.#starting = true
    let facts = await claimFacts(db, { serverName: this.name, random })
    if (this.#restored) facts = { ...facts, storeEpoch: (await noteRestoredBackup(db, facts, clock.now())).epoch }
    this.#restored = false
    this.#starting = false
    const transport = { ownKeys: { signing: signingKeyOf(this.name, seed), others: [], old: [] }, ...network.transport(this.name, clock) }
    const application = composeApplication(config, platform, { db, facts, ownership: soleOwner(soon) }, transport)
    const { endpoints, services, identify } = application
    const dispatcher = new Dispatcher({ endpoints, services, identify, clock })
    this.#running = { application, dispatcher }
    network.attach(this.name, (request) => this.answer(request))
    // Files are not simulated: their folder is looked through at a time that no seed decides.
    services.mediaSweeper.start = () => undefined
    application.begin()
  }

  /** Stop at once, as a power cut would. */
  kill(): void {
    this.#clock.alive = false
    this.#running = undefined
    this.#crash = undefined
    this.#setting.network.detach(this.name)
    for (const breakOff of this.#breakOff) breakOff()
    this.#breakOff.clear()
  }

  /** Die at a commit that is still to come, or not after all. */
  killAt(crash: CommitCrash | undefined): void {
    this.#crash = crash
  }

  /** Rows of its database, as they are committed. */
  rows(query: string): Record<string, unknown>[] {
    return this.#disk.prepare(query).all()
  }

  /** A copy of its database, as it is now. */
  backup(): Uint8Array {
    return this.#disk.serialize()
  }

  /** Put a copy back while it is down, and say so with the next start as an operator does. */
  restore(backup: Uint8Array): void {
    if (this.alive) throw new Error(`${this.name} runs`)
    this.#disk = copyOf(backup)
    this.#restored = true
  }

  #commit(clock: SimClock, soon: (run: () => void) => void, write: () => void): void {
    const run = (): void => {
      const crash = this.#crash
      if (crash !== undefined) crash.commits -= 1
      const dies = crash?.commits === 0 ? crash.when : undefined
      if (dies !== 'before') write()
      if (dies === undefined) return
      this.kill()
      this.#setting.onCrash?.(this)
    }
    const ms = this.#starting ? 0 : (this.#setting.commitMs?.() ?? 0)
    if (ms === 0) soon(run)
    else clock.schedule(ms, run)
  }

  /** A request to any of its endpoints. */
  answer(request: WireRequest): Promise<WireAnswer> {
    const dispatcher = this.#running?.dispatcher
    if (dispatcher === undefined) return Promise.resolve(down)
    return new Promise((resolve) => {
      const breakOff = (): void => resolve(down)
      this.#breakOff.add(breakOff)
      void dispatcher.answer(request).then((answer) => {
        if (this.#breakOff.delete(breakOff)) resolve(answer)
      })
    })
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

const down: WireAnswer = { status: 0, body: '{"errcode":"M_UNKNOWN","error":"the server is down"}' }

/** An empty database with the schema, which is made only once. */
let template: Uint8Array | undefined

function copyOf(database: Uint8Array): DatabaseSync {
  const copy = new DatabaseSync(':memory:')
  copy.deserialize(database)
  return copy
}

const configs = new Map<string, Config>()

async function configOf(serverName: string, more: SimSetting['environment'] = {}): Promise<Config> {
  const key = JSON.stringify([serverName, more])
  const known = configs.get(key)
  if (known !== undefined) return known
  const environment = {
    CAUSEWAY_SERVER_NAME: serverName,
    CAUSEWAY_REGISTRATION: 'open',
    CAUSEWAY_RATE_LIMITS: 'off',
    // There are no disks in this world: nothing is ever put there.
    CAUSEWAY_MEDIA_FOLDER: '/nonexistent/simulated-media',
    CAUSEWAY_ALLOW_PUBLIC_ROOMS_OVER_FEDERATION: 'on',
    ...more,
  }
  const loaded = await loadConfig({ file: undefined, environment, flags: new Map() })
  if (!loaded.ok) throw new Error(`the configuration of a simulated server is wrong: ${JSON.stringify(loaded.problems)}`)
  configs.set(key, loaded.config)
  return loaded.config
}

function signingKeyOf(serverName: string, seed: number): SigningKey {
  const keyId = parseKeyId('ed25519:sim')
  if (keyId === undefined) throw new Error('the key id is valid')
  return signingKeyFromSeed(keyId, simRandom(seed + hashOf(serverName)).bytes(32))
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
