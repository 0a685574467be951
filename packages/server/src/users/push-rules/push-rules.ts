import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import {
  basePushRules,
  compileRules,
  dependsOnUser,
  legacyPushRules,
  personalPushRules,
  pushRuleKinds,
  threadRules,
  withDefaultRules,
  type CompiledRules,
  type DefaultRuleChange,
  type JsonObject,
  type PushRule,
  type PushRuleKind,
  type PushRuleset,
  type RoomId,
  type UserDependence,
  type UserId,
} from '@causeway/events'
import type { Clock } from '../../platform/clock.ts'
import type { Database } from '../../storage/database.ts'
import { globalDataOfUsers } from '../../storage/tables/account-data.ts'
import type { AccountData } from '../account-data/account-data.ts'
import { isAccountDataAnnouncement } from '../announcements.ts'
import { pushRulesEntryBytes, pushRulesInMemoryBytesMax, pushRulesPerReadMax, revalidateMs } from '../limits.ts'
import { changeRule, copyRoomRules, noRule, putRule, removeRule, type RulePlace } from './change-rules.ts'
import { noStoredRules, parseStoredRules, ruleJson, storedRulesJson, type StoredRules } from './stored-rules.ts'

/** Rules that are ready to be asked. Users with equal rules have the same object. */
export interface ReadyRules {
  /** Equal for equal rules; empty for those that everybody has. */
  readonly key: string
  /** In the form that is equal for all, without the user's id. */
  readonly ruleset: PushRuleset
  readonly compiled: CompiledRules
  readonly dependence: UserDependence
}

interface Known {
  readonly rules: ReadyRules
  /** Monotonic milliseconds. */
  readonly revalidateAt: number
}

interface Ports {
  readonly db: Database
  readonly clock: Clock
  readonly accountData: AccountData
  /** Does a text mention whom it names, as it did before Matrix 1.17? */
  readonly legacyMentions: boolean
}

const type = 'm.push_rules'

/** The push rules of our users (Client-Server API, "Push Rules"), kept ready in memory. */
export class PushRules {
  readonly #ports: Ports
  readonly #predefined: PushRuleset
  /** The rules of users who never changed them. */
  readonly #defaults: ReadyRules
  readonly #known: LRUCache<string, Known>
  /** By the hash of their JSON. */
  readonly #sets: LRUCache<string, ReadyRules>
  /** Counts changes: what was read before may be outdated. */
  #changes = 0

  constructor(ports: Ports) {
    this.#ports = ports
    this.#predefined = ports.legacyMentions ? legacyPushRules : basePushRules
    this.#defaults = ready('', noStoredRules, this.#predefined)
    this.#known = new LRUCache({ maxSize: pushRulesInMemoryBytesMax })
    this.#sets = new LRUCache({ maxSize: pushRulesInMemoryBytesMax })
    ports.db.onCommitted((announcements) => {
      for (const announcement of announcements) {
        if (!isAccountDataAnnouncement(announcement) || announcement.type !== type) continue
        this.#changes += 1
        this.#known.delete(announcement.userId)
      }
    })
  }

  /** Grows with every change of anybody's rules. */
  get changes(): number {
    return this.#changes
  }

  /** A user's rules. */
  async of(userId: UserId): Promise<ReadyRules> {
    return this.known(userId) ?? (await this.#load([userId])).get(userId) ?? this.#defaults
  }

  /** A user's rules if they are in memory. */
  known(userId: string): ReadyRules | undefined {
    const known = this.#known.get(userId)
    return known === undefined || known.revalidateAt <= this.#ports.clock.monotonic() ? undefined : known.rules
  }

  /** The rules of many users, with few reads. */
  async ofAll(userIds: Iterable<string>): Promise<Map<string, ReadyRules>> {
    const all = new Map<string, ReadyRules>()
    const missing: string[] = []
    for (const userId of userIds) {
      const rules = this.known(userId)
      if (rules === undefined) missing.push(userId)
      else all.set(userId, rules)
    }
    for (let at = 0; at < missing.length; at += pushRulesPerReadMax) {
      for (const [userId, rules] of await this.#load(missing.slice(at, at + pushRulesPerReadMax))) all.set(userId, rules)
    }
    return all
  }

  /** All rules as their owner sees them: the content of the account data `m.push_rules`. */
  async personal(userId: UserId): Promise<JsonObject> {
    return { global: await this.personalSet(userId) }
  }

  /** The rules of the one scope that there is, by kind. */
  async personalSet(userId: UserId): Promise<JsonObject> {
    return setJson(personalPushRules((await this.of(userId)).ruleset, userId))
  }

  /** One rule as its owner sees it. Throws M_NOT_FOUND. */
  async rule(userId: UserId, kind: PushRuleKind, ruleId: string): Promise<PushRule> {
    const rules = personalPushRules((await this.of(userId)).ruleset, userId)
    const rule = rules[kind].find(({ rule_id }) => rule_id === ruleId)
    if (rule === undefined) throw noRule()
    return rule
  }

  /** Add or change one of the user's own rules. Throws M_UNKNOWN (400), M_TOO_LARGE. */
  put(userId: UserId, kind: PushRuleKind, rule: PushRule, place: RulePlace): Promise<void> {
    return this.#change(userId, (stored) => putRule(stored, kind, rule, place))
  }

  /** Remove one of the user's own rules. Throws M_NOT_FOUND. */
  remove(userId: UserId, kind: PushRuleKind, ruleId: string): Promise<void> {
    return this.#change(userId, (stored) => removeRule(stored, kind, ruleId))
  }

  /** Turn a rule on or off, or give it other actions. Throws M_NOT_FOUND, M_TOO_LARGE. */
  change(userId: UserId, kind: PushRuleKind, ruleId: string, change: DefaultRuleChange): Promise<void> {
    return this.#change(userId, (stored) => changeRule(stored, kind, ruleId, change, this.#predefined))
  }

  /** The user's client subscribes to threads: let the rules of that hold (MSC4306). */
  async turnOnThreadRules(userId: UserId): Promise<void> {
    await this.#change(userId, (stored) =>
      threadRules.reduce((rules, { rule_id }) => changeRule(rules, 'postcontent', rule_id, { enabled: true }, this.#predefined), stored),
    )
  }

  /** The user's rules for a room hold for another one as well; see `copyRoomRules`. Throws M_TOO_LARGE. */
  copyForRoom(userId: UserId, from: RoomId, to: RoomId): Promise<void> {
    return this.#change(userId, (stored) => copyRoomRules(stored, from, to))
  }

  #change(userId: UserId, change: (stored: StoredRules) => StoredRules): Promise<void> {
    const unchanged = storedRulesJson(noStoredRules)
    return this.#ports.accountData.change({ userId, roomId: '', type }, (content) => {
      const json = storedRulesJson(change(content === undefined ? noStoredRules : parseStoredRules(content)))
      return content === undefined && json === unchanged ? undefined : json
    })
  }

  async #load(userIds: readonly string[]): Promise<Map<string, ReadyRules>> {
    const { db, clock } = this.#ports
    const changes = this.#changes
    const rows = await globalDataOfUsers(db, userIds, type)
    const contents = new Map(rows.map((row) => [row.user_id, row.content]))
    const revalidateAt = db.dialect === 'sqlite' ? Infinity : clock.monotonic() + revalidateMs
    const loaded = new Map<string, ReadyRules>()
    let newer = false
    for (const userId of userIds) {
      const content = contents.get(userId)
      const rules = content === undefined ? this.#defaults : this.#ready(content)
      loaded.set(userId, rules)
      const before = this.#known.peek(userId)
      newer ||= before !== undefined && before.rules.key !== rules.key
      const size = pushRulesEntryBytes + (content?.length ?? 0)
      if (changes === this.#changes) this.#known.set(userId, { rules, revalidateAt }, { size })
    }
    // Another process changed them.
    if (newer) this.#changes += 1
    return loaded
  }

  #ready(content: string): ReadyRules {
    const stored = parseStoredRules(content)
    const json = storedRulesJson(stored)
    if (json === storedRulesJson(noStoredRules)) return this.#defaults
    const key = hash('sha256', json, 'base64')
    const known = this.#sets.get(key)
    if (known !== undefined) return known
    const rules = ready(key, stored, this.#predefined)
    this.#sets.set(key, rules, { size: pushRulesEntryBytes + json.length })
    return rules
  }
}

function ready(key: string, { own, changes }: StoredRules, predefined: PushRuleset): ReadyRules {
  const ruleset = withDefaultRules(own, changes, predefined)
  const compiled = compileRules(ruleset)
  return { key, ruleset, compiled, dependence: dependsOnUser(compiled) }
}

function setJson(rules: PushRuleset): JsonObject {
  return Object.fromEntries(pushRuleKinds.map((kind) => [kind, rules[kind].map(ruleJson)]))
}
