/**
 * A number as it stood in the text, kept because its value or its spelling would not survive as a JavaScript number:
 * `1.0`, `1e2`, `-0`, or an integer beyond 2^53 - 1. Room versions 1 to 5 sign such numbers as they were written.
 */
export class NumberLexeme {
  readonly lexeme: string
  constructor(lexeme: string) {
    this.lexeme = lexeme
  }

  /** JSON.stringify writes the number as it stood. */
  toJSON(): unknown {
    return rawJson(this.lexeme)
  }
}

/** `JSON.rawJSON`, which the type library does not know yet. */
function rawJson(text: string): unknown {
  const make: unknown = Reflect.get(JSON, 'rawJSON')
  return typeof make === 'function' ? Reflect.apply(make, JSON, [text]) : text
}

/** What a JSON text means. A plain `number` is always an integer within ±(2^53 - 1). */
export type JsonValue = null | boolean | number | string | NumberLexeme | readonly JsonValue[] | JsonObject

/** An object of a JSON text. It has no prototype: `__proto__` and `constructor` are keys like others. */
export interface JsonObject {
  readonly [key: string]: JsonValue
}

/** Is `value` a JSON object (not an array, not a number that kept its spelling)? */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof NumberLexeme)
}
