import { parseEventId, parseRoomAlias, parseRoomId, parseServerName, parseUserId } from '@causeway/events'
import type { EventId, RoomAlias, RoomId, ServerName, UserId } from '@causeway/events'
import { MatrixError } from '../errors.ts'
import { pathParamBytesMax } from './limits.ts'

/** The parameters that mean the same in every path of the specification; all others are plain strings. */
export interface NamedParams {
  readonly roomId: RoomId
  readonly userId: UserId
  readonly eventId: EventId
  readonly roomAlias: RoomAlias
  readonly serverName: ServerName
}

type NamesIn<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}` ? Name | NamesIn<Rest> : never

/** The parsed parameters of a path: `/rooms/{roomId}/x/{y}` gives `{ roomId: RoomId, y: string }`. */
export type PathParams<Path extends string> = {
  readonly [Name in NamesIn<Path>]: Name extends keyof NamedParams ? NamedParams[Name] : string
}

const parsers: Readonly<Record<string, (text: string) => string | undefined>> = {
  roomId: parseRoomId,
  userId: parseUserId,
  eventId: parseEventId,
  roomAlias: parseRoomAlias,
  serverName: parseServerName,
}

/** How one parameter of a path is read: its name, and the parser that its name asks for. */
export interface ParamReader {
  readonly name: string
  readonly parse: ((text: string) => string | undefined) | undefined
}

/** The reader for the parameter called `name`. */
export function paramReader(name: string): ParamReader {
  return { name, parse: parsers[name] }
}

/**
 * One parameter's value from its segment of the path, as sent.
 * Throws M_INVALID_PARAM for a broken percent-encoding, for what its parser refuses, and for what is too long.
 */
export function readParam(reader: ParamReader, segment: string): string {
  const text = segment.includes('%') ? decode(reader.name, segment) : segment
  if (text.length > pathParamBytesMax) throw new MatrixError('M_INVALID_PARAM', `${reader.name} is too long`)
  if (reader.parse === undefined) return text
  const parsed = reader.parse(text)
  if (parsed === undefined) throw new MatrixError('M_INVALID_PARAM', `${reader.name} is not valid`)
  return parsed
}

function decode(name: string, segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch (cause) {
    throw new MatrixError('M_INVALID_PARAM', `${name} is not valid percent-encoded UTF-8`, { cause })
  }
}
