import { parse } from 'node:querystring'
import { MatrixError } from '../errors.ts'
import { queryParamsMax } from './limits.ts'
import { SchemaCheck } from './schema.ts'
import type { Schema } from './type.ts'

/** A query as sent: what came once is a string, what came repeatedly a list. It has no prototype. */
export type PlainQuery = Readonly<Record<string, string | readonly string[]>>

type Reader = (text: string) => string | number | boolean | undefined

const readers: Readonly<Record<string, Reader>> = {
  string: (text) => text,
  integer: (text) => (/^-?\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined),
  boolean: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
}

/** The plain query of the text after the question mark. Parameters beyond `queryParamsMax` are not looked at. */
export function parsePlainQuery(text: string): PlainQuery {
  const plain: Record<string, string | readonly string[]> = Object.create(null)
  for (const [name, value] of Object.entries(parse(text, '&', '=', { maxKeys: queryParamsMax }))) {
    if (value !== undefined) plain[name] = value
  }
  return plain
}

interface Property {
  readonly name: string
  readonly list: boolean
  readonly read: Reader
}

/** Reads a query by its endpoint's schema. */
export class QueryReader {
  readonly check: SchemaCheck
  readonly #properties: readonly Property[]

  constructor(schema: Schema) {
    this.check = new SchemaCheck(schema)
    this.#properties = Object.entries(propertiesOf(schema.json)).map(([name, property]) => propertyOf(name, property))
  }

  /** The declared parameters. Throws M_MISSING_PARAM or M_INVALID_PARAM naming the parameter. */
  read(text: string): Record<string, unknown> {
    const plain = parsePlainQuery(text)
    const query: Record<string, unknown> = {}
    for (const property of this.#properties) {
      const value = plain[property.name]
      if (value === undefined) continue
      query[property.name] = property.list ? [value].flat() : readOne(property, typeof value === 'string' ? value : value[0])
    }
    const fault = this.check.fault(query)
    if (fault === undefined) return query
    throw new MatrixError(fault.missing ? 'M_MISSING_PARAM' : 'M_INVALID_PARAM', `query parameter ${fault.field} ${fault.why}`)
  }
}

function readOne(property: Property, text: string | undefined): string | number | boolean {
  const value = property.read(text ?? '')
  if (value === undefined) throw new MatrixError('M_INVALID_PARAM', `query parameter ${property.name} is not valid`)
  return value
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function propertiesOf(schema: object): Record<string, unknown> {
  return 'properties' in schema && isRecord(schema.properties) ? schema.properties : {}
}

function propertyOf(name: string, schema: unknown): Property {
  const type = isRecord(schema) ? schema['type'] : undefined
  const list = type === 'array'
  return { name, list, read: (typeof type === 'string' ? readers[type] : undefined) ?? ((text) => text) }
}
