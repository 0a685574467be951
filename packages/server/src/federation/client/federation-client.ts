import { canonicalJson, isJsonObject, parseJson, type JsonObject, type JsonValue, type ServerName, type Signer } from '@causeway/events'
import { assert } from '../../assert.ts'
import type {
  OutboundClient,
  OutboundFailure,
  OutboundRequest,
  OutboundResult,
  OutboundStream,
} from '../../http/outbound/outbound-client.ts'
import { requestError } from '../../http/outbound/outbound-fault.ts'
import type { Clock } from '../../platform/clock.ts'
import { TimeSlice } from '../../platform/time-slice.ts'
import type { Discovery } from '../discovery/discovery.ts'
import { errorAnswerBytesMax, largeAnswerBytesMin } from '../limits.ts'
import { signRequest } from '../signing/signed-text.ts'
import { wirePath, type Contract, type WireParams, type WireQuery } from '../wire/contract.ts'
import type { Destinations } from './destinations.ts'
import { parseInSlices } from './parse-in-slices.ts'
import type { FederationFailure, FederationResult, FederationStream } from './federation-result.ts'

interface Ports {
  readonly clock: Clock
  readonly signer: Signer
  readonly outbound: Pick<OutboundClient, 'request' | 'open'>
  readonly discovery: Pick<Discovery, 'target' | 'doubt'>
  readonly destinations: Destinations
}

/** What one call says beside its contract. */
export type CallOptions<Path extends string> = {
  readonly query?: WireQuery
  /** The body, or its canonical JSON where that is at hand. */
  readonly body?: JsonObject | string
  /** Somebody waits for it: it is tried even if the server failed a moment ago; with 'lately', if it has not failed for many minutes. */
  readonly evenIfResting?: boolean | 'lately'
  readonly signal?: AbortSignal
} & (keyof WireParams<Path> extends never ? { readonly params?: WireParams<Path> } : { readonly params: WireParams<Path> })

/** Faults that say that a server is not there, rather than that this request did not work. */
const unreachable: ReadonlySet<string> = new Set(['dns', 'blocked', 'connect', 'tls', 'timeout', 'broken'])
/** Statuses that a proxy gives when the server behind it is not there. */
const absentStatuses: ReadonlySet<number> = new Set([502, 503, 504])

/** Calls operations of other servers: finds the server, signs, sends, and reads the answer so that nothing of it is lost. */
export class FederationClient {
  readonly #ports: Ports

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** Call an operation of `server`. Never rejects for what others do. */
  async call<Path extends string>(server: ServerName, contract: Contract<Path>, options: CallOptions<Path>): Promise<FederationResult> {
    const prepared = await this.#prepare(server, contract, options)
    if ('fault' in prepared) return prepared
    const result = await this.#ports.outbound.request(prepared)
    this.#remember(server, result)
    return result.ok ? readAnswer(result, contract, this.#ports.clock) : { ok: false, fault: result.fault, why: result.why }
  }

  /**
   * Call an operation whose answer is a file. The body must be read, to its end or by leaving the loop; it throws `OutboundError`, as soon
   * as it passes `bytesMax`, too. Never rejects for what others do.
   */
  async open<Path extends string>(
    server: ServerName,
    contract: Contract<Path>,
    options: CallOptions<Path> & { readonly bytesMax: number },
  ): Promise<FederationStream> {
    const prepared = await this.#prepare(server, contract, options)
    if ('fault' in prepared) return prepared
    const opened = await this.#ports.outbound.open({ ...prepared, responseBytesMax: options.bytesMax })
    if (opened.ok && opened.status >= 200 && opened.status <= 299) {
      this.#ports.destinations.reached(server)
      return { ok: true, headers: opened.headers, body: opened.body }
    }
    const result = opened.ok ? await wholeError(opened) : opened
    if (!result.ok) {
      this.#remember(server, result)
      return { ok: false, fault: result.fault, why: result.why }
    }
    const failure = refusal(result)
    // Of files, 502 and 504 are what Matrix itself says; without a code it was a proxy.
    if (failure.errcode === undefined) this.#remember(server, result)
    else this.#ports.destinations.reached(server)
    return failure
  }

  async #prepare<Path extends string>(
    server: ServerName,
    contract: Contract<Path>,
    options: CallOptions<Path>,
  ): Promise<OutboundRequest | FederationFailure> {
    const { destinations, discovery, signer } = this.#ports
    assert(server !== signer.serverName, 'this server does not call itself')
    const { evenIfResting = false } = options
    const isLeftInPeace =
      evenIfResting === 'lately' ? destinations.isRestingForLong(server) : !evenIfResting && destinations.isResting(server)
    if (isLeftInPeace) {
      return { ok: false, fault: 'resting', why: `${server} failed lately` }
    }
    const target = await discovery.target(server)
    if (target === undefined) return { ok: false, fault: 'unresolved', why: `${server} names no place to connect to` }

    const params: Readonly<Record<string, string>> = options.params ?? {}
    const uri = wirePath(contract.path, params, options.query)
    const content = options.body === undefined || typeof options.body === 'string' ? options.body : canonicalJson(options.body)
    const { method } = contract
    const headers: Record<string, string> = { accept: contract.accept }
    if (content !== undefined) headers['content-type'] = 'application/json'
    if (contract.signed) headers['authorization'] = signRequest({ method, uri, destination: server, content }, signer)
    return {
      target,
      method,
      path: uri,
      headers,
      deadlineMs: contract.answer.msMax,
      responseBytesMax: contract.answer.bytesMax,
      repeatable: contract.repeatable,
      ...(content === undefined ? {} : { body: content }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    }
  }

  #remember(server: ServerName, result: OutboundResult): void {
    const { destinations, discovery } = this.#ports
    if (result.ok) {
      if (absentStatuses.has(result.status)) destinations.failed(server, 'unreachable')
      else destinations.reached(server)
    } else if (isUnreachable(result)) {
      destinations.failed(server, 'unreachable')
      discovery.doubt(server)
    }
  }
}

/** An error's body as far as it is looked at, so that the connection can be kept. */
async function wholeError(opened: OutboundStream & { readonly ok: true }): Promise<OutboundResult> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  try {
    for await (const chunk of opened.body) {
      bytes += chunk.byteLength
      if (bytes > errorAnswerBytesMax) break
      chunks.push(chunk)
    }
  } catch (error) {
    const { fault, message } = requestError(error)
    return { ok: false, fault, why: message }
  }
  return { ok: true, status: opened.status, headers: opened.headers, body: Buffer.concat(chunks) }
}

/** Does this failure say that the server is not there? */
function isUnreachable(failure: OutboundFailure): boolean {
  return unreachable.has(failure.fault)
}

async function readAnswer(result: OutboundResult & { readonly ok: true }, contract: Contract, clock: Clock): Promise<FederationResult> {
  if (result.status < 200 || result.status > 299) return refusal(result)
  const { body } = result
  const { bytesMax } = contract.answer
  const large = body.byteLength > largeAnswerBytesMin && !contract.inArray
  const parsed = large ? await parseInSlices(body, bytesMax, new TimeSlice(clock)) : parseJson(body, { bytesMax })
  if (!parsed.ok) return { ok: false, fault: 'malformed', why: `the answer is not JSON: ${parsed.fault.why}` }
  const value: JsonValue | undefined = contract.inArray && Array.isArray(parsed.value) ? parsed.value[1] : parsed.value
  return isJsonObject(value) ? { ok: true, value } : { ok: false, fault: 'malformed', why: 'the answer is not an object' }
}

function refusal({ status, body }: OutboundResult & { readonly ok: true }): FederationFailure {
  const parsed = body.byteLength <= errorAnswerBytesMax ? parseJson(body) : undefined
  const failure: FederationFailure = { ok: false, fault: 'refused', why: `HTTP ${status}`, status }
  if (parsed?.ok !== true || !isJsonObject(parsed.value)) return failure
  const { errcode, error } = parsed.value
  const why = `HTTP ${status} ${String(errcode)}: ${String(error).slice(0, 200)}`
  return typeof errcode === 'string' ? { ...failure, why, errcode, body: parsed.value } : { ...failure, body: parsed.value }
}
