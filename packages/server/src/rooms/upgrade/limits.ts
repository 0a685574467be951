/** Limits of upgrading rooms. */

/** Bans that go along to a new room; each is an event there. */
export const carriedBansMax = 2_000
/** Events that are placed in one go before others get their turn: some milliseconds. */
export const carriedSlice = 50
/** Spaces that a room says it is in. */
export const carriedParentsMax = 50
/** Users who may be named creators beside the one who upgrades: what an event holds, and more than anybody wants. */
export const additionalCreatorsMax = 100
/** Settings of users who moved that are worked off at once. */
export const movesBatch = 50
/** Milliseconds before moves that failed are tried again. */
export const movesRetryMs = 30_000
