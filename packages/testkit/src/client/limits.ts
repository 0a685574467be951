/** Milliseconds that a single request may take, long polls apart. Only one that hangs may meet it, however busy the machine. */
export const REQUEST_MS_MAX = 180_000

/** Milliseconds that a long poll of /sync asks the server to wait for something new. */
export const POLL_MS = 5_000

/** Milliseconds in which what a test waits for must arrive: a slow machine and a federation retry included. */
export const ARRIVAL_MS_MAX = 180_000

/** Milliseconds that an unused connection is kept; below the idle limit of every server that tests talk to. */
export const IDLE_CONNECTION_MS_MAX = 4_000

/** Bytes of an answer's body: larger than the send_join answer of any room in the tests. */
export const ANSWER_BYTES_MAX = 64 * 1024 * 1024

/** Events of a room that a client's picture of it keeps. */
export const TIMELINE_EVENTS_MAX = 1_000
