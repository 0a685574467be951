import type { ServerName } from '@causeway/events'
import type { Clock } from '../../platform/clock.ts'
import type { Database } from '../../storage/database.ts'
import { storedEdus, type StoredEduRow } from '../../storage/tables/outbound.ts'
import { transactionCharsMax, transactionEdusMax, transactionPdusMax } from '../limits.ts'
import type { DestinationQueue } from './destination-queue.ts'
import type { OutboundPdu } from './outbound-pdu.ts'
import { readMissed, type MissedPage } from './read-missed.ts'
import { transactionBodyText, type Transaction } from './transaction.ts'

interface Ports {
  readonly db: Database
  readonly clock: Clock
  readonly serverName: ServerName
  readonly newId: () => string
}

const nothingMissed: MissedPage = { pdus: [], progress: [] }

/**
 * Make the next transaction of what waits for a server: what it missed before what is new, and the EDUs that must arrive
 * before those that may be lost. It may have nothing in it but progress; absent when nothing waits.
 */
export async function assemble(ports: Ports, queue: DestinationQueue): Promise<Transaction | undefined> {
  const stored = queue.hasStoredEdus ? await readStoredEdus(ports.db, queue) : []
  const missed = queue.missed.size > 0 ? await readMissed(ports.db, queue.missed.values(), transactionPdusMax) : nothingMissed
  // From here on nothing waits, so that what is taken is what was looked at.
  const live = queue.missed.size > 0 ? [] : takeLive(queue)
  const edus = [...stored.map(({ json }) => json), ...queue.edus.take(transactionEdusMax - stored.length, ports.clock.monotonic())]
  const pdus = [...missed.pdus, ...live.map(({ json }) => json)]
  if (pdus.length === 0 && edus.length === 0 && missed.progress.length === 0) return undefined
  return {
    id: ports.newId(),
    body: transactionBodyText(ports.serverName, ports.clock.now(), pdus, edus),
    pdus: pdus.length,
    edus: edus.length,
    live,
    progress: missed.progress,
    storedEdus: stored,
    stored: false,
  }
}

async function readStoredEdus(db: Database, queue: DestinationQueue): Promise<readonly StoredEduRow[]> {
  queue.storedEdusTouched = false
  const rows = await storedEdus(db, queue.server, db.slot, queue.eduPlace, transactionEdusMax)
  if (rows.length < transactionEdusMax && !queue.storedEdusTouched) queue.hasStoredEdus = false
  return rows
}

function takeLive(queue: DestinationQueue): readonly OutboundPdu[] {
  let count = 0
  let chars = 0
  for (const { json } of queue.pdus) {
    chars += json.length
    if (count === transactionPdusMax || (count > 0 && chars > transactionCharsMax)) break
    count += 1
  }
  return queue.pdus.splice(0, count)
}
