/** An event on its way to other servers; all that it goes to share one of these. */
export interface OutboundPdu {
  readonly room: number
  /** The room's live position. */
  readonly pos: number
  /** The writer's stream position. */
  readonly position: number
  /** As signed: what goes out. */
  readonly json: string
  /** Monotonic milliseconds. */
  readonly queuedAt: number
}
