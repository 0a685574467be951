/** Milliseconds for a call to the owner of a room, waiting for an owner included: a client gives up after some 30 s. */
export const callMsMax = 30_000
/** Milliseconds until a connection to another process must stand: they are near. */
export const connectMsMax = 2_000
/** Milliseconds between two looks for the owner of a room that is moving. */
export const ownerLookMs = 100
/** Bytes of a call or its answer: the members of a large room fit. */
export const callBytesMax = 16 * 1024 * 1024
/** Milliseconds by which the clocks of two processes may differ, and for which a proof is good. */
export const proofMsMax = 60_000
/** Connections to one other process. */
export const connectionsPerProcess = 8
/** Milliseconds that an idle connection is kept: shorter than the other side keeps it, so that it never closes under a call. */
export const idleMs = 10_000
/** Milliseconds for a message that nobody waits for. */
export const messageMsMax = 5_000
