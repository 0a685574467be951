import type { HttpOrigin } from '../../packages/testkit/src/client/http-origin.ts'
import { MatrixClient } from '../../packages/testkit/src/client/matrix-client.ts'
import { registerWithSharedSecret } from '../../packages/testkit/src/client/shared-secret.ts'
import { PREPARATION_LANES } from './limits.ts'
import { eachOf } from './measurement.ts'
import type { TlsIdentity } from '../../packages/testkit/src/tls/test-ca.ts'

/** A homeserver to be measured. */
export interface Target {
  /** For the report: `Synapse 1.163.2, SQLite`. */
  readonly title: string
  readonly origin: HttpOrigin
  readonly serverName: string
  readonly sharedSecret: string
  /** The processes to measure, without those below them. */
  pids(): readonly number[]
  /** What the federation workloads need; absent if the server cannot be told to trust the bench's certificate. */
  readonly federation: FederationAccess | undefined
  /** Only for a server that the bench started. */
  close(): Promise<void>
}

/** How the bench's own remote server and the measured one reach each other. */
export interface FederationAccess {
  /** Base URL of the measured server's Server-Server API. */
  readonly url: string
  /** PEM of the authority of the measured server's certificate. */
  readonly ca: string
  /** A certificate that the measured server accepts, for the address of the bench's remote server. */
  readonly identity: TlsIdentity
  /** The address on which the bench's remote server listens. */
  readonly address: string
}

/** Accounts on a target, made once and used by all workloads. */
export class Population {
  readonly #target: Target
  readonly #users: MatrixClient[] = []

  constructor(target: Target) {
    this.#target = target
  }

  /** The first `count` accounts, made now if there are not so many yet. */
  async users(count: number): Promise<readonly MatrixClient[]> {
    const { origin, sharedSecret } = this.#target
    const missing = Array.from({ length: count - this.#users.length }, (_, index) => this.#users.length + index)
    await eachOf(missing, PREPARATION_LANES, async (number) => {
      const localpart = `bench-${process.pid}-${number}`
      const account = await registerWithSharedSecret(origin, sharedSecret, { localpart, password: `password of ${localpart}` })
      this.#users[number] = new MatrixClient(origin, account)
    })
    return this.#users.slice(0, count)
  }
}
