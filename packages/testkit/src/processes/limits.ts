/** Milliseconds between two looks at something that another process changes and gives no notice of. */
export const POLL_MS = 20

/** Milliseconds in which a server must be ready after its start. Only a server that hangs may meet it, however busy the machine. */
export const READY_MS_MAX = 240_000

/** Milliseconds between the request to end and the end by force. */
export const STOP_MS_MAX = 60_000

/** Milliseconds in which a PostgreSQL cluster must be ready; recovery after a crash included. */
export const POSTGRES_READY_MS_MAX = 240_000

/** Starts of a server on a port that somebody else took in between, before giving up. */
export const PORT_TRIES_MAX = 5

/** The lowest port for a test's server; well-known ones are below. */
export const FREE_PORT_MIN = 10_000

/** Ports that are looked at for one that is free. */
export const FREE_PORT_TRIES_MAX = 100

/** Bytes of a log that an error message repeats. */
export const LOG_TAIL_BYTES_MAX = 4_000

/** Lines of a server's log that are shown when a test fails. */
export const LOG_LINES_MAX = 25

/** Characters of such a line. */
export const LOG_LINE_CHARACTERS_MAX = 400

/** Servers that have ended of which the last lines are kept. */
export const SERVER_LOGS_MAX = 8
