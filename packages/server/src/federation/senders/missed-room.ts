/**
 * What one server has missed of one room: the events that `writer` passed on from a live position on. While it is open,
 * later events of the room belong to it without being noted.
 */
export interface MissedRoom {
  readonly server: string
  /** Whose process sends them. */
  readonly slot: number
  readonly room: number
  /** The live position at which it began; names it. */
  readonly firstPos: number
  readonly writer: number
  /** What is before this has been sent. */
  fromPos: number
  /** The last event that the server is to get, since it is no longer in the room after it. */
  uptoPos: number | undefined
  /** Were events added since it was last read? */
  touched: boolean
  /** Is it known to be few enough events that all are sent? */
  whole: boolean
}

/** Names what a server missed among all of its own. */
export function missedKey({ room, firstPos }: Pick<MissedRoom, 'room' | 'firstPos'>): string {
  return `${room} ${firstPos}`
}
