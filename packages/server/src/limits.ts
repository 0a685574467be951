/*
 * Every bound of the server: its unit and its reason. A part's limits stand together under its heading.
 */

// --- http: the edge ---

/** Bytes of a JSON body where an endpoint names no other limit: an event of 65,536 bytes with room for its wrapping. */
export const bodyBytesMaxDefault = 256 * 1024
/** Bytes that are read and thrown away after a refusal, so that the connection can live on; a longer body closes it. */
export const discardedBytesMax = 1024 * 1024
/** Levels of nesting in a JSON body: far beyond any event, far below what the recursion of an encoder can carry. */
export const bodyDepthMax = 1000
/** Characters of one path parameter: identifiers have 255 bytes, file names and transaction ids get more room. */
export const pathParamBytesMax = 1024
/** Parameters of one query: the longest lists are the `server_name` and `via` of a join. */
export const queryParamsMax = 100
/** Bytes of a request's line and headers together: long tokens and X-Matrix headers fit, header bombs don't. */
export const headerBytesMax = 16 * 1024
/** Milliseconds until a connection must have sent its headers: a slow network needs seconds, an attacker for ever. */
export const headersMsMax = 20_000
/** Milliseconds until a connection must have sent its whole request: 256 kB at 5 kB/s. */
export const requestMsMax = 60_000
/** Milliseconds until a handler must have answered: the longest long-poll (30 s asked, 90 s allowed) and a slow join fit. */
export const handlerMsMax = 180_000
/** Milliseconds that an idle connection is kept: longer than the minute after which proxies close theirs. */
export const keepAliveMsMax = 75_000
/** Connections of one listener: 10,000 waiting clients with a connection for each, and as many again. */
export const connectionsMax = 20_000
/** Long-polls that wait at once, at 32 kB each: 320 MB at the very worst. */
export const waitingRequestsMax = 10_000
/** Token buckets of the rate limiter, some 100 bytes each. The ones used longest ago go first. */
export const rateBucketsMax = 50_000
/** Milliseconds from the signal to stop until the process must be gone. */
export const stopMsMax = 10_000
