import type { Query, SqlValue } from '../sql.ts'
import type { ColumnType } from '../table-write.ts'

/** A row holds what its column cannot hold: our mistake, and the fault of its unit alone. */
export class BadValue extends Error {
  override readonly name = 'BadValue'
}

/** What travels to the database: everything is text, so that a statement's parameters have the same types at every call. */
export type Wire = string | number | null

/** One value of a statement. */
export function toWire(value: Query<unknown>['values'][number]): Wire {
  if (value === null || typeof value === 'string' || typeof value === 'number') return value
  if (value instanceof Uint8Array) return `\\x${hex(value)}`
  return typeof value[0] === 'number' ? numberArray(value) : textArray(value)
}

/** A column of values as an array of the column's type. */
export function toWireArray(type: ColumnType, values: readonly SqlValue[]): string {
  if (type === 'int') return numberArray(values)
  return type === 'text' ? textArray(values) : bytesArray(values)
}

function numberArray(values: readonly SqlValue[]): string {
  let text = '{'
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? null
    if (value !== null && typeof value !== 'number') throw new BadValue('a column of numbers got something else')
    if (i > 0) text += ','
    text += value ?? 'NULL'
  }
  return `${text}}`
}

function textArray(values: readonly SqlValue[]): string {
  let text = '{'
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? null
    if (value instanceof Uint8Array) throw new BadValue('a text column got bytes')
    if (i > 0) text += ','
    text += value === null ? 'NULL' : quoted(String(value))
  }
  return `${text}}`
}

function bytesArray(values: readonly SqlValue[]): string {
  let text = '{'
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? null
    if (value !== null && !(value instanceof Uint8Array)) throw new BadValue('a column of bytes got something else')
    if (i > 0) text += ','
    text += value === null ? 'NULL' : `"\\\\x${hex(value)}"`
  }
  return `${text}}`
}

const special = /["\\]/
const specials = /["\\]/g

function quoted(text: string): string {
  return special.test(text) ? `"${text.replaceAll(specials, '\\$&')}"` : `"${text}"`
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

const same = (value: string): string => value

/**
 * How the driver reads the database's types, by their number: whole numbers and sums are numbers (ours are within 2^53), a
 * comparison is 0 or 1 as in SQLite, bytes are a Uint8Array of their own. What we send is text already.
 */
export const wireTypes = {
  int8: { to: 20, from: [20, 1700], serialize: String, parse: Number },
  bool: { to: 16, from: [16], serialize: same, parse: (text: string) => (text === 't' ? 1 : 0) },
  bytea: { to: 17, from: [17], serialize: same, parse: (text: string) => new Uint8Array(Buffer.from(text.slice(2), 'hex')) },
  numbers: {
    to: 1016,
    from: [1016],
    serialize: same,
    parse: (text: string) => (text === '{}' ? [] : text.slice(1, -1).split(',').map(Number)),
  },
}
