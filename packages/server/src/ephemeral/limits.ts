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
