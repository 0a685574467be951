import {
  fileAnswerMsMax,
  pageAnswerBytesMax,
  pageAnswerMsMax,
  smallAnswerBytesMax,
  smallAnswerMsMax,
  stateAnswerBytesMax,
  stateAnswerMsMax,
} from '../limits.ts'

type NamesIn<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}` ? Name | NamesIn<Rest> : never

/** The values for a path's parameters, before percent-encoding. */
export type WireParams<Path extends string> = { readonly [Name in NamesIn<Path>]: string }

/** How large an answer may be, and how long it may take. */
export interface AnswerLimits {
  readonly bytesMax: number
  readonly msMax: number
}

/** A key, a profile, a template. */
export const smallAnswer: AnswerLimits = { bytesMax: smallAnswerBytesMax, msMax: smallAnswerMsMax }
/** Some events, or a list to page through. */
export const pageAnswer: AnswerLimits = { bytesMax: pageAnswerBytesMax, msMax: pageAnswerMsMax }
/** A file; its size is said with each call. */
export const fileAnswer: AnswerLimits = { bytesMax: 0, msMax: fileAnswerMsMax }
/** The whole state of a room. */
export const stateAnswer: AnswerLimits = { bytesMax: stateAnswerBytesMax, msMax: stateAnswerMsMax }

/**
 * An operation between servers, declared once for both ends: the client calls it, and the endpoint of the same operation
 * takes its method and path from here.
 */
export interface Contract<Path extends string = string> {
  /** The operationId of the specification. */
  readonly name: string
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly path: Path
  readonly answer: AnswerLimits
  /** Is the request signed? All are but those for keys and versions. */
  readonly signed: boolean
  /** May it be sent once more when a kept connection turned out to be dead? */
  readonly repeatable: boolean
  /** The answer is an array of a status and an object, as in the first version of some operations. */
  readonly inArray: boolean
  /** The media type that is asked for. */
  readonly accept: string
}

interface Declaration<Path extends string> {
  readonly name: string
  readonly method: Contract['method']
  readonly path: Path
  readonly answer: AnswerLimits
  readonly signed?: boolean
  readonly repeatable?: boolean
  readonly inArray?: boolean
  readonly accept?: string
}

/** Declare an operation between servers. */
export function contract<const Path extends string>(declared: Declaration<Path>): Contract<Path> {
  return { signed: true, repeatable: true, inArray: false, accept: 'application/json', ...declared }
}

/** Values of a query; a list is repeated, what is absent is left out. */
export type WireQuery = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>

/** The path and query of one request. */
export function wirePath(path: string, params: Readonly<Record<string, string>>, query: WireQuery = {}): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => encodeURIComponent(params[name] ?? ''))
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((each) => `${encodeURIComponent(name)}=${encodeURIComponent(each)}`),
  )
  return pairs.length === 0 ? filled : `${filled}?${pairs.join('&')}`
}
