import type { Database } from '../../storage/database.ts'
import { missedRooms, nextEduServer, transactionIds } from '../../storage/tables/outbound.ts'
import { replayPageSize } from '../limits.ts'
import { firstPlace, type DestinationQueue } from './destination-queue.ts'
import { missedKey, type MissedRoom } from './missed-room.ts'

interface Ports {
  readonly db: Database
  readonly queueFor: (server: string) => DestinationQueue | undefined
  readonly addMissed: (queue: DestinationQueue, missed: MissedRoom) => void
}

/** Queue what storage holds for this slot's servers, unless it is queued already. */
export async function loadWaiting(ports: Ports): Promise<void> {
  const { db, queueFor } = ports
  await loadMissed(ports)
  for (const { server, txn_id: id } of await transactionIds(db, db.slot)) {
    const queue = queueFor(server)
    if (queue?.storedTransactions.includes(id) === false) queue.storedTransactions.push(id)
  }
  for (let server = await nextEduServer(db, db.slot, ''); server !== undefined; server = await nextEduServer(db, db.slot, server)) {
    const queue = queueFor(server)
    if (queue === undefined) continue
    queue.hasStoredEdus = true
    queue.storedEdusTouched = true
    queue.eduPlace = firstPlace
  }
}

async function loadMissed({ db, queueFor, addMissed }: Ports): Promise<void> {
  const { slot } = db
  let after = { server: '', room: 0, first_pos: 0 }
  for (;;) {
    const rows = await missedRooms(db, slot, after, replayPageSize)
    for (const row of rows) {
      const queue = queueFor(row.server)
      if (queue === undefined || queue.missed.has(missedKey({ room: row.room, firstPos: row.first_pos }))) continue
      addMissed(queue, {
        server: queue.server,
        slot,
        room: row.room,
        firstPos: row.first_pos,
        writer: row.writer,
        fromPos: row.from_pos,
        uptoPos: row.upto_pos ?? undefined,
        touched: false,
        whole: false,
      })
    }
    const last = rows.at(-1)
    if (last === undefined || rows.length < replayPageSize) return
    after = last
  }
}
