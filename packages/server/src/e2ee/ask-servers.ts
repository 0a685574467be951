import type { JsonObject, ServerName } from '@causeway/events'
import type { FederationClient } from '../federation/client/federation-client.ts'
import type { FederationFailure } from '../federation/client/federation-result.ts'
import type { Contract } from '../federation/wire/contract.ts'
import type { Clock } from '../platform/clock.ts'
import { remoteMsDefault, remoteMsMax, serversAtOnceMax } from './limits.ts'

/** What one server answered; a claim. */
export type ServerAnswer =
  | { readonly server: ServerName; readonly value: JsonObject }
  | { readonly server: ServerName; readonly failure: FederationFailure }

interface Ports {
  readonly client: FederationClient
  readonly clock: Clock
}

/** Ask several servers the same kind of question, some at a time, until a common deadline (milliseconds from now). */
export async function askServers(
  { client, clock }: Ports,
  contract: Contract<'/_matrix/federation/v1/user/keys/query'> | Contract<'/_matrix/federation/v1/user/keys/claim'>,
  bodies: ReadonlyMap<ServerName, JsonObject>,
  timeoutMs: number | undefined,
): Promise<ServerAnswer[]> {
  const late = new AbortController()
  const cancel = clock.schedule(Math.min(timeoutMs ?? remoteMsDefault, remoteMsMax), () => late.abort())
  const answers: ServerAnswer[] = []
  const waiting = [...bodies]
  const work = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const [server, body] = next
      answers.push(await askOne(client, contract, server, body, late.signal))
    }
  }
  await Promise.all(Array.from({ length: Math.min(serversAtOnceMax, waiting.length) }, work))
  cancel()
  return answers
}

async function askOne(
  client: FederationClient,
  contract: Contract<'/_matrix/federation/v1/user/keys/query'> | Contract<'/_matrix/federation/v1/user/keys/claim'>,
  server: ServerName,
  body: JsonObject,
  signal: AbortSignal,
): Promise<ServerAnswer> {
  const late = (): FederationFailure => ({ ok: false, fault: 'timeout', why: 'there was no answer in time' })
  if (signal.aborted) return { server, failure: late() }
  const aborted = new Promise<FederationFailure>((resolve) => signal.addEventListener('abort', () => resolve(late()), { once: true }))
  // Without an answer a message is sent that a device there can never read.
  const answer = await Promise.race([client.call(server, contract, { body, signal, evenIfResting: 'lately' }), aborted])
  return answer.ok ? { server, value: answer.value } : { server, failure: answer }
}

/** What a client reads of a server that gave no answer: the `failures` of a query or claim. */
export function failureJson({ fault, status }: FederationFailure): JsonObject {
  const why = fault === 'refused' || fault === 'malformed' ? 'gave no usable answer' : 'cannot be reached'
  return { errcode: 'M_UNKNOWN', error: `The other server ${why}`, status: status ?? 503 }
}
