/** Limits of walking spaces (attack D16). */

/** Rooms of one page of a hierarchy, and those that are given without a wish. */
export const hierarchyPageMax = 100
export const hierarchyPageDefault = 50
/** Levels below the first room that are followed. */
export const hierarchyDepthMax = 50
/** Rooms of one hierarchy that are looked at, those that are not shown among them: bounds a walk, whatever links to what. */
export const hierarchyRoomsMax = 1_000
/** Rooms that are looked at in one go before others get their turn: some milliseconds. */
export const hierarchySlice = 20
/** Links of one space that are read, and UTF-16 units of the events that hold them. */
export const spaceChildrenMax = 1_000
export const spaceChildrenTextMax = 1_000_000
/** Children of a space that another server is told about at once (practice of other servers). */
export const servedChildrenMax = 50
/** Rooms that other servers are asked for while one page is made, and servers for each of them. */
export const hierarchyAsksMax = 30
export const hierarchyServersMax = 3
/** Milliseconds that one page waits for other servers: a client waits for it. */
export const hierarchyAskMs = 15_000
/** Milliseconds that another server's answer is used. */
export const hierarchyKeptMs = 60_000
/** UTF-16 units of other servers' answers in memory. */
export const hierarchyInMemoryMax = 8_000_000
/** Members of a server whose invites are looked for. */
export const invitesScanMax = 50
