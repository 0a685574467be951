const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** The port of a server that names none. Server-Server API, "Resolving server names". */
export const federationPort = 8448

/** Bytes of /.well-known/matrix/server: one name; a file of that size is something else. */
export const wellKnownBytesMax = 50 * 1024
/** Milliseconds for the well-known file with its redirects: most names have none, and their users wait for it. */
export const wellKnownMsMax = 10 * second
/** Redirects of the well-known file that are followed. */
export const wellKnownRedirectsMax = 5
/** Milliseconds that a well-known file is kept: without a word in its headers, at least, and at most. */
export const wellKnownMsDefault = day
export const wellKnownKeptMsMin = 5 * minute
export const wellKnownKeptMsMax = 2 * day
/** Milliseconds that a failure is kept: the first, and at most after repeated ones. */
export const wellKnownFailureMsMin = 2 * minute
export const wellKnownFailureMsMax = hour
/** Servers whose well-known answer is kept; some 200 bytes each. */
export const knownDelegationsMax = 20_000

/** Parameters of one X-Matrix header, and X-Matrix headers of one request: real ones have five, and one for each key. */
export const xMatrixParamsMax = 32
export const xMatrixHeadersMax = 8

/** Milliseconds that our published keys say they are valid: others ask again after half of it. */
export const ownKeysValidMs = day
/** Milliseconds that a published answer is given unchanged; it never has less than the rest of the day left. */
export const ownKeysCachedMs = hour
/** Milliseconds ahead that another server's keys are believed to be valid at most. Room version 5, signing key validity period. */
export const keyValidMsMax = 7 * day
/** Current and old keys that are read from one answer; real servers have one to three, and a handful of old ones. */
export const currentKeysMax = 16
export const oldKeysMax = 100
/** Keys of one server that are stored; the ones fetched longest ago go first. */
export const keysPerServerMax = 200
/** Servers whose keys are in memory; some 300 bytes each. */
export const keyServersInMemoryMax = 20_000
/** Key fetches under way at once, and those that wait for their turn; more are given up, so that nobody can make us ask all the world. */
export const keyFetchesMax = 32
export const keyFetchesWaitingMax = 500
/** Milliseconds between two fetches of one server's keys: after an answer, after the first failure, and at most. */
export const keyRefetchMs = minute
export const keyFailureMsMin = 10 * second
export const keyFailureMsMax = hour
/** Milliseconds before the end of a key's validity when it is fetched anew without anybody waiting. */
export const keyRefreshMs = hour
/** Servers that one request to the notary may name. */
export const notaryServersMax = 100

/** Bytes of a small answer (a key, a profile, a template), of a page of events, and of a room's whole state. */
export const smallAnswerBytesMax = 256 * 1024
export const pageAnswerBytesMax = 16 * 1024 * 1024
export const stateAnswerBytesMax = 128 * 1024 * 1024
/** Bytes of another server's error message that are looked at. */
export const errorAnswerBytesMax = 64 * 1024
/** Milliseconds for a small question, for a page of events, and for a room's whole state. */
export const smallAnswerMsMax = 20 * second
export const pageAnswerMsMax = 60 * second
export const stateAnswerMsMax = 3 * minute
/** Milliseconds for a file: 100 MB at 350 kB/s. Somebody waits for it. */
export const fileAnswerMsMax = 5 * minute
/**
 * Milliseconds for a transaction. One whose answer was lost on the way must not hold up what follows for longer than half of the minute
 * in which servers agree after a partition; whoever needs longer is asked again, and has it then.
 */
export const transactionMsMax = 30 * second

/** Events and EDUs of one transaction. Server-Server API, "Transactions". */
export const transactionPdusMax = 50
export const transactionEdusMax = 100
/** UTF-16 units of a transaction's events and EDUs together; what is beyond goes with the next. Others take 10 MB and more. */
export const transactionCharsMax = 4 * 1024 * 1024
/** Transactions under way at once: to servers that are well, and to ones that failed before, which may hang. */
export const transactionsMax = 64
export const probesMax = 16
/** Events that wait in memory for one server; beyond it they are read from the log when their turn comes. */
export const queuedPdusMax = 200
/** Missed events of one room that are all sent after an outage; of more only the newest, and the peer fills the gap. */
export const missedPdusMax = 500
/** EDUs that wait in memory for one server; the oldest go first. */
export const queuedEdusMax = 500
/** Milliseconds that an EDU which is not kept in storage waits at most. */
export const eduMsMax = 30 * second
/** Milliseconds that receipts wait for others of their kind. */
export const receiptsHeldMs = 100
/** Rows of EDUs that are kept for one server, beside those that say what became of a user; for one that is away for long the oldest go first. */
export const storedEdusMax = 10_000
/** Bytes of them: 10,000 messages with keys of rooms have some 20 MB. */
export const storedEduBytesMax = 64 * 1024 * 1024
/** Bytes that are kept for servers that share no room with us, all of them together: anybody can name servers that do not exist. */
export const strangersEduBytesMax = 64 * 1024 * 1024
/** Bytes of EDUs that a process keeps for all servers together, beside those that say what became of a user; the oldest go first. */
export const storedEduBytesAllMax = 1024 * 1024 * 1024
/** Bytes of EDUs that are written between two looks at how many are kept in all. A row counts for 200 beside its EDU. */
export const storedEduBytesLook = 16 * 1024 * 1024
export const storedEduRowBytes = 200
/** Milliseconds between two writes of what was delivered. */
export const journalMs = second
/** Milliseconds that an undelivered event is remembered by nothing but its place in the log. */
export const unrecordedMsMax = 5 * second
/** Rows that are read at once to find out, at start, who has missed what. */
export const replayPageSize = 500
/**
 * Milliseconds between two looks for senders whose process is gone, and since when its lease must have ended: far more than clocks
 * differ. Keys of rooms wait there, also when a killed process is back at once, as it has another slot then.
 */
export const adoptMs = 5 * second
export const abandonedMsMin = 15 * second
/** Milliseconds until work that failed through no fault of its server is tried again. */
export const hitchMs = second
/** Milliseconds after which a timer looks at the clock again, should that have been set. */
export const timerMsMax = minute

/** UTF-16 units of a policy server's own words that are shown to whoever sent the event. */
export const policyWordsMax = 500

/** Servers that failed lately and are remembered for it; some 150 bytes each. */
export const failingServersMax = 20_000
/**
 * Milliseconds until a server that failed is tried again: at first, within the first minutes, and later at most. With the part that
 * is left to chance it stays below an hour: within that a server that says nothing gets what it missed.
 */
export const backOffMsMin = second
export const backOffEarlyMsMax = 50 * second
export const backOffEarlyMs = 10 * minute
export const backOffMsMax = 50 * minute
/** Milliseconds of failing after which a server is not tried at once when this one starts. */
export const startProbeMsMax = day
/** Milliseconds over which the first attempts after a start are spread. */
export const startSpreadMs = 10 * second
/** Milliseconds between two attempts that a failing server's own requests bring about. */
export const wakeMsMin = 5 * second
/** Times that a server may refuse one and the same transaction as malformed before it is given up. */
export const transactionRefusalsMax = 3

/** Milliseconds for one answer of an identity server: somebody waits, and an invite asks up to three times. */
export const identityAnswerMsMax = 10 * second
/** Bytes of it: some keys, or one user id. */
export const identityAnswerBytesMax = 16 * 1024
/** Characters of one text that an identity server gives for an event: a key, a URL, a name. */
export const identityTextCharsMax = 1_000

/** Bytes from which on an answer is parsed in slices of time: less is parsed in a few milliseconds. */
export const largeAnswerBytesMin = 262_144
