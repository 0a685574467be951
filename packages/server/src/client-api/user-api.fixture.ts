import { createHash } from 'node:crypto'
import { parseKeyId, parseServerName, signingKeyFromSeed, type JsonObject, type UserId } from '@causeway/events'
import { userAdminEndpoints, type UserAdminServices } from '../admin-api/user-admin-endpoints.ts'
import { SharedSecretRegistration } from '../admin-api/shared-secret/shared-secret-registration.ts'
import { assert } from '../assert.ts'
import { MatrixError } from '../errors.ts'
import { HandClock } from '../http/edge.fixture.ts'
import { Edge } from '../http/edge.ts'
import type { OutboundFailure } from '../http/outbound/outbound-client.ts'
import { RateLimiter } from '../http/rate-limiter.ts'
import type { Argon2 } from '../platform/argon2.ts'
import { openHttpListener } from '../platform/http-listener.ts'
import { silentLogger } from '../platform/logger.ts'
import { Metrics } from '../platform/metrics.ts'
import { realRandom } from '../platform/random.ts'
import type { Announcement, Database } from '../storage/database.ts'
import { onEachDatabase, type Place } from '../storage/databases.fixture.ts'
import type { RegistrationMode } from '../users/accounts/registration.ts'
import { composeUsers, type Users } from '../users/compose-users.ts'
import type { DeviceEffects } from '../users/sessions/device-effects.ts'
import type { ClientFactsService } from './client-facts.ts'
import { composeEncryption, type Encryption, type EncryptionPorts } from '../e2ee/compose-e2ee.ts'
import { encryptionEffects, ListOutbox } from '../e2ee/list-outbox.ts'
import { FederationClient } from '../federation/client/federation-client.ts'
import { Destinations } from '../federation/client/destinations.ts'
import { TransactionMemory } from '../rooms/engine/transaction-memory.ts'
import { encryptionEndpoints } from './encryption-endpoints.ts'
import { userEndpoints } from './user-endpoints.ts'

/** A hash that costs nothing, and is as good as any where passwords are not what is attacked. */
export const quickArgon2: Argon2 = {
  hash: async (message, salt, cost, bytes) =>
    createHash('sha256').update(message).update(salt).update(JSON.stringify(cost)).digest().subarray(0, bytes),
}

export interface Answer {
  readonly status: number
  readonly json: Record<string, unknown>
}

/** What differs from a server that is open to all. */
export interface Options {
  readonly mode?: RegistrationMode
  readonly tokens?: readonly string[]
  readonly limitFailures?: boolean
  readonly argon2?: Argon2
  readonly sharedSecret?: string
  readonly publicBaseUrl?: string
  readonly remoteProfile?: (userId: UserId, field: string | undefined) => Promise<JsonObject>
  readonly effects?: DeviceEffects
  /** Of the store: a restore raises it. */
  readonly epoch?: number
}

/** A server with accounts and nothing else. */
export interface UserServer {
  readonly db: Database
  readonly users: Users
  readonly encryption: Encryption
  readonly clock: HandClock
  /** Everything that commits announced. */
  readonly announced: Announcement[]
  call(method: string, path: string, options?: { readonly token?: string | undefined; readonly body?: unknown }): Promise<Answer>
  /** A new account with the password `password of <name>`; gives its access token. */
  join(name: string, more?: object): Promise<string>
  /** Log in; gives the answer. */
  logIn(name: string, more?: object): Promise<Answer>
  /** Close the database and open it again, as a restart does. */
  restart(more?: Options): Promise<UserServer>
  close(): Promise<void>
}

const serverName = parseServerName('here')
const plenty = { perSecond: 100_000, burst: 100_000 }
const rates = {
  read: plenty,
  sync: plenty,
  write: plenty,
  search: plenty,
  join: plenty,
  create: plenty,
  login: plenty,
  register: plenty,
  media: plenty,
  federation: plenty,
  federation_join: plenty,
}

/** Run one test body on a server on each database. */
export function onEachUserServer(name: string, options: Options, body: (server: UserServer) => Promise<void>): void {
  onEachDatabase(name, async (_t, place) => {
    const started: UserServer[] = []
    try {
      await body(await startUserServer(place, options, started))
    } finally {
      for (const server of started) await server.close()
    }
  })
}

/** The operations of users over real HTTP on a real database; added to `started`. */
async function startUserServer(place: Place, options: Options, started: UserServer[]): Promise<UserServer> {
  assert(serverName !== undefined, 'the name is valid')
  const clock = new HandClock()
  const random = realRandom()
  const db = await place.open()
  const announced: Announcement[] = []
  db.onCommitted((announcements) => void announced.push(...announcements))
  const outbox = new ListOutbox({ clock })
  const users = composeUsers({
    db,
    clock,
    random,
    log: silentLogger,
    argon2: options.argon2 ?? quickArgon2,
    serverName,
    registration: { mode: options.mode ?? 'open', tokens: options.tokens ?? [] },
    legacyMentions: false,
    passwordCharsMin: 8,
    limitFailures: options.limitFailures ?? false,
    bindingKey: new Uint8Array(32),
    effects: options.effects ?? encryptionEffects(outbox),
    remoteProfile: options.remoteProfile ?? (() => Promise.reject(new MatrixError('M_NOT_FOUND', 'no such server'))),
  })
  const encryption = composeLonely({ db, clock, random, outbox, epoch: options.epoch ?? 1, users })
  const clientFacts = { serverName, publicBaseUrl: options.publicBaseUrl, defaultRoomVersion: '12', unstableFeatures: {} }
  const sharedSecretRegistration = new SharedSecretRegistration({ clock, random, sharedSecret: options.sharedSecret })
  const edge = new Edge<UserAdminServices & ClientFactsService & Encryption>({
    endpoints: [...userEndpoints, ...userAdminEndpoints, ...encryptionEndpoints],
    services: { ...users, ...encryption, clientFacts, sharedSecretRegistration },
    identify: {
      user: (token, request) => users.callers.identify(token, request),
      server: () => new MatrixError('M_UNAUTHORIZED', 'nobody'),
    },
    rates: new RateLimiter(rates, false, clock),
    clock,
    random,
    log: silentLogger,
    metrics: new Metrics(),
    trustProxy: false,
    logAddresses: false,
  })
  const listener = await openHttpListener({ host: '127.0.0.1', port: 0 }, edge.mount({ only: () => true, cors: true, socket: true }))
  let open = true
  const close = async (): Promise<void> => {
    if (!open) return
    open = false
    listener.cut()
    await listener.close()
    await users.lastSeen.flush()
    await db.close()
  }
  const server: UserServer = {
    db,
    users,
    encryption,
    clock,
    announced,
    ...clientOf(listener.port),
    restart: async (more = {}) => {
      await close()
      return startUserServer(place, { ...options, ...more }, started)
    },
    close,
  }
  started.push(server)
  return server
}

type LonelyPorts = Pick<EncryptionPorts, 'db' | 'clock' | 'random' | 'outbox' | 'epoch'> & { readonly users: Users }

/** End-to-end encryption on a server that reaches no other. */
function composeLonely({ users, ...ports }: LonelyPorts): Encryption {
  const keyId = parseKeyId('ed25519:a')
  assert(serverName !== undefined && keyId !== undefined, 'the names are valid')
  const destinations = new Destinations(ports)
  const client = new FederationClient({
    clock: ports.clock,
    signer: { serverName, key: signingKeyFromSeed(keyId, new Uint8Array(32)) },
    outbound: { request: nobody, open: nobody },
    discovery: { target: async () => undefined, doubt: () => undefined },
    destinations,
  })
  const removal: EncryptionPorts['removal'] = (userId, deviceIds) => users.sessions.removal(userId, deviceIds)
  const transactions = new TransactionMemory(ports.db)
  return composeEncryption({ ...ports, log: silentLogger, serverName, client, destinations, namesAbroad: false, transactions, removal })
}

async function nobody(): Promise<OutboundFailure> {
  return { ok: false, fault: 'connect', why: 'nobody is there' }
}

/** What tests do as clients. */
function clientOf(port: number): Pick<UserServer, 'call' | 'join' | 'logIn'> {
  const call: UserServer['call'] = async (method, path, { token, body } = {}) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    return { status: answer.status, json: (await answer.json()) as Record<string, unknown> }
  }
  return {
    call,
    join: async (name, more = {}) => {
      const body = { username: name, password: `password of ${name}`, auth: { type: 'm.login.dummy' }, ...more }
      const { json } = await call('POST', '/_matrix/client/v3/register', { body })
      const { access_token: token } = json
      assert(typeof token === 'string', `no account for ${name}: ${JSON.stringify(json)}`)
      return token
    },
    logIn: (name, more = {}) => {
      const body = { type: 'm.login.password', identifier: { type: 'm.id.user', user: name }, password: `password of ${name}`, ...more }
      return call('POST', '/_matrix/client/v3/login', { body })
    },
  }
}

/** A string member of an answer. */
export function text(answer: Answer, name: string): string {
  const value = answer.json[name]
  assert(typeof value === 'string', `${name} is missing in ${JSON.stringify(answer)}`)
  return value
}

/** The status and error code of an answer, to be compared. */
export function outcome({ status, json }: Answer): string {
  return json['errcode'] === undefined ? String(status) : `${status} ${String(json['errcode'])}`
}
