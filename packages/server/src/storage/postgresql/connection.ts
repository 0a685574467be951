import postgres from 'postgres'
import { connectMsMax, idleInTransactionMsMax, pipelineMax, statementMsMax } from './limits.ts'
import { wireTypes, type Wire } from './values.ts'

/** The connection to the database was lost, so nobody knows what became of what was sent on it. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost'
}

export interface ConnectionOptions {
  /** `postgres://user:password@host/database`. */
  readonly url: string
  /** What the database's list of sessions shows. */
  readonly name: string
  /** Called with each notification's payload. */
  readonly onNotify?: (payload: string) => void
  /** Settings of the session beside ours. */
  readonly settings?: Readonly<Record<string, string>>
}

/** What a statement gave. */
export interface Answer {
  readonly rows: readonly Readonly<Record<string, unknown>>[]
  /** Rows changed or returned. */
  readonly count: number
  /** The statement's kind, as the database names it: `COMMIT`, or `ROLLBACK` when a commit was not possible. */
  readonly command: string
}

/**
 * Each statement of ours goes by an index. Plans are kept for as long as a session lasts, and tables grow from nothing to millions of
 * rows meanwhile (a joined room's state does so within seconds, before the database has looked at it): what suits a small table is no
 * choice, then. A statement without an index for it still runs.
 */
const planning = { enable_seqscan: 'off', enable_hashjoin: 'off', enable_mergejoin: 'off' }

/** The driver's options that all connections of ours have. */
export function driverOptions(options: ConnectionOptions) {
  return {
    types: wireTypes,
    fetch_types: false,
    prepare: true,
    onnotice: () => undefined,
    connect_timeout: connectMsMax / 1000,
    max_lifetime: null,
    max_pipeline: pipelineMax,
    connection: {
      application_name: options.name,
      ...planning,
      statement_timeout: statementMsMax,
      idle_in_transaction_session_timeout: idleInTransactionMsMax,
      ...options.settings,
    },
  }
}

/**
 * One session of the database. What is sent is answered in order, without waiting for the answer before (pipelining).
 * A lost one stays lost: nothing is silently sent again on another. Whoever needs it opens a new one.
 */
export class Connection {
  readonly #client: postgres.Sql<{}>
  readonly #session: postgres.ReservedSql<{}>
  readonly #waiting = new Set<(error: Error) => void>()
  #open = true

  private constructor(client: postgres.Sql<{}>, session: postgres.ReservedSql<{}>) {
    this.#client = client
    this.#session = session
  }

  /** Rejects with the driver's error (no such host, wrong password) if it cannot be opened. */
  static async open(options: ConnectionOptions): Promise<Connection> {
    let connection: Connection | undefined
    const own = {
      ...driverOptions(options),
      max: 1,
      onclose: () => connection?.lose(new ConnectionLost('the connection to the database was lost')),
      onnotify: (_channel: string, payload: string) => options.onNotify?.(payload),
    }
    const client: postgres.Sql<{}> = postgres(options.url, own)
    try {
      // A session cannot be reserved before it is open: without a statement that opens it the driver waits for ever.
      await client.unsafe('SELECT 1')
      connection = new Connection(client, await client.reserve())
      return connection
    } catch (error) {
      void client.end({ timeout: 0 })
      throw error
    }
  }

  get isOpen(): boolean {
    return this.#open
  }

  /**
   * Send one statement. Rejects with the database's error (`code` is its SQLSTATE) or `ConnectionLost`. Statements without
   * values are not prepared.
   */
  send(text: string, values: readonly Wire[] = []): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (!this.#open) {
        reject(new ConnectionLost('the connection to the database is closed'))
        return
      }
      this.#waiting.add(reject)
      this.#session.unsafe(text, [...values], { prepare: values.length > 0 }).then(
        (result) => {
          this.#waiting.delete(reject)
          resolve({ rows: result, count: result.count ?? result.length, command: result.command ?? '' })
        },
        (error: unknown) => {
          this.#waiting.delete(reject)
          reject(error instanceof Error ? error : new ConnectionLost(String(error)))
        },
      )
    })
  }

  /** Run `work` in a transaction; it is rolled back if `work` throws. Nothing else may be sent meanwhile. */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    await this.send('BEGIN')
    try {
      const result = await work()
      await this.send('COMMIT')
      return result
    } catch (error) {
      if (this.#open) await this.send('ROLLBACK')
      throw error
    }
  }

  /** Cut the connection; what waits on it is rejected. */
  lose(why: Error): void {
    if (!this.#open) return
    this.#open = false
    for (const reject of this.#waiting) reject(why)
    this.#waiting.clear()
    void this.#client.end({ timeout: 0 })
  }

  /** Close it when nothing is on its way. */
  async close(): Promise<void> {
    if (!this.#open) return
    this.#open = false
    this.#session.release()
    await this.#client.end({ timeout: 1 })
  }
}

/** The SQLSTATE of a database's error; the driver's own code (`CONNECT_TIMEOUT`) or the system's for others. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** Did the connection fail, rather than the statement? Then the statement's outcome is unknown. */
export function isConnectionFailure(error: unknown): boolean {
  const code = codeOf(error)
  // Class 08: connection exceptions; 57P01 to 57P05: the database shuts down, crashed or is starting, or cut an idle session;
  // 25P03, 25P04: it cut the session because of a transaction that waited or lasted too long.
  return error instanceof ConnectionLost || /^(08...|57P0[1-5]|25P0[34]|CONNECT.*|E[A-Z]{3,})$/.test(code)
}
