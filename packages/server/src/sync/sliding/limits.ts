/** Limits of sliding sync. */

/** Connections of one device (decision record "Sliding sync is the one place with state per connection"); clients use two or three. */
export const connectionsPerDeviceMax = 16
/** Characters of a `conn_id`; the proposal allows 16. */
export const connIdMax = 255
/** Characters of a `pos`: a generation and a stream position per writer slot. */
export const posMax = 1_024
/** Rooms that one connection remembers as sent; beyond it those that were sent first are sent anew. */
export const sentRoomsMax = 10_000
/** Rooms of the connections that are kept in memory, about 100 bytes each; others are read again. */
export const connectionRoomsInMemoryMax = 300_000
/** Lists of a request; clients send one to five. */
export const listsMax = 100
/** Ranges of a list. */
export const rangesMax = 100
/** Rooms to which one request subscribes. */
export const subscriptionsMax = 1_000
/** Entries of `required_state`. */
export const requiredStateMax = 500
/** Timeline events of one room. */
export const slidingTimelineMax = 100
/** Entries of a list in a filter or in an extension. */
export const slidingListEntriesMax = 1_000
/** Rooms whose newest event is remembered; about 100 bytes each. */
export const recencyRoomsMax = 100_000
/** Live events that are searched for one that moves its room up. */
export const bumpScanMax = 300
/** Rooms of which it is remembered what filters ask; about 300 bytes each. */
export const factsRoomsMax = 50_000
/** Lists of direct rooms in memory. */
export const directListsInMemoryMax = 10_000
/** Milliseconds for which a connection may be in memory alone, in a server of one process. */
export const connectionWriteAfterMs = 1_000
/** Connections that wait to be written, until then at the latest. */
export const waitingConnectionsMax = 1_000
