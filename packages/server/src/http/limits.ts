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
/** Milliseconds until a handler must have answered: the longest long-poll (30 s asked, 90 s allowed) and a slow join fit. */
export const handlerMsMax = 180_000
/** Milliseconds until a body that is read as a whole must have arrived: 256 kB at 5 kB/s. */
export const bodyMsMax = 60_000
/** Long-polls that wait at once, at 32 kB each: 320 MB at the very worst. */
export const waitingRequestsMax = 10_000
/** Token buckets of the rate limiter, some 100 bytes each. The ones used longest ago go first. */
export const rateBucketsMax = 50_000
