import { parseKeyId, parseServerName, type KeyId, type ServerName } from '@causeway/events'
import { xMatrixParamsMax } from '../limits.ts'

/** What an X-Matrix header says. */
export interface XMatrix {
  readonly origin: ServerName
  /** Absent in requests of servers that follow Matrix 1.2 or older. */
  readonly destination: string | undefined
  readonly key: KeyId
  /** Base64, as sent. */
  readonly sig: string
}

const scheme = /^x-matrix +/i
/** A parameter's name: a token (RFC 9110, section 5.6.2). */
const name = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y
const equals = /[ \t]*=[ \t]*/y
/** A token, with the colons that older servers leave unquoted. */
const bareValue = /[!#$%&'*+\-.^_`|~0-9A-Za-z:]+/y
const quotedValue = /"((?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*)"/y
const comma = /[ \t]*(?:,[ \t]*)+/y
const blanks = /[ \t]*/y

/**
 * Read the value of an `Authorization: X-Matrix …` header (RFC 9110, section 11.4; Server-Server API, "Request Authentication").
 * Absent when it is of another scheme, malformed, names a parameter twice, or lacks one that it must have. Unknown parameters
 * are ignored.
 */
export function parseXMatrix(header: string): XMatrix | undefined {
  const start = scheme.exec(header)?.[0].length
  const params = start === undefined ? undefined : readParams(header, start)
  const origin = parseServerName(params?.get('origin') ?? '')
  const key = parseKeyId(params?.get('key') ?? '')
  const sig = params?.get('sig')
  if (params === undefined || origin === undefined || key === undefined || sig === undefined) return undefined
  return { origin, destination: params.get('destination'), key, sig }
}

/** Write the value of an `Authorization` header, in the form that older servers read too. None of the values needs an escape. */
export function formatXMatrix({ origin, destination, key, sig }: XMatrix): string {
  return `X-Matrix origin="${origin}",destination="${destination ?? ''}",key="${key}",sig="${sig}"`
}

function readParams(text: string, start: number): ReadonlyMap<string, string> | undefined {
  const params = new Map<string, string>()
  let at = start
  const read = (grammar: RegExp): RegExpExecArray | null => {
    grammar.lastIndex = at
    const match = grammar.exec(text)
    if (match !== null) at = grammar.lastIndex
    return match
  }
  // A list may have empty elements, at its ends too (RFC 9110, section 5.6.1.2).
  read(comma)
  while (at < text.length) {
    const param = read(name)?.[0].toLowerCase()
    if (param === undefined || params.has(param) || params.size >= xMatrixParamsMax || read(equals) === null) return undefined
    const value = read(quotedValue)?.[1]?.replaceAll(/\\(.)/g, '$1') ?? read(bareValue)?.[0]
    if (value === undefined) return undefined
    params.set(param, value)
    if (read(comma) === null) {
      read(blanks)
      return at === text.length ? params : undefined
    }
  }
  return params
}
