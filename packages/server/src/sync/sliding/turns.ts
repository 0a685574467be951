/** One request's turn at a connection. */
export interface Turn {
  /** Aborts when a newer request of the same connection came. */
  readonly superseded: AbortSignal
  end(): void
}

/**
 * A connection is one conversation: when a client sends a request, it no longer waits for the answer to the one before, and
 * what that one would still write must not be what counts.
 */
export class Turns {
  readonly #running = new Map<string, AbortController>()

  /** Begin a turn; the one that runs is superseded. */
  begin(connection: string): Turn {
    this.#running.get(connection)?.abort()
    const own = new AbortController()
    this.#running.set(connection, own)
    const end = (): void => {
      if (this.#running.get(connection) === own) this.#running.delete(connection)
    }
    return { superseded: own.signal, end }
  }
}
