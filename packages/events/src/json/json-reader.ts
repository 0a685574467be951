import { assert } from '../assert.ts'
import type { JsonFault, JsonRule } from './json-fault.ts'
import { NumberLexeme, type JsonObject, type JsonValue } from './json-value.ts'
import { emptyObject } from './plain-object.ts'
import { unescapeJson } from './unescape-json.ts'

const QUOTE = 0x22
const COMMA = 0x2c
const MINUS = 0x2d
const DIGIT_0 = 0x30
const DIGIT_9 = 0x39
const COLON = 0x3a
const OPEN_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/** Fifteen digits are below 2^53 whatever they are. */
const SAFE_DIGITS = 15
const numberGrammar = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y

/**
 * One pass over a well-formed text. Every step returns `undefined` once a fault is noted; no JSON value is `undefined`, and throwing
 * would cost a hostile peer's every line a stack trace. Recursion ends at `depthMax`.
 */
export class JsonReader {
  readonly #text: string
  readonly #depthMax: number
  #at = 0
  #depth = 0
  #fault: JsonFault | undefined

  constructor(text: string, depthMax: number) {
    this.#text = text
    this.#depthMax = depthMax
  }

  /** The value that the whole text is; `undefined` after a fault. */
  readWhole(): JsonValue | undefined {
    const value = this.#readValue()
    if (value === undefined) return undefined
    this.#skipBlanks()
    return this.#at === this.#text.length ? value : this.#refuse('json.trailing', 'there is something after the value')
  }

  /** The fault after `readWhole` gave `undefined`. */
  takeFault(): JsonFault {
    assert(this.#fault !== undefined, 'a reader that gave no value noted a fault')
    return this.#fault
  }

  #refuse(rule: JsonRule, why: string, at: number = this.#at): undefined {
    this.#fault ??= { rule, why, at }
    return undefined
  }

  #skipBlanks(): void {
    for (;;) {
      const unit = this.#text.charCodeAt(this.#at)
      if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return
      this.#at += 1
    }
  }

  #readValue(): JsonValue | undefined {
    let unit = this.#text.charCodeAt(this.#at)
    if (unit <= 0x20) {
      this.#skipBlanks()
      unit = this.#text.charCodeAt(this.#at)
    }
    if (unit === QUOTE) return this.#readString()
    if (unit === OPEN_BRACE) return this.#readObject()
    if (unit === OPEN_BRACKET) return this.#readArray()
    if (unit === MINUS || (unit >= DIGIT_0 && unit <= DIGIT_9)) return this.#readNumber()
    if (unit === 0x74) return this.#readWord('true', true)
    if (unit === 0x66) return this.#readWord('false', false)
    if (unit === 0x6e) return this.#readWord('null', null)
    return this.#refuse('json.syntax', 'a value was expected')
  }

  #readWord<T extends boolean | null>(word: string, value: T): T | undefined {
    if (!this.#text.startsWith(word, this.#at)) return this.#refuse('json.syntax', 'a value was expected')
    this.#at += word.length
    return value
  }

  /** The string that begins with the quote at the current place. */
  #readString(): string | undefined {
    const text = this.#text
    const start = this.#at + 1
    let at = start
    for (;;) {
      const unit = text.charCodeAt(at)
      if (unit === QUOTE) {
        this.#at = at + 1
        return text.slice(start, at)
      }
      if (unit === BACKSLASH) return this.#readEscapedString(start, at)
      // Beyond the end the unit is NaN, which is not >= 0x20 either.
      if (!(unit >= 0x20)) return this.#refuseUnit(at)
      at += 1
    }
  }

  #readEscapedString(start: number, firstEscape: number): string | undefined {
    const text = this.#text
    let at = firstEscape
    for (;;) {
      const unit = text.charCodeAt(at)
      if (unit === QUOTE) break
      if (!(unit >= 0x20)) return this.#refuseUnit(at)
      at += unit === BACKSLASH ? 2 : 1
    }
    const value = unescapeJson(text.slice(start, at))
    if (value === undefined) return this.#refuse('json.escape', 'a string has an unknown escape', start)
    if (!value.isWellFormed()) return this.#refuse('json.surrogate', 'a string has an escaped lone surrogate', start)
    this.#at = at + 1
    return value
  }

  #refuseUnit(at: number): undefined {
    return at >= this.#text.length
      ? this.#refuse('json.syntax', 'a string does not end', at)
      : this.#refuse('json.control_character', 'a string has a bare control character', at)
  }

  #readNumber(): number | NumberLexeme | undefined {
    const text = this.#text
    const start = this.#at
    let at = start
    const negative = text.charCodeAt(at) === MINUS
    if (negative) at += 1
    const digits = at
    let value = 0
    let unit = text.charCodeAt(at)
    while (unit >= DIGIT_0 && unit <= DIGIT_9) {
      value = value * 10 + (unit - DIGIT_0)
      at += 1
      unit = text.charCodeAt(at)
    }
    const count = at - digits
    const plain = unit !== 0x2e && unit !== 0x65 && unit !== 0x45
    const leadingZero = text.charCodeAt(digits) === DIGIT_0
    if (plain && count <= SAFE_DIGITS && (leadingZero ? count === 1 && !negative : count > 0)) {
      this.#at = at
      return negative ? -value : value
    }
    return this.#readOddNumber(start)
  }

  /** A number that is not short and plain, or none at all. */
  #readOddNumber(start: number): number | NumberLexeme | undefined {
    numberGrammar.lastIndex = start
    const match = numberGrammar.exec(this.#text)
    if (match === null) return this.#refuse('json.number', 'a number is malformed', start)
    const lexeme = match[0]
    this.#at = start + lexeme.length
    const next = this.#text.charCodeAt(this.#at)
    if ((next >= DIGIT_0 && next <= DIGIT_9) || next === 0x2e || next === 0x65 || next === 0x45) {
      return this.#refuse('json.number', 'a number is malformed', start)
    }
    const value = Number(lexeme)
    const plain = match[1] === undefined && match[2] === undefined && lexeme !== '-0' && Number.isSafeInteger(value)
    return plain ? value : new NumberLexeme(lexeme)
  }

  #readArray(): readonly JsonValue[] | undefined {
    if (!this.#enter()) return undefined
    const array: JsonValue[] = []
    this.#skipBlanks()
    if (this.#text.charCodeAt(this.#at) === CLOSE_BRACKET) return this.#leave(array)
    for (;;) {
      const value = this.#readValue()
      if (value === undefined) return undefined
      array.push(value)
      this.#skipBlanks()
      const unit = this.#text.charCodeAt(this.#at)
      if (unit === CLOSE_BRACKET) return this.#leave(array)
      if (unit !== COMMA) return this.#refuse('json.syntax', 'a comma or the end of an array was expected')
      this.#at += 1
    }
  }

  #readObject(): JsonObject | undefined {
    if (!this.#enter()) return undefined
    const text = this.#text
    const object = emptyObject()
    this.#skipBlanks()
    if (text.charCodeAt(this.#at) === CLOSE_BRACE) return this.#leave(object)
    for (;;) {
      this.#skipBlanks()
      const keyAt = this.#at
      if (text.charCodeAt(keyAt) !== QUOTE) return this.#refuse('json.syntax', 'a key was expected')
      const key = this.#readString()
      if (key === undefined) return undefined
      this.#skipBlanks()
      if (text.charCodeAt(this.#at) !== COLON) return this.#refuse('json.syntax', 'a colon was expected')
      this.#at += 1
      const value = this.#readValue()
      if (value === undefined) return undefined
      if (object[key] !== undefined) return this.#refuse('json.duplicate_key', 'an object has a key twice', keyAt)
      object[key] = value
      this.#skipBlanks()
      const unit = text.charCodeAt(this.#at)
      if (unit === CLOSE_BRACE) return this.#leave(object)
      if (unit !== COMMA) return this.#refuse('json.syntax', 'a comma or the end of an object was expected')
      this.#at += 1
    }
  }

  #enter(): boolean {
    if (this.#depth === this.#depthMax) {
      this.#refuse('json.depth', `the value has more than ${this.#depthMax} levels`)
      return false
    }
    this.#depth += 1
    this.#at += 1
    return true
  }

  #leave<T>(value: T): T {
    this.#depth -= 1
    this.#at += 1
    return value
  }
}
