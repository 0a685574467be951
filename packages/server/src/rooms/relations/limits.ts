/** Limits of relations between events. */

/** Characters of a kind of relation; longer ones are no relation to us. The known ones have ten. */
export const relTypeCharsMax = 255
/** Relations that are followed to find an event's thread; the specification recommends three. */
export const threadHopsMax = 3
/** Levels of relations that /relations follows when asked to; the specification asks for three at least. */
export const recursionLevels = 3
/** Events that /relations gathers when it follows relations. */
export const recursionEventsMax = 1_000
/** Parents whose relations a room in memory remembers; about 300 bytes each. */
export const parentsInMemoryMax = 500
/** Newest replies of a thread that are looked at to find the newest one that a reader may see. */
export const newestRepliesMax = 10
/** Replies of a thread that are judged one by one for a reader who may not see all of them. */
export const repliesJudgedMax = 1_000
/** Edits of an event that are looked at to find the newest valid one. */
export const editsJudgedMax = 10
/** References to an event that are listed with it. */
export const referencesMax = 100
/** Events of one page of /relations, and threads of one page of /threads. */
export const relationsPageMax = 100
export const relationsPageDefault = 20
/** Rows that are read in one go. */
export const relationsSlice = 200
/** Rows that one page looks at to find those that the reader may see and wants. */
export const relationsScanMax = 2_000
/** Kinds and senders of relations to the events of a page that a filter looks at. */
export const relatedByMax = 5_000
/** Subscriptions to threads of one user, those that ended among them; about 200 bytes each. */
export const threadSubscriptionsMax = 10_000
/** Subscriptions that are told apart of one stretch of another process's commits. */
export const foreignThreadSubscriptionsMax = 2_000
/** Threads of a room in memory whose subscribers are remembered. */
export const subscribedThreadsInMemoryMax = 100
/** Newest events in threads of a room among which unread ones are counted; about 150 bytes each in memory. */
export const threadEventsMax = 1_000
