import assert from 'node:assert/strict'
import {
  fromPlain,
  isJsonObject,
  parseKeyId,
  parseServerName,
  signingKeyFromSeed,
  signJson,
  type JsonObject,
  type JsonValue,
  type RoomRules,
} from '@causeway/events'
import type { SeededRandom } from './random.ts'

/** What somebody tries in a room. */
export interface Attempt {
  readonly type: string
  readonly sender: string
  readonly stateKey: string | undefined
  readonly content: JsonObject
  readonly redacts?: boolean
}

/** The people of every room; the first one creates it. */
export const people = ['@creator:a', '@alice:a', '@bob:b', '@carol:c', '@dave:d'] as const

const identityKeyId = parseKeyId('ed25519:0')
const identityServer = parseServerName('identity.example')
assert.ok(identityKeyId !== undefined && identityServer !== undefined)
const identityKey = signingKeyFromSeed(identityKeyId, new Uint8Array(32).fill(7))
const identity = { server: identityServer, publicKey: Buffer.from(identityKey.publicKey).toString('base64').replaceAll('=', '') }

const levels = [0, 1, 25, 50, 50, 75, 100]
const named = ['users_default', 'events_default', 'state_default', 'ban', 'redact', 'kick', 'invite']
const eventTypes = ['m.room.topic', 'm.room.power_levels', 'm.room.message', 'm.room.join_rules', 'm.room.redaction']

/** A JSON object from a literal. */
export function json(value: unknown): JsonObject {
  const parsed = fromPlain(value)
  assert.ok(isJsonObject(parsed))
  return parsed
}

/** Random attempts, most of them sensible, so that rooms live; some absurd. */
export class AttemptGenerator {
  readonly #random: SeededRandom
  readonly #rules: RoomRules
  /** Users of other servers than the creator's: none in a room that is not federated, where Synapse also refuses them as targets. */
  readonly #people: readonly string[]

  constructor(random: SeededRandom, rules: RoomRules, isFederated: boolean) {
    this.#random = random
    this.#rules = rules
    this.#people = isFederated ? people : people.slice(0, 2)
  }

  /** The next attempt, in a room with these power levels. */
  next(powerLevels: JsonObject | undefined): Attempt {
    const random = this.#random
    const kind = random.next()
    if (kind < 0.45) return this.#member()
    if (kind < 0.65) return this.#state('m.room.power_levels', this.#powerLevels(powerLevels ?? json({})))
    if (kind < 0.74) return this.#state('m.room.join_rules', this.#joinRule())
    if (kind < 0.8) return this.#state('m.room.topic', json({ topic: String(random.below(1000)) }))
    if (kind < 0.84) return this.#thirdPartyInvite()
    if (kind < 0.88) return { type: 'm.room.redaction', sender: this.#person(), stateKey: undefined, content: json({}), redacts: true }
    if (kind < 0.91) return { ...this.#state('m.room.aliases', json({ aliases: [] })), stateKey: random.pick(['a', 'b', 'c', undefined]) }
    if (kind < 0.94) return { ...this.#state('org.example.own', json({})), stateKey: this.#person() }
    // Somebody of another server always tries, also where the room is not federated.
    return { type: 'm.room.message', sender: random.pick(people), stateKey: undefined, content: json({ body: 'x' }) }
  }

  /** The next attempt of somebody who wants the room for themselves. */
  nextOfPower(powerLevels: JsonObject | undefined): Attempt {
    const kind = this.#random.next()
    if (kind < 0.4) return this.#state('m.room.power_levels', this.#powerLevels(powerLevels ?? json({})))
    if (kind < 0.6) return this.#state('m.room.join_rules', this.#joinRule())
    return this.#member()
  }

  #person(): string {
    return this.#random.chance(0.3) ? people[0] : this.#random.pick(this.#people)
  }

  #state(type: string, content: JsonObject): Attempt {
    return { type, sender: this.#person(), stateKey: '', content }
  }

  #member(): Attempt {
    const random = this.#random
    const sender = this.#person()
    const membership = random.pick<unknown>([
      'join',
      'join',
      'join',
      'join',
      'invite',
      'invite',
      'leave',
      'leave',
      'ban',
      'knock',
      random.chance(0.2) ? 'dance' : 'join',
    ])
    const isOwn = membership === 'join' || membership === 'knock' ? !random.chance(0.05) : random.chance(0.3)
    const stateKey = random.chance(0.01) ? random.pick(['nobody', '', undefined]) : isOwn ? sender : this.#person()
    const content: Record<string, unknown> = random.chance(0.01) ? {} : { membership }
    if (membership === 'join' && random.chance(0.4)) {
      content['join_authorised_via_users_server'] = random.chance(0.05) ? random.pick<unknown>([5, 'nobody', null]) : this.#person()
    }
    if (membership === 'invite' && random.chance(0.3)) content['third_party_invite'] = this.#proof(stateKey ?? '')
    return { type: 'm.room.member', sender, stateKey, content: json(content) }
  }

  #proof(target: string): unknown {
    const random = this.#random
    if (random.chance(0.1)) return random.pick<unknown>([5, {}, { signed: 5 }, { signed: { token: 't0' } }])
    const token = `t${random.below(2)}`
    const signed = signJson(json({ mxid: random.chance(0.1) ? people[0] : target, token }), identity.server, identityKey)
    return { signed: random.chance(0.1) ? { ...signed, extra: 1 } : signed }
  }

  #thirdPartyInvite(): Attempt {
    const random = this.#random
    const other = Buffer.alloc(32, 9).toString('base64').replaceAll('=', '')
    const content = random.pick<unknown>([
      { public_key: identity.publicKey },
      { public_key: other, public_keys: [{ public_key: identity.publicKey }] },
      { public_key: other },
      {},
    ])
    return { ...this.#state('m.room.third_party_invite', json(content)), stateKey: `t${random.below(2)}` }
  }

  #joinRule(): JsonObject {
    const random = this.#random
    if (random.chance(0.05)) return json(random.pick<unknown>([{}, { join_rule: 5 }, { join_rule: 'private' }]))
    return json({ join_rule: random.pick(['public', 'public', 'invite', 'knock', 'restricted', 'knock_restricted']) })
  }

  /** The levels in force with some changes, as clients make them. */
  #powerLevels(current: JsonObject): JsonObject {
    const random = this.#random
    const changed: Record<string, unknown> = { ...current }
    for (const name of named) {
      if (random.chance(0.12)) changed[name] = this.#level()
      else if (random.chance(0.03)) delete changed[name]
    }
    changed['users'] = this.#entries(
      current['users'],
      this.#rules.creatorsOutrankAll && random.chance(0.95) ? people.slice(1) : people,
      0.3,
    )
    if (random.chance(0.3)) changed['events'] = this.#entries(current['events'], eventTypes, 0.2)
    if (random.chance(0.2)) changed['notifications'] = this.#entries(current['notifications'], ['room', 'org.example'], 0.4)
    if (random.chance(0.02)) changed['users'] = random.pick<unknown>([[], 'x', { nobody: 5 }, { '@x': 5 }])
    return json(changed)
  }

  #entries(current: JsonValue | undefined, keys: readonly string[], probability: number): Record<string, unknown> {
    const random = this.#random
    const entries: Record<string, unknown> = isJsonObject(current) ? { ...current } : {}
    for (const key of keys) {
      if (random.chance(probability)) entries[key] = this.#level()
      else if (random.chance(0.05)) delete entries[key]
    }
    return entries
  }

  #level(): unknown {
    const random = this.#random
    const level = random.pick(levels)
    if (random.chance(0.03)) return random.pick<unknown>(['x', '', null, {}, '1.5', '5 5'])
    return random.chance(this.#rules.integerPowerLevels ? 0.01 : 0.15) ? random.pick([` +00${level} `, `${level}`, `-${level}`]) : level
  }
}
