import {
  canonicalJson,
  emptyObject,
  fromPlain,
  isJsonObject,
  parseUserId,
  serverOf,
  type JsonObject,
  type JsonValue,
  type MutableJsonObject,
  type ServerName,
} from '@causeway/events'
import { MatrixError } from '../errors.ts'
import type { FederationClient } from '../federation/client/federation-client.ts'
import { claimUserKeys } from '../federation/wire/devices.ts'
import type { Clock } from '../platform/clock.ts'
import { askServers, failureJson } from './ask-servers.ts'
import { claimedKeysMax } from './limits.ts'
import { isName } from './names.ts'
import type { KeyWish, OneTimeKeys } from './one-time-keys.ts'

interface Ports {
  readonly client: FederationClient
  readonly clock: Clock
  readonly serverName: ServerName
  readonly oneTimeKeys: OneTimeKeys
}

/** Gives one-time keys of ours away, and fetches those of others (Client-Server API, "Claiming one-time keys"). */
export class KeyClaims {
  readonly #ports: Ports

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** The answer to one of our users as JSON. Servers that give none are named in `failures`. */
  async claim(wishes: readonly KeyWish[], timeoutMs: number | undefined): Promise<string> {
    const byServer = Map.groupBy(wishes, ({ userId }) => serverOf(userId))
    const own = byServer.get(this.#ports.serverName) ?? []
    byServer.delete(this.#ports.serverName)
    const bodies = new Map([...byServer].map(([server, asked]) => [server, { one_time_keys: wishJson(asked) }]))
    const [keys, answers] = await Promise.all([this.#claimOwn(own), askServers(this.#ports, claimUserKeys, bodies, timeoutMs)])
    const failures = emptyObject()
    for (const answer of answers) {
      if ('failure' in answer) failures[answer.server] = failureJson(answer.failure)
      else for (const wish of byServer.get(answer.server) ?? []) addClaimed(keys, wish, answer.value)
    }
    return canonicalJson({ failures, one_time_keys: keys })
  }

  /** What another server gets: keys of our users. */
  async claimForServer(wishes: readonly KeyWish[]): Promise<string> {
    const own = wishes.filter(({ userId }) => serverOf(userId) === this.#ports.serverName)
    return canonicalJson({ one_time_keys: await this.#claimOwn(own) })
  }

  async #claimOwn(wishes: readonly KeyWish[]): Promise<MutableJsonObject> {
    const keys = emptyObject()
    await Promise.all(
      wishes.map(async (wish) => {
        const key = await this.#ports.oneTimeKeys.claim(wish)
        if (key !== undefined) put(keys, wish, `${key.algorithm}:${key.key_id}`, fromPlain(JSON.parse(key.json)) ?? null)
      }),
    )
    return keys
  }
}

/** The `one_time_keys` of a claim. Ids that are none are left out. Throws M_TOO_LARGE. */
export function readWishes(oneTimeKeys: Readonly<Record<string, Readonly<Record<string, string>>>>): KeyWish[] {
  const wishes: KeyWish[] = []
  for (const [user, devices] of Object.entries(oneTimeKeys)) {
    const userId = parseUserId(user)
    for (const [deviceId, algorithm] of Object.entries(devices)) {
      if (wishes.length >= claimedKeysMax) throw new MatrixError('M_TOO_LARGE', `a claim names at most ${claimedKeysMax} devices`)
      if (userId !== undefined && isName(deviceId) && isName(algorithm)) wishes.push({ userId, deviceId, algorithm })
    }
  }
  return wishes
}

function wishJson(wishes: readonly KeyWish[]): JsonObject {
  const users = emptyObject()
  for (const { userId, deviceId, algorithm } of wishes) member(users, userId)[deviceId] = algorithm
  return users
}

/** Of what another server gave, only what it was asked for. */
function addClaimed(keys: MutableJsonObject, wish: KeyWish, answer: JsonObject): void {
  const users = answer['one_time_keys']
  const devices = isJsonObject(users) ? users[wish.userId] : undefined
  const given = isJsonObject(devices) ? devices[wish.deviceId] : undefined
  if (!isJsonObject(given)) return
  for (const [keyId, key] of Object.entries(given)) if (keyId.startsWith(`${wish.algorithm}:`)) put(keys, wish, keyId, key)
}

function put(keys: MutableJsonObject, { userId, deviceId }: KeyWish, keyId: string, key: JsonValue): void {
  member(member(keys, userId), deviceId)[keyId] = key
}

function member(object: MutableJsonObject, name: string): MutableJsonObject {
  const known = object[name]
  // Only this file's own objects are in it.
  if (isJsonObject(known)) return known as MutableJsonObject
  const made = emptyObject()
  object[name] = made
  return made
}
