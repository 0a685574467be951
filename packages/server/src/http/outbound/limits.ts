/** Milliseconds for one attempt to connect and to agree on TLS: a distant, busy server needs some seconds. */
export const connectAttemptMsMax = 8_000
/** Addresses that are tried for one connection: two families, and a spare of each. */
export const connectAddressesMax = 4
/** Connections to one server at once: its transaction in flight, and some questions beside it. */
export const connectionsPerServerMax = 6
/** Requests to one server that wait or run at once; further ones are refused rather than heaped up. */
export const requestsPerServerMax = 200
/** Requests of the whole process that wait or run at once, at some tens of kB each. */
export const requestsMax = 2_000
/** Servers to which idle connections are kept, at some 50 kB a connection; those used longest ago are closed. */
export const pooledServersMax = 500
/** Milliseconds that an idle connection is kept: longer than the pause between two messages of a lively room. */
export const idleConnectionMsMax = 30_000
/** Bytes of a response's headers. */
export const responseHeaderBytesMax = 16 * 1024
/** TLS sessions that are kept for a quicker return. */
export const tlsSessionsMax = 500
