/** Limits of typing notices and receipts. */

/** Milliseconds that one notice of typing lasts at most; clients ask for 20 to 30 s. */
export const typingMsMax = 120_000
/** Milliseconds that it lasts when the client does not say, and for users of other servers, who do not say. */
export const typingMsDefault = 30_000
/** Users who type in one room at once and are told of: nobody reads more names. */
export const typingUsersMax = 50
/** Rooms in which somebody typed lately: about 300 bytes each. */
export const typingRoomsMax = 10_000
/** Newest changes of typing that are looked through, newest first. */
export const typingRecentMax = 256
/** Receipts kept in memory, of all rooms together; about 250 bytes each. */
export const receiptsInMemoryMax = 100_000
/** Receipts of one room that a first /sync gives: the newest ones, and the reader's own. */
export const receiptsOfRoomMax = 2_000
/** Receipts of one EDU; more are not looked at. */
export const receiptsOfEduMax = 500
/** Receipts of one user of another server in one room, of all threads together; with as many there, those in threads are not taken in. */
export const threadReceiptsMax = 1_000
/** UTF-16 units in the id of the event that another server's user has read: the bound of event ids. */
export const receiptEventCharsMax = 255
/** Milliseconds without doing anything after which somebody counts as away. */
export const presenceIdleMs = 5 * 60_000
/** Milliseconds after the last /sync after which somebody counts as gone: clients sync anew at once, or after a short outage. */
export const presenceGoneMs = 30_000
/** Milliseconds for which doing something counts as being active now. */
export const presenceActiveMs = 60_000
/** Milliseconds after which a user of another server counts as gone when nothing is heard of them. */
export const presenceHeardMs = 30 * 60_000
/** Milliseconds after which other servers are told again that somebody is there: before they take them for gone. */
export const presenceRepeatMs = 25 * 60_000
/** Milliseconds between looks at who went away. */
export const presenceSweepMs = 5_000
/** Milliseconds for which changes are gathered before others are told. */
export const presenceGatherMs = 500
/** The same for each change that was told the last time, and at most: when thousands come and go, nobody is told of it every moment. */
export const presenceGatherMsEach = 20
export const presenceGatherMsMax = 30_000
/** Users whose presence is known; about 300 bytes each. Those whose presence changed longest ago are forgotten first. */
export const presenceUsersMax = 20_000
/** Newest changes of presence that are looked through, newest first. */
export const presenceRecentMax = 1_000
/** Users whose presence one answer of /sync tells. */
export const presenceOfSyncMax = 1_000
/** Our users who are woken for one gathering of changes. */
export const presenceWakeMax = 10_000
/** Characters of a status message. */
export const statusMessageCharsMax = 1_000
/** Updates of one EDU, in and out; more are not looked at, or wait for the next one. */
export const presenceOfEduMax = 100
/** Milliseconds for each EDU that a server is sent in the long run, and how many it may get in a row after a rest. */
export const presenceEduEveryMs = 30_000
export const presenceEdusInRow = 3
/** Servers that share rooms with one of our users, and pairs of both that are read at once. */
export const presenceServersMax = 20_000
