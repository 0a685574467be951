import { statSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { applyGroup, type StatementCache, type WireOutcome, type WireUnit } from './apply-group.ts'
import { openWriter } from './open-connection.ts'

/** What the event loop sends: a group of units, or the wish to close. */
export type WriterRequest =
  | { readonly kind: 'group'; readonly units: readonly WireUnit[]; readonly position: number }
  | { readonly kind: 'close' }
/** What the writer answers, in order: the outcomes of a group, its failure as a whole, or that it has closed. */
export type WriterReply =
  | { readonly kind: 'outcomes'; readonly outcomes: readonly WireOutcome[] }
  | { readonly kind: 'failed'; readonly why: string }
  | { readonly kind: 'closed' }

/** A log longer than this is written back into the database between two groups. Bytes. */
const walBytesMax = 8 * 1024 * 1024
/** Beyond this the log is reset as well, though readers may have to wait a moment. Bytes. */
const walBytesHard = 64 * 1024 * 1024

const path: string = workerData.path
const db = openWriter(path)
const statements: StatementCache = new Map()

function walBytes(): number {
  return statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0
}

function checkpoint(): void {
  const size = walBytes()
  if (size > walBytesHard) db.exec('PRAGMA wal_checkpoint(RESTART)')
  else if (size > walBytesMax) db.exec('PRAGMA wal_checkpoint(PASSIVE)')
}

function reply(message: WriterReply): void {
  parentPort?.postMessage(message)
}

let groupsSinceCheckpoint = 0
parentPort?.on('message', (request: WriterRequest) => {
  if (request.kind === 'close') {
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    db.close()
    reply({ kind: 'closed' })
    parentPort?.close()
    return
  }
  try {
    reply({ kind: 'outcomes', outcomes: applyGroup(db, statements, request.units, request.position) })
  } catch (error) {
    reply({ kind: 'failed', why: error instanceof Error ? error.message : String(error) })
  }
  groupsSinceCheckpoint += 1
  if (groupsSinceCheckpoint >= 256) {
    groupsSinceCheckpoint = 0
    checkpoint()
  }
})
