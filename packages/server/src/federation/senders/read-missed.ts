import type { Database } from '../../storage/database.ts'
import { countPassedOn, newestPassedOn, passedOn, type PassedOnRow } from '../../storage/tables/outbound.ts'
import { missedPdusMax, transactionCharsMax } from '../limits.ts'
import type { MissedRoom } from './missed-room.ts'
import type { Progress } from './transaction.ts'

/** Events for one transaction from what a server missed, and how far they bring it. */
export interface MissedPage {
  readonly pdus: readonly string[]
  readonly progress: readonly Progress[]
}

const decoder = new TextDecoder()

/**
 * The next events from the log for a server that missed some, room after room and in each room's order, at most `max`. Of a
 * room in which it missed very many, only the newest: the server asks for what is between, as it would after any gap.
 */
export async function readMissed(db: Database, rooms: Iterable<MissedRoom>, max: number): Promise<MissedPage> {
  const pdus: string[] = []
  const progress: Progress[] = []
  let chars = 0
  for (const missed of rooms) {
    if (pdus.length >= max) break
    missed.touched = false
    const { rows, last } = await readRoom(db, missed, max - pdus.length)
    let fromPos = missed.fromPos
    let taken = 0
    for (const row of rows) {
      const json = decoder.decode(row.json)
      if (pdus.length > 0 && chars + json.length > transactionCharsMax) break
      pdus.push(json)
      chars += json.length
      fromPos = row.pos + 1
      taken += 1
    }
    progress.push({ missed, fromPos, last: last && taken === rows.length })
    if (taken < rows.length) break
  }
  return { pdus, progress }
}

async function readRoom(
  db: Database,
  missed: MissedRoom,
  max: number,
): Promise<{ readonly rows: readonly PassedOnRow[]; readonly last: boolean }> {
  const { room, writer, fromPos } = missed
  const uptoPos = missed.uptoPos ?? Number.MAX_SAFE_INTEGER
  if (!missed.whole) {
    if ((await countPassedOn(db, room, writer, fromPos, uptoPos, missedPdusMax + 1)) > missedPdusMax) {
      const newest = await newestPassedOn(db, room, writer, fromPos, uptoPos)
      return { rows: newest === undefined ? [] : [newest], last: true }
    }
    missed.whole = true
  }
  const rows = await passedOn(db, room, writer, fromPos, uptoPos, max)
  return { rows, last: rows.length < max }
}
