import type { JsonObject } from '@causeway/events'
import type { ResponseHeaders } from '../../http/outbound/outbound-client.ts'
import type { OutboundFault } from '../../http/outbound/outbound-fault.ts'

/**
 * Why another server gave no usable answer.
 * - those of the outbound client: it could not be reached.
 * - `unresolved`: its name says no place. `resting`: it failed lately and is left in peace for a while.
 * - `refused`: it answered with an error. `malformed`: its answer is no JSON object.
 */
export type FederationFault = OutboundFault | 'unresolved' | 'resting' | 'refused' | 'malformed'

export interface FederationFailure {
  readonly ok: false
  readonly fault: FederationFault
  /** For the log. It may hold what the other server wrote: never for our clients. */
  readonly why: string
  /** The HTTP status of a refusal. */
  readonly status?: number
  /** The `errcode` of a refusal, as sent. */
  readonly errcode?: string
  /** The body of a refusal, when it was a JSON object. */
  readonly body?: JsonObject
}

/** Another server's answer; it is a claim, checked for nothing but being JSON. */
export type FederationResult = { readonly ok: true; readonly value: JsonObject } | FederationFailure

/** Another server's file: its headers, and its bytes while they arrive. */
export type FederationStream =
  | { readonly ok: true; readonly headers: ResponseHeaders; readonly body: AsyncIterable<Uint8Array> }
  | FederationFailure
