/** Connections that read: a page of reads at once keeps one event loop busy, and each costs the database some megabytes. */
export const readConnections = 4
/** Milliseconds to open a connection: a database that takes longer is not one that we can serve from. */
export const connectMsMax = 5_000
/** Milliseconds that one statement of ours may take in the database: bounded reads and groups take some. */
export const statementMsMax = 10_000
/** Milliseconds that a transaction of ours may wait for us: one is sent in a burst, so only a stopped process makes it wait. */
export const idleInTransactionMsMax = 2_000
/** Milliseconds for a whole group: the statements' limit and the way there and back. */
export const groupMsMax = 15_000
/** Milliseconds that writes wait for a lost database before they are answered as unknown: a restart of it takes seconds. */
export const reconnectWaitMsMax = 15_000
/** Milliseconds between two attempts to connect again. */
export const reconnectEveryMs = 250
/** How often a group is tried again that the database rolled back for somebody else's sake (deadlock). */
export const groupTriesMax = 3
/** Statements on their way on one connection: more than a group has. */
export const pipelineMax = 1_000

/** Writer slots, and so numbers in a sync token: fixed for ever, since room numbers are 32 · k + slot. */
export const slotsMax = 32
/** Milliseconds that a slot is held without renewal: how long the rooms of a killed process wait for another owner. */
export const leaseMs = 6_000
/** Milliseconds between two renewals: two may fail before the lease does. */
export const renewEveryMs = 2_000
/** Milliseconds that a lease's transactions wait for a lock: shorter than what is left of a lease between two renewals. */
export const leaseLockMsMax = 3_000
/** Milliseconds for one renewal with all that follows from it: a session that takes longer is given up for a new one. */
export const leaseAnswerMsMax = 5_000
/** Shards handed over at once: the rooms of a shard wait for their new owner for some milliseconds. */
export const handOverShardsMax = 128
/** Milliseconds that whoever works on a shard's rooms may take to stop when it is handed over. */
export const handOverMsMax = 5_000

/** Milliseconds between two looks at the others' positions: wake-ups come by NOTIFY, and this is for lost ones. */
export const pollEveryMs = 1_000
/** The same while somebody waits for a position that we have not seen. */
export const pollUrgentlyMs = 100
/** Rooms and users of others' commits that are told apart at once; beyond it everybody looks. */
export const foreignRowsMax = 10_000
/** Events of others' commits that are read at once. */
export const foreignEventsMax = 2_000
