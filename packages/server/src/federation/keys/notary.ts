import { isJsonObject, parseServerName, signJson, type JsonObject, type ServerName, type Signer } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import type { Clock } from '../../platform/clock.ts'
import { notaryServersMax } from '../limits.ts'
import type { KeyRing } from './key-ring.ts'
import type { PublishedKeys } from './published-keys.ts'

interface Ports {
  readonly signer: Signer
  readonly ring: Pick<KeyRing, 'answer'>
  readonly published: PublishedKeys
  readonly clock: Clock
}

/** Vouches for other servers' keys: their answers, with our signature beside theirs. Server-Server API, "Querying Keys Through Another Server". */
export class Notary {
  readonly #ports: Ports

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** The keys of one server, valid until `validUntil` if that can be had (milliseconds since 1970; now when absent). */
  async query(server: ServerName, validUntil?: number): Promise<JsonObject | undefined> {
    const { signer, ring, published, clock } = this.#ports
    // Our own answer is signed by us already.
    if (server === signer.serverName) return published.object()
    const answer = await ring.answer(server, validUntil ?? clock.now())
    return answer === undefined ? undefined : signJson(answer, signer.serverName, signer.key)
  }

  /**
   * The answer to a query for many servers: `criteria` is the request's `server_keys`, key ids and their criteria by server.
   * Servers that can't be had are left out. Throws M_INVALID_PARAM for too many.
   */
  async queryMany(criteria: JsonObject): Promise<JsonObject[]> {
    const entries = Object.entries(criteria)
    if (entries.length > notaryServersMax) {
      throw new MatrixError('M_INVALID_PARAM', `at most ${notaryServersMax} servers can be asked for at once`)
    }
    const answers = await Promise.all(
      entries.map(async ([name, keys]) => {
        const server = parseServerName(name)
        return server === undefined ? undefined : this.query(server, latestOf(isJsonObject(keys) ? keys : {}))
      }),
    )
    return answers.filter((answer) => answer !== undefined)
  }
}

/** The latest of the times until which the keys of one server should be valid. */
function latestOf(keys: JsonObject): number | undefined {
  const times = Object.values(keys)
    .map((criterion) => (isJsonObject(criterion) ? criterion['minimum_valid_until_ts'] : undefined))
    .filter((time) => typeof time === 'number')
  return times.length === 0 ? undefined : Math.max(...times)
}
