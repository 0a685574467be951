/** Bytes of a request's line and headers together: long tokens and X-Matrix headers fit, header bombs don't. */
export const headerBytesMax = 16 * 1024
/** Milliseconds until a connection must have sent its headers: a slow network needs seconds, an attacker for ever. */
export const headersMsMax = 20_000
/** Milliseconds until a connection must have sent its whole request, a large file at worst; the edge gives other bodies less. */
export const requestMsMax = 900_000
/** Milliseconds that an idle connection is kept: longer than the minute after which proxies close theirs. */
export const keepAliveMsMax = 75_000
/** Connections of one listener: 10,000 waiting clients with a connection for each, and as many again. */
export const connectionsMax = 20_000
/** Names whose addresses are remembered: a large server talks to some thousands of others. */
export const rememberedNamesMax = 20_000
/** Milliseconds that an address is remembered at least and at most, whatever its record says. */
export const nameMsMin = 5_000
export const nameMsMax = 3_600_000
/** Milliseconds that a name's absence, or a service record (whose lifetime the runtime hides), is remembered. */
export const absentNameMs = 60_000
export const serviceMs = 300_000
/** Milliseconds for one question to a name server, and how often it is asked. */
export const nameQuestionMs = 3_000
export const nameQuestionTries = 3
/** Addresses of one name, and targets of one service, that are kept: more say nothing new. */
export const addressesPerNameMax = 16
/** Bytes of a file that are read at once. */
export const blobReadBytes = 64 * 1024

/** Milliseconds that long work may hold the event loop at a stretch: what others then wait for is not felt. */
export const timeSliceMs = 20
