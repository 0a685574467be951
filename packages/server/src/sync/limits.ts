/** Limits of /sync. */

/** Milliseconds that a client may ask a /sync to wait; clients ask for 30 s. */
export const syncTimeoutMsMax = 90_000
/** Events of a timeline when the filter names no number, and at most. */
export const timelineEventsDefault = 10
export const timelineEventsMax = 100
/** Newest commits that are looked through, newest first, for the rooms that changed; beyond it each of the user's rooms is asked about. */
export const recentCommitsScanMax = 512
/** Rooms, and users, of which it is remembered when they last changed: about 100 bytes each. */
export const recentRoomsMax = 50_000
export const recentUsersMax = 50_000
/** Memberships kept in memory, of users that sync: about 250 bytes each. */
export const membershipsInMemoryMax = 200_000
/** Rooms of one answer that are made side by side, so that reads of several rooms overlap. */
export const roomsAtOnceMax = 8
/** Milliseconds of work on one answer before others get their turn. */
export const sliceMs = 10
/** Sessions for which it is remembered which lazily loaded members they have. */
export const lazySessionsMax = 5_000
/** Members remembered for one session; beyond it all are sent again. */
export const lazyMembersMax = 5_000
/** Parsed filters in memory, a few kilobytes each at most. */
export const filtersInMemoryMax = 2_000
/** Milliseconds to wait for a position that another process has told a client of. */
export const catchUpMsMax = 2_000
/** Writer slots in a token (decision record "Writer slots"). */
export const slotsMax = 32
/** Lists of ignored users in memory; most are empty. */
export const ignoredListsInMemoryMax = 10_000
/** Subscriptions to threads in one answer, and when the client does not say (MSC4308). */
export const threadSubscriptionsPageMax = 500
export const threadSubscriptionsPageDefault = 100
