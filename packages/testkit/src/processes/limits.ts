/** Milliseconds between two looks at something that another process changes and gives no notice of. */
export const POLL_MS = 20

/** Milliseconds in which a server must be ready after its start; Synapse makes its tables in about six seconds. */
export const READY_MS_MAX = 60_000

/** Milliseconds between the request to end and the end by force. */
export const STOP_MS_MAX = 15_000

/** Milliseconds in which a PostgreSQL cluster must be ready; recovery after a crash included. */
export const POSTGRES_READY_MS_MAX = 30_000

/** Starts of a server on a port that somebody else took in between, before giving up. */
export const PORT_TRIES_MAX = 5

/** Bytes of a log that an error message repeats. */
export const LOG_TAIL_BYTES_MAX = 4_000
