/** Limits of reading rooms. */

/** Live positions beyond which a difference of states is taken from the states themselves, not from the list of changes. */
export const stateChangesRangeMax = 5_000
/** Changes of one room's state that are kept in memory with its view; about 40 bytes each. */
export const stateChangesInMemoryMax = 2_000
/** Live events that a timeline looks at to find those that a filter lets through. */
export const timelineScanMax = 1_000
/** Events of one page of /messages; clients ask for 10 to 100. */
export const pageEventsMax = 500
/** Events that one page of /messages looks at to find those that a filter lets through. */
export const pageScanMax = 1_000
/** UTF-16 units of the events of one page, so that full-size events cannot make an answer of tens of megabytes. */
export const pageTextMax = 4_000_000
/** Times that one page asks for older history of other servers. */
export const pageBackfillsMax = 2
/** Newest events of a room that are looked at to find the place of one that came before them. */
export const placeScanMax = 10_000
/** Events near a time that are looked at to find one that the reader may see. */
export const timeScanMax = 1_000
/** Context events around one event. */
export const contextEventsMax = 100
/** A user's earlier memberships that are followed to find when they were last joined. */
export const membershipStepsMax = 50
/** Values of a list in a filter; longer ones are cut nowhere, they are refused. */
export const filterListMax = 1_000
/** Names in one path of `event_fields`. */
export const fieldPathNamesMax = 20
/** Characters of a filter. */
export const filterTextMax = 65_536
/** Members of a room that are looked at to find its heroes. */
export const heroesScanMax = 200
/** Heroes of a room (Client-Server API, RoomSummary). */
export const heroesMax = 5
/** Live events that are searched for the reader's own newest one, which counts as read. */
export const ownEventScanMax = 1_000
/** Unread counts that are remembered, one a user and room; about 200 bytes each. */
export const unreadInMemoryMax = 50_000
/** Events that are read and written in one go before others get their turn: some milliseconds. */
export const sliceEvents = 500
