/** Bytes of a request's line and headers together: long tokens and X-Matrix headers fit, header bombs don't. */
export const headerBytesMax = 16 * 1024
/** Milliseconds until a connection must have sent its headers: a slow network needs seconds, an attacker for ever. */
export const headersMsMax = 20_000
/** Milliseconds until a connection must have sent its whole request: 256 kB at 5 kB/s. */
export const requestMsMax = 60_000
/** Milliseconds that an idle connection is kept: longer than the minute after which proxies close theirs. */
export const keepAliveMsMax = 75_000
/** Connections of one listener: 10,000 waiting clients with a connection for each, and as many again. */
export const connectionsMax = 20_000
