import { parseServerName } from '@causeway/events'
import { isIP } from 'node:net'
import { resolve } from 'node:path'
import type { Parsed, ValueType } from './option.ts'

export const good = <T>(value: T): Parsed<T> => ({ ok: true, value })
export const bad = (why: string): Parsed<never> => ({ ok: false, why })

/** Characters of one value: longer ones are a mistake. */
const textLengthMax = 4096

/** A type over strings. */
export function textType<T>(text: string, parse: (raw: string) => Parsed<T>, show: (value: T) => string): ValueType<T> {
  return {
    text,
    show,
    parse: (raw) => {
      const written = typeof raw === 'number' ? String(raw) : raw
      if (typeof written !== 'string') return bad(`must be ${text}`)
      return written.length > textLengthMax ? bad('is too long') : parse(written.trim())
    },
  }
}

/** Any text with something in it. */
export const someText = textType('a text', (raw) => (raw === '' ? bad('must not be empty') : good(raw)), String)

/** A file or folder; relative to the working directory. */
export const filePath = textType('a path', (raw) => (raw === '' ? bad('must not be empty') : good(resolve(raw))), String)

/** `type`, or nothing at all. */
export function optional<T>(type: ValueType<T>): ValueType<T | undefined> {
  return {
    text: type.text,
    parse: (raw) => (raw === null || raw === '' ? good(undefined) : type.parse(raw)),
    show: (value) => (value === undefined ? '' : type.show(value)),
  }
}

/** `type`, or `off`. */
export function orOff<T>(type: ValueType<T>): ValueType<T | undefined> {
  return {
    text: `${type.text}, or off`,
    parse: (raw) => (raw === 'off' || raw === false ? good(undefined) : type.parse(raw)),
    show: (value) => (value === undefined ? 'off' : type.show(value)),
  }
}

/** `type`, or `any`, which is undefined. */
export function any<T>(type: ValueType<T>): ValueType<T | undefined> {
  return {
    text: `${type.text}, or any`,
    parse: (raw) => (raw === 'any' ? good(undefined) : type.parse(raw)),
    show: (value) => (value === undefined ? 'any' : type.show(value)),
  }
}

const switches = new Map<unknown, boolean>([
  [true, true],
  ['on', true],
  ['true', true],
  [false, false],
  ['off', false],
  ['false', false],
])

export const onOff: ValueType<boolean> = {
  text: 'on | off',
  isSwitch: true,
  show: (value) => (value ? 'on' : 'off'),
  parse: (raw) => {
    const value = switches.get(raw)
    return value === undefined ? bad('must be on or off') : good(value)
  },
}

/** The name of a Matrix server, or of another that is named like one. */
export const serverName = textType(
  'a DNS name or address, with a port if need be',
  (raw) => {
    const name = parseServerName(raw)
    return name === undefined ? bad('must be a server name such as example.org') : good(name)
  },
  String,
)

/** One of a few words. YAML reads some words (`on`) as they stand. */
export function choice<const Words extends readonly string[]>(words: Words): ValueType<Words[number]> {
  return textType(
    words.join(' | '),
    (raw) => {
      const word = words.find((each) => each === raw)
      return word === undefined ? bad(`must be one of ${words.join(', ')}`) : good<Words[number]>(word)
    },
    String,
  )
}

/** A whole number within bounds; `unit` is for the manual. */
export function wholeNumber(min: number, max: number, unit: string): ValueType<number> {
  const text = `a whole number from ${min} to ${max}${unit === '' ? '' : ` (${unit})`}`
  return textType(text, (raw) => (/^\d{1,15}$/.test(raw) && +raw >= min && +raw <= max ? good(+raw) : bad(`must be ${text}`)), String)
}

/** A list: a YAML list, or texts between commas. */
export function listOf<T>(type: ValueType<T>): ValueType<readonly T[]> {
  return {
    text: `a list, each ${type.text}`,
    show: (values) => values.map((value) => type.show(value)).join(','),
    parse: (raw) => {
      const items: readonly unknown[] = Array.isArray(raw)
        ? raw
        : typeof raw === 'string'
          ? raw
              .split(',')
              .map((item) => item.trim())
              .filter((item) => item !== '')
          : [raw]
      const values: T[] = []
      for (const item of items) {
        const parsed = type.parse(item)
        if (!parsed.ok) return parsed
        values.push(parsed.value)
      }
      return good(values)
    },
  }
}

/** `https://example.org`, without a slash at the end. */
export const baseUrl = textType(
  'an http or https URL',
  (raw) => {
    const url = URL.parse(raw)
    if (url === null || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '' || url.username !== '') {
      return bad('must be an http or https URL without query')
    }
    return good(url.href.replace(/\/+$/, ''))
  },
  String,
)

/** Addresses in CIDR form: `10.0.0.0/8`, `fd00::/8`, or one address. */
export interface AddressRange {
  readonly address: string
  readonly prefix: number
  readonly family: 'ipv4' | 'ipv6'
}

export const addressRange = textType<AddressRange>(
  'an address range such as 10.0.0.0/8',
  (raw) => {
    const [address = '', length, ...rest] = raw.split('/')
    const version = isIP(address)
    const bits = version === 4 ? 32 : 128
    const prefix = length === undefined ? bits : /^\d{1,3}$/.test(length) ? +length : -1
    if (version === 0 || rest.length > 0 || prefix < 0 || prefix > bits) return bad('must be an address range such as 10.0.0.0/8')
    return good({ address, prefix, family: version === 4 ? 'ipv4' : 'ipv6' })
  },
  ({ address, prefix }) => `${address}/${prefix}`,
)
