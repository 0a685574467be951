/** Milliseconds for which the keys of an evil peer say they are valid. */
export const KEY_VALID_MS = 24 * 3_600_000

/** Milliseconds in which what a test waits for must arrive: a slow machine included. */
export const ARRIVAL_MS_MAX = 180_000

/** Milliseconds between two looks at what another process changes. */
export const POLL_MS = 20

/** Milliseconds between two messages of the honest people beside an attack. */
export const HONEST_PAUSE_MS = 50

/** Messages of the honest people beside one file of attacks, at most. */
export const HONEST_MESSAGES_MAX = 20_000
