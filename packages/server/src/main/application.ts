import type { Config } from '../config/config.ts'
import { MatrixError } from '../errors.ts'
import type { Endpoint } from '../http/endpoint.ts'
import type { Identify } from '../http/identify.ts'
import type { Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/logger.ts'
import type { Metrics } from '../platform/metrics.ts'
import type { Names } from '../platform/names.ts'
import type { Random } from '../platform/random.ts'

/** The ports to the machine that everything above is given. */
export interface Platform {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly metrics: Metrics
  readonly names: Names
}

/** Everything between the edge and the database, composed. */
export interface Application<Services> {
  readonly endpoints: readonly Endpoint<Services>[]
  readonly services: Services
  readonly identify: Identify
  /** The listeners are open: begin the work that nobody asks for (senders, clean-up). Not called for a single command. */
  begin(): void
  /** Every request is answered: finish what runs, write out what is in memory, close the database. */
  stop(): Promise<void>
}

/** What the operations of the server need. */
export type Services = object

/** Open the database and compose the layers on it, one function for each, from the lowest up. */
export async function openApplication(_config: Config, _platform: Platform): Promise<Application<Services>> {
  const nobody = new MatrixError('M_UNKNOWN_TOKEN', 'this server has no users')
  return {
    endpoints: [],
    services: {},
    identify: { user: () => nobody, server: () => new MatrixError('M_UNAUTHORIZED', 'this server meets no others') },
    begin: () => undefined,
    stop: async () => undefined,
  }
}
