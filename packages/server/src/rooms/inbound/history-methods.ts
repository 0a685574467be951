import type { RoomId } from '@causeway/events'
import { backfill, type BackfillPorts } from './backfill.ts'
import { findElsewhere, type TimeQuestion } from './find-elsewhere.ts'

/** The room methods that fetch history of other servers. */
export function historyMethods(ports: BackfillPorts) {
  const { engine } = ports
  return {
    /** Fetch history from before a depth; see `backfill`. True if there is more now. */
    async backfill(args: { readonly roomId: RoomId; readonly depth: number; readonly upTo: number }): Promise<{ more: boolean }> {
      const view = await engine.view(args.roomId)
      return { more: view !== undefined && (await backfill(ports, view, args.depth, args.upTo)) }
    },

    /** Fetch an event that is closer to a time than those that we have; see `findElsewhere`. True if there is one now. */
    async findElsewhere(args: TimeQuestion & { readonly roomId: RoomId }): Promise<{ more: boolean }> {
      const view = await engine.view(args.roomId)
      return { more: view !== undefined && (await findElsewhere(ports, view, args)) }
    },
  }
}
