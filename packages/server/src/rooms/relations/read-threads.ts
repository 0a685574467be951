import { parseEventId, redactPdu, type RoomId, type UserId } from '@causeway/events'
import { threadsBefore } from '../../storage/tables/relations.ts'
import { findEvent } from '../engine/load-room.ts'
import { standing, type StoredEvent } from '../engine/stored-event.ts'
import { clientEvent, type Reading } from '../history/client-event.ts'
import { placeBefore, type Place } from '../history/place.ts'
import type { ReadingPorts } from '../history/reading-ports.ts'
import { requireAccess, sightOf } from '../history/room-access.ts'
import type { RoomSight } from '../history/room-sight.ts'
import { bundleRelations } from './bundle.ts'
import { relationsPageMax, relationsScanMax, relationsSlice } from './limits.ts'
import { relationOf } from './relation-of.ts'

/** A request for a page of a room's threads. */
export interface ThreadsPageWish {
  readonly from: Place | undefined
  readonly limit: number
  /** Only threads that the user took part in. */
  readonly participated: boolean
}

/**
 * The roots of a room's threads as JSON texts, those with the newest reply first, and where the next page begins
 * (Client-Server API, "Querying threads in a room"). Throws M_FORBIDDEN for somebody who may read nothing of the room.
 */
export async function readThreads(
  ports: ReadingPorts,
  roomId: RoomId,
  userId: UserId,
  reading: Reading,
  wish: ThreadsPageWish,
): Promise<{ readonly chunk: readonly string[]; readonly next: Place | undefined }> {
  const access = await requireAccess(ports.engine, roomId, userId)
  const sight = sightOf(ports.engine, access, userId)
  const { view } = access
  const ignored = await ports.ignoredBy(userId)
  const limit = Math.min(wish.limit, relationsPageMax)
  const roots: StoredEvent[] = []
  let place: Place = wish.from ?? { depth: Number.MAX_SAFE_INTEGER, pos: 0 }
  let more = view.relations.any
  for (let scanned = 0; more && roots.length < limit && scanned < relationsScanMax;) {
    const rows = await threadsBefore(ports.db, view.room, { depth: place.depth, pos: place.pos + 1 }, relationsSlice)
    more = rows.length === relationsSlice
    scanned += rows.length
    for (const [index, row] of rows.entries()) {
      place = placeBefore(row)
      const root = row.newest === 1 ? await rootOf(ports, sight, row.parent) : undefined
      if (root !== undefined) {
        await bundleRelations(ports.db, sight, [root], reading, ignored)
        if (isListed(sight, root, wish.participated)) roots.push(root)
      }
      if (roots.length < limit) continue
      more ||= index + 1 < rows.length
      break
    }
  }
  const shown = roots.map((root) => (ignored.has(root.pdu.sender) ? { ...root, pdu: redactPdu(root.pdu, view.rules) } : root))
  return { chunk: shown.map((root) => clientEvent(root, sight, reading)), next: more ? place : undefined }
}

async function rootOf(ports: ReadingPorts, sight: RoomSight, parent: string): Promise<StoredEvent | undefined> {
  const id = parseEventId(parent)
  const root = id === undefined ? undefined : await findEvent(ports.db, sight.view, id)
  if (root?.pos === undefined || root.standing !== standing.accepted || relationOf(root.pdu) !== undefined) return undefined
  await sight.load([root])
  return sight.sees(root) ? root : undefined
}

/** A thread of which the reader sees no reply is none to them. */
function isListed(sight: RoomSight, root: StoredEvent, participated: boolean): boolean {
  const thread = sight.threadOf(root)
  return thread !== undefined && (!participated || thread.participated)
}
