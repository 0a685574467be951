/** What is wrong with a value: where (names and indices, dots between) and how. */
export interface SchemaFault {
  /** Empty for the value itself. */
  readonly field: string
  readonly missing: boolean
  /** Follows the field's name in a sentence: `must be a string`. */
  readonly why: string
}

declare const shape: unique symbol

/** What a value must look like. Unknown keys of objects are never a fault: the protocol grows by them. */
export interface Schema<T = unknown> {
  /** Only for the compiler: the type of a value that passes. */
  readonly [shape]?: T
  /** The same as JSON Schema, for the reference. */
  readonly json: Readonly<Record<string, unknown>>
  /** The first fault of `value`, which stands at `field`; undefined when there is none. */
  check(value: unknown, field: string): SchemaFault | undefined
}

/** A property that may be absent. */
export interface OptionalSchema<T = unknown> extends Schema<T> {
  readonly optional: true
}

/** The type of the values that pass a schema. */
export type Static<S extends Schema> = S extends Schema<infer T> ? T : never

type Properties = Readonly<Record<string, Schema>>
type Flat<T> = { [K in keyof T]: T[K] }
type ObjectOf<P extends Properties> = Flat<
  { [K in keyof P as P[K] extends OptionalSchema ? never : K]: Static<P[K]> } & {
    [K in keyof P as P[K] extends OptionalSchema ? K : never]?: Static<P[K]>
  }
>

interface StringLimits {
  readonly minLength?: number
  /** UTF-16 units. */
  readonly maxLength?: number
  /** A regular expression that must be found in it. */
  readonly pattern?: string
}

interface NumberLimits {
  readonly minimum?: number
  readonly maximum?: number
}

interface ListLimits {
  readonly minItems?: number
  readonly maxItems?: number
}

function fault(field: string, why: string): SchemaFault {
  return { field, missing: false, why }
}

function below(field: string, name: string | number): string {
  return field === '' ? String(name) : `${field}.${name}`
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isOptional(schema: Schema): schema is OptionalSchema {
  return 'optional' in schema
}

function simple<T>(json: Readonly<Record<string, unknown>>, fits: (value: unknown) => boolean, why: string): Schema<T> {
  return { json, check: (value, field) => (fits(value) ? undefined : fault(field, why)) }
}

function objectOf<const P extends Properties>(properties: P): Schema<ObjectOf<P>> {
  const entries = Object.entries(properties).map(([name, schema]) => ({ name, schema, optional: isOptional(schema) }))
  const required = entries.filter(({ optional }) => !optional).map(({ name }) => name)
  return {
    json: { type: 'object', required, properties: Object.fromEntries(entries.map(({ name, schema }) => [name, schema.json])) },
    check: (value, field) => {
      if (!isRecord(value)) return fault(field, 'must be an object')
      for (const { name, schema, optional } of entries) {
        const member = value[name]
        if (member === undefined) {
          if (optional) continue
          return { field: below(field, name), missing: true, why: 'is missing' }
        }
        const found = schema.check(member, below(field, name))
        if (found !== undefined) return found
      }
      return undefined
    },
  }
}

function arrayOf<T>(items: Schema<T>, { minItems = 0, maxItems = Infinity }: ListLimits = {}): Schema<T[]> {
  return {
    json: { type: 'array', items: items.json },
    check: (value, field) => {
      if (!Array.isArray(value)) return fault(field, 'must be a list')
      if (value.length < minItems) return fault(field, `must have at least ${minItems} entries`)
      if (value.length > maxItems) return fault(field, `must have at most ${maxItems} entries`)
      for (const [i, item] of value.entries()) {
        const found = items.check(item, below(field, i))
        if (found !== undefined) return found
      }
      return undefined
    },
  }
}

function recordOf<T>(_keys: Schema<string>, values: Schema<T>): Schema<Record<string, T>> {
  return {
    json: { type: 'object', additionalProperties: values.json },
    check: (value, field) => {
      if (!isRecord(value)) return fault(field, 'must be an object')
      if (values === anything) return undefined
      for (const name of Object.keys(value)) {
        const found = values.check(value[name], below(field, name))
        if (found !== undefined) return found
      }
      return undefined
    },
  }
}

function unionOf<const Members extends readonly Schema[]>(members: Members): Schema<Static<Members[number]>> {
  const types = new Set(members.map(({ json }) => json['type']))
  return {
    // One type for all lets a query be read by it.
    json: { ...(types.size === 1 && { type: members[0]?.json['type'] }), anyOf: members.map(({ json }) => json) },
    check: (value, field) => {
      let last: SchemaFault | undefined
      for (const member of members) {
        last = member.check(value, field)
        if (last === undefined) return undefined
      }
      return members.length === 1 ? last : fault(field, 'has none of the forms that it may have')
    },
  }
}

function stringOf({ minLength = 0, maxLength = Infinity, pattern }: StringLimits = {}): Schema<string> {
  const grammar = pattern === undefined ? undefined : new RegExp(pattern, 'u')
  return {
    json: { type: 'string', ...(pattern === undefined ? {} : { pattern }) },
    check: (value, field) => {
      if (typeof value !== 'string') return fault(field, 'must be a string')
      if (value.length < minLength) return fault(field, `must have at least ${minLength} characters`)
      if (value.length > maxLength) return fault(field, `must have at most ${maxLength} characters`)
      return grammar?.test(value) === false ? fault(field, `must match ${grammar.source}`) : undefined
    },
  }
}

function integerOf({ minimum = -Infinity, maximum = Infinity }: NumberLimits = {}): Schema<number> {
  return {
    json: { type: 'integer' },
    check: (value, field) => {
      if (typeof value !== 'number' || !Number.isSafeInteger(value)) return fault(field, 'must be a whole number')
      if (value < minimum) return fault(field, `must be at least ${minimum}`)
      return value > maximum ? fault(field, `must be at most ${maximum}`) : undefined
    },
  }
}

function literalOf<const T extends string | number | boolean>(literal: T): Schema<T> {
  return simple({ type: typeof literal, const: literal }, (value) => value === literal, `must be ${JSON.stringify(literal)}`)
}

const anything: Schema<unknown> = { json: {}, check: () => undefined }

/** The schemas that declarations are made of. */
export const Type = {
  /** The named properties, each by its schema, and any others. */
  Object: objectOf,
  /** A property that may be absent; `null` is not absent. */
  Optional: <T>(schema: Schema<T>): OptionalSchema<T> => ({ json: schema.json, check: schema.check, optional: true }),
  Array: arrayOf,
  /** An object whose keys are data. */
  Record: recordOf,
  /** One of several. */
  Union: unionOf,
  Literal: literalOf,
  String: stringOf,
  /** A safe integer: the only numbers of canonical JSON. */
  Integer: integerOf,
  Number: (): Schema<number> => simple({ type: 'number' }, (value) => typeof value === 'number', 'must be a number'),
  Boolean: (): Schema<boolean> => simple({ type: 'boolean' }, (value) => typeof value === 'boolean', 'must be true or false'),
  Null: (): Schema<null> => simple({ type: 'null' }, (value) => value === null, 'must be null'),
  Unknown: (): Schema<unknown> => anything,
} as const
