/** Milliseconds that one workload may measure; what was done until then is counted. */
export const WORKLOAD_MS_MAX = 12_000

/** Milliseconds in which one workload must end altogether, preparation included; after that the run gives up. */
export const WORKLOAD_TOTAL_MS_MAX = 300_000

/** Milliseconds of one look at the server's CPU time when waiting for it to come to rest. */
export const QUIET_WINDOW_MS = 150

/** Milliseconds of CPU time within a window that count as rest: one tick of the kernel's clock. */
export const QUIET_CPU_MS_MAX = 10

/** Milliseconds to wait for rest: a server with endless background work is measured all the same. */
export const QUIET_MS_MAX = 8_000

/** Requests that prepare a workload (accounts, joins) in flight at a time. */
export const PREPARATION_LANES = 8

/** Milliseconds between two looks whether an event has arrived, at first: looking costs the server CPU time, too. */
export const ARRIVAL_POLL_MS_MIN = 5

/** Milliseconds to which that doubles. */
export const ARRIVAL_POLL_MS_MAX = 50

/** Milliseconds in which everything that a federation workload sent must have arrived. */
export const ARRIVAL_MS_MAX = 60_000

/** Bytes of a request's body that the fake remote server reads. */
export const REMOTE_BODY_BYTES_MAX = 16 * 1024 * 1024

/** Events that the fake remote server remembers as received. */
export const REMOTE_EVENTS_MAX = 100_000
