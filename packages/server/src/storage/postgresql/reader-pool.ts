import postgres from 'postgres'
import type { Query } from '../sql.ts'
import type { Clock } from '../../platform/clock.ts'
import { driverOptions, isConnectionFailure, type ConnectionOptions } from './connection.ts'
import { readConnections, reconnectEveryMs } from './limits.ts'
import { statementText } from './statement-text.ts'
import { toWire } from './values.ts'

/** Milliseconds that the sessions of a replaced pool get to finish what they do, as seconds for the driver. */
const drainSeconds = 5

/**
 * The sessions that read. A read whose session was cut is done once more on a new pool: reads change nothing, and the
 * sessions that stayed idle through a restart of the database are all dead.
 */
export class ReaderPool {
  readonly #options: ConnectionOptions
  readonly #clock: Clock
  #client: postgres.Sql<{}>

  constructor(options: ConnectionOptions, clock: Clock) {
    this.#options = options
    this.#clock = clock
    this.#client = this.#open()
  }

  async all<Row>(query: Query<Row>): Promise<Row[]> {
    const rows = await this.run(statementText(query), query.values.map(toWire))
    // The row's type is what the statement selects; it stands beside the statement's text and storage tests hold it to it.
    return rows as Row[]
  }

  /** Run one reading statement. */
  async run(text: string, values: readonly (string | number | null)[]): Promise<readonly unknown[]> {
    const client = this.#client
    try {
      return await this.#read(client, text, values)
    } catch (error) {
      if (!isConnectionFailure(error)) throw error
      if (this.#client === client) {
        this.#client = this.#open()
        void client.end({ timeout: drainSeconds })
      }
      await this.#clock.sleep(reconnectEveryMs)
      return this.#read(this.#client, text, values)
    }
  }

  close(): Promise<void> {
    return this.#client.end({ timeout: drainSeconds })
  }

  async #read(client: postgres.Sql<{}>, text: string, values: readonly (string | number | null)[]): Promise<readonly unknown[]> {
    const result = await client.unsafe(text, [...values], { prepare: true })
    return [...result]
  }

  #open(): postgres.Sql<{}> {
    const options = { ...driverOptions(this.#options), max: readConnections }
    return postgres(this.#options.url, options)
  }
}
