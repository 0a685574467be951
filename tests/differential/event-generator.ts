import assert from 'node:assert/strict'
import { roomRules, type RoomRules } from '@causeway/events'

const types = [
  'm.room.message',
  'm.room.member',
  'm.room.create',
  'm.room.join_rules',
  'm.room.power_levels',
  'm.room.aliases',
  'm.room.history_visibility',
  'm.room.redaction',
  'm.room.third_party_invite',
  'org.example.anything',
  '',
]

/** Keys that redaction treats in a special way somewhere, and keys that trip naive code. */
const contentKeys = [
  ...'membership join_authorised_via_users_server third_party_invite signed creator room_version m.federate join_rule allow'.split(' '),
  ...'ban events events_default kick invite redact state_default users users_default notifications'.split(' '),
  ...'aliases history_visibility redacts body reason __proto__ constructor toString 10 9 é 💬'.split(' '),
  ...Array.from('\uffff\ue000"\\\n\u0000\u007f\u2028'),
  '',
]

/**
 * Keys beside those that every event has. Not among them: `age_ts`, `outlier` and `destinations`, which Synapse leaves out of the
 * content hash and the specification does not.
 */
const extraKeys = [
  'prev_state',
  'origin',
  'membership',
  'prev_content',
  'redacts_',
  'user_id',
  'x',
  '__proto__',
  'constructor',
  '10',
  '9',
  '💬',
  '\uffff',
]

const units = [
  'a',
  'Z',
  '0',
  ' ',
  '"',
  '\\',
  '/',
  '\b',
  '\t',
  '\n',
  '\f',
  '\r',
  '\0',
  '\u001f',
  '\u007f',
  'é',
  'ß',
  '日',
  '\u2028',
  '\ufeff',
  '\uffff',
  '💬',
]

/** Spelt as Python spells them, for Python does not keep a number's spelling. */
const oddNumbers = [
  '1.0',
  '-1.5',
  '0.1',
  '1e+22',
  '1e-07',
  '1.7976931348623157e+308',
  '9007199254740992',
  '-9007199254740993',
  '18446744073709551615',
]

/** Random events of one room version, as JSON texts in no canonical order; the same seed gives the same events. */
export class EventGenerator {
  readonly #rules: RoomRules
  #state: number

  constructor(seed: number, version: string) {
    const rules = roomRules(version)
    assert.ok(rules !== undefined)
    this.#rules = rules
    this.#state = (seed ^ (Number(version) * 0x9e3779b9)) >>> 0
  }

  /** The next event. */
  next(): string {
    const rules = this.#rules
    const type = this.#pick(types)
    const fields: Record<string, string> = {
      type: JSON.stringify(type),
      sender: JSON.stringify(`@${this.#chance(0.2) ? this.#word(5).replaceAll('\0', '') : 'alice'}:example.org`),
      origin_server_ts: String(this.#below(2 ** 48)),
      depth: this.#depth(),
      prev_events: this.#references(20),
      auth_events: this.#references(10),
      hashes: this.#chance(0.1) ? '{}' : JSON.stringify({ sha256: this.#hash() }),
      signatures: JSON.stringify({ 'example.org': { 'ed25519:1': `${this.#hash()}${this.#hash()}` } }),
      content: this.#content(type),
    }
    if (!(rules.roomIdIsCreateHash && type === 'm.room.create')) fields['room_id'] = JSON.stringify(this.#roomId())
    if (rules.eventIds === 'given') fields['event_id'] = JSON.stringify(`$${this.#hash()}:example.org`)
    // Synapse takes a create event without an empty state key for one that must name its room.
    if (type === 'm.room.create') fields['state_key'] = '""'
    else if (this.#chance(0.5)) fields['state_key'] = JSON.stringify(this.#word(10))
    if (this.#chance(0.3)) fields['unsigned'] = '{"age":1}'
    if (this.#chance(0.2) && !rules.redactsInContent) fields['redacts'] = JSON.stringify(`$${this.#hash()}`)
    const parts = Object.entries(fields)
    for (const key of extraKeys) if (this.#chance(0.15)) parts.push([key, this.#value(3)])
    return this.#object(parts)
  }

  #content(type: string): string {
    const parts: [string, string][] = []
    for (const key of contentKeys) if (this.#chance(0.3)) parts.push([key, this.#value(4)])
    if (type === 'm.room.member' && this.#chance(0.5)) {
      const invite = this.#chance(0.7)
        ? this.#object([
            ['signed', this.#value(2)],
            ['display_name', '"x"'],
          ])
        : this.#value(2)
      return this.#object([...parts.filter(([key]) => key !== 'third_party_invite'), ['third_party_invite', invite]])
    }
    return this.#object(parts)
  }

  /** The members in random order, with blanks here and there and keys now and then in escapes. */
  #object(parts: readonly [key: string, json: string][]): string {
    const shuffled = parts.map((part) => ({ part, at: this.#next() })).toSorted((a, b) => a.at - b.at)
    const blank = this.#pick(['', '', ' ', '\n\t'])
    return `{${shuffled.map(({ part: [key, json] }) => `${blank}${this.#string(key)}:${blank}${json}`).join(',')}${blank}}`
  }

  #value(depth: number): string {
    const kind = this.#below(depth > 0 ? 9 : 6)
    if (kind === 0) return this.#pick(['null', 'true', 'false'])
    if (kind === 1) return String(this.#below(2 ** 52) - 2 ** 51)
    if (kind === 2) {
      return this.#rules.strictCanonicalJson ? this.#pick(['9007199254740991', '-9007199254740991', '0']) : this.#pick(oddNumbers)
    }
    if (kind < 6) return this.#string(this.#word(12))
    if (kind === 6) return `[${Array.from({ length: this.#below(4) }, () => this.#value(depth - 1)).join(', ')}]`
    const keys = new Set(Array.from({ length: this.#below(5) }, () => (this.#chance(0.7) ? this.#pick(contentKeys) : this.#word(4))))
    return this.#object([...keys].map((key) => [key, this.#value(depth - 1)]))
  }

  #string(text: string): string {
    if (this.#chance(0.8)) return JSON.stringify(text)
    const escaped = Array.from({ length: text.length }, (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`)
    return `"${escaped.join('')}"`
  }

  #depth(): string {
    // The specification allows 2^63 - 1 in versions 1 to 5; Synapse takes no more than this in any.
    return this.#chance(0.1) ? '9007199254740991' : String(this.#below(100_000))
  }

  #roomId(): string {
    return this.#rules.roomIdIsCreateHash ? `!${this.#hash()}` : '!room:example.org'
  }

  #references(max: number): string {
    const ids = Array.from({ length: this.#below(max + 1) }, () => `$${this.#hash()}`)
    return JSON.stringify(this.#rules.referencePairs ? ids.map((id) => [`${id}:example.org`, { sha256: this.#hash() }]) : ids)
  }

  #hash(): string {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
    return Array.from({ length: 43 }, () => alphabet[this.#below(alphabet.length)]).join('')
  }

  #word(max: number): string {
    return Array.from({ length: this.#below(max + 1) }, () => this.#pick(units)).join('')
  }

  #pick<T>(list: readonly T[]): T {
    const item = list[this.#below(list.length)]
    assert.ok(item !== undefined)
    return item
  }

  #chance(probability: number): boolean {
    return this.#next() < probability
  }

  #below(limit: number): number {
    return Math.floor(this.#next() * limit)
  }

  /** From 0 to 1 (Mulberry32). */
  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
