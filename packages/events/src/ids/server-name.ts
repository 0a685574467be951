import { HOST_CHARS_MAX } from '../limits.ts'
import type { ServerName } from './ids.ts'
import { isIpv4, isIpv6 } from './ip-literal.ts'

const COLON = 0x3a
const BRACKET = 0x5b

/** A server name in its parts. */
export interface ServerNameParts {
  /** The DNS name or IPv4 address; an IPv6 address stands without its brackets. */
  readonly host: string
  /** As written; the grammar allows numbers up to 99999, of which those beyond 65535 can't be connected to. */
  readonly port: number | undefined
  /** Is the host an IPv4 or IPv6 address? */
  readonly isIpLiteral: boolean
}

/** The server name that `text` is. Absent when it is none. Spec: appendices, server name. */
export function parseServerName(text: string): ServerName | undefined {
  return isServerName(text) ? text : undefined
}

/** The parts of a server name. Spec: appendices, server name. */
export function splitServerName(name: ServerName): ServerNameParts {
  if (name.charCodeAt(0) === BRACKET) {
    const close = name.indexOf(']')
    return { host: name.slice(1, close), port: portOf(name, close + 1), isIpLiteral: true }
  }
  const colon = name.indexOf(':')
  const host = colon === -1 ? name : name.slice(0, colon)
  return { host, port: colon === -1 ? undefined : portOf(name, colon), isIpLiteral: isIpv4(host) }
}

function portOf(name: string, colon: number): number | undefined {
  return colon < name.length ? Number(name.slice(colon + 1)) : undefined
}

/** Is `text` a server name? */
export function isServerName(text: string): text is ServerName {
  return isServerNameAt(text, 0)
}

/** Is the part of `text` from `start` to its end a server name? It saves a slice where identifiers are parsed. */
export function isServerNameAt(text: string, start: number): boolean {
  if (text.charCodeAt(start) === BRACKET) {
    const close = text.indexOf(']', start)
    return close !== -1 && isIpv6(text.slice(start + 1, close)) && (close + 1 === text.length || isPortAt(text, close + 1))
  }
  let at = start
  for (; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit === COLON) break
    if (!isDnsChar(unit)) return false
  }
  const hostLength = at - start
  return hostLength > 0 && hostLength <= HOST_CHARS_MAX && (at === text.length || isPortAt(text, at))
}

function isDnsChar(unit: number): boolean {
  return (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x2d && unit <= 0x39 && unit !== 0x2f) || (unit >= 0x41 && unit <= 0x5a)
}

/** Does `text` go on from `colon` with a colon and 1 to 5 digits, and end there? */
function isPortAt(text: string, colon: number): boolean {
  const digits = text.length - colon - 1
  if (text.charCodeAt(colon) !== COLON || digits < 1 || digits > 5) return false
  for (let at = colon + 1; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit < 0x30 || unit > 0x39) return false
  }
  return true
}
