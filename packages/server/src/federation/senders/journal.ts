import { encodeUtf8 } from '@causeway/events'
import type { Cancel, Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Database, Rows, Step } from '../../storage/database.ts'
import type { SqlValue } from '../../storage/sql.ts'
import { removeDestination, upsertDestination, upsertSenderPosition } from '../../storage/tables/destinations.ts'
import {
  insertTransaction,
  pruneAllEdus,
  pruneEdus,
  pruneEdusOfStrangers,
  pruneHeavyEdus,
  pruneTransactionsOfStrangers,
  removeEdu,
  removeMissedRoom,
  removeTransaction,
  transactionBody,
  upsertMissedRoom,
  type StoredEduRow,
} from '../../storage/tables/outbound.ts'
import type { TableWrite } from '../../storage/table-write.ts'
import type { Destinations } from '../client/destinations.ts'
import { journalMs, storedEduBytesAllMax, storedEduBytesLook, storedEduBytesMax, storedEdusMax, strangersEduBytesMax } from '../limits.ts'
import { missedKey, type MissedRoom } from './missed-room.ts'

interface Ports {
  readonly db: Database
  readonly clock: Clock
  readonly log: Logger
  readonly destinations: Destinations
  /** Called when a failing server's row is to be written: is it to be kept, since something in storage waits for the server? */
  readonly keepsRow: (server: string) => boolean
  /** Called before each write: notes what has to be noted, and says up to which position everything then is accounted for. */
  readonly settle: () => number | undefined
  /** Everything that was noted before is written. */
  readonly onWritten: () => void
}

/** Changes that are not written yet, newest by key. */
class Pending {
  readonly missed = new Map<string, { readonly missed: MissedRoom; readonly gone: boolean }>()
  readonly transactions = new Map<
    string,
    { readonly server: string; readonly id: string; readonly slot: number; readonly body: string | undefined }
  >()
  readonly edus = new Map<string, readonly [server: string, slot: number, position: number, seq: number]>()
  readonly servers = new Set<string>()
  readonly pruned = new Set<string>()
  allPruned = false

  get isEmpty(): boolean {
    return !this.allPruned && this.missed.size + this.transactions.size + this.edus.size + this.servers.size + this.pruned.size === 0
  }
}

/**
 * Writes what the senders must know after a restart: at most once a second, all of it in one unit, so that it is true as a
 * whole. While all servers are well that is one row, however many events leave.
 */
export class Journal {
  readonly #ports: Ports
  #pending = new Pending()
  #writing: Promise<void> | undefined
  #cancel: Cancel | undefined
  /** As last written. */
  #position: number | undefined

  /** Bytes of EDUs that were stored since the last look at how many there are in all. */
  #storedBytes = 0

  constructor(ports: Ports) {
    this.#ports = ports
    // An earlier run may have left too many.
    this.#pending.allPruned = true
  }

  /** Something happened: write soon. */
  touch(): void {
    this.#cancel ??= this.#ports.clock.schedule(journalMs, () => {
      this.#cancel = undefined
      void this.flush()
    })
  }

  /** What a server missed of a room is new, or has changed, or is `gone`. */
  noteMissed(missed: MissedRoom, gone = false): void {
    this.#pending.missed.set(`${missed.server} ${missed.slot} ${missedKey(missed)}`, { missed, gone })
    this.touch()
  }

  /** A transaction must outlast this process, or, without a body, is done. */
  noteTransaction(server: string, id: string, body: string | undefined): void {
    this.#pending.transactions.set(id, { server, id, slot: this.#ports.db.slot, body })
    this.touch()
  }

  /** The text of a transaction that must be repeated. */
  async transactionText(server: string, id: string): Promise<string | undefined> {
    // It may be on its way to the disk, or come back from a write that failed.
    if (this.#pending.transactions.get(id)?.body === undefined) await this.#writing
    const pending = this.#pending.transactions.get(id)?.body
    if (pending !== undefined) return pending
    const row = await transactionBody(this.#ports.db, server, id)
    return row === undefined ? undefined : new TextDecoder().decode(row.body)
  }

  /** These EDUs arrived, or are part of a transaction that was noted. */
  noteSentEdus(server: string, edus: readonly StoredEduRow[]): void {
    for (const { position, seq } of edus) {
      this.#pending.edus.set(`${server} ${position} ${seq}`, [server, this.#ports.db.slot, position, seq])
    }
    this.touch()
  }

  /** A server began to fail, failed again, or is well. */
  noteServer(server: string): void {
    this.#pending.servers.add(server)
    this.touch()
  }

  /** A server is away for long: let go of the oldest of too many EDUs. */
  notePruned(server: string): void {
    this.#pending.pruned.add(server)
    this.touch()
  }

  /** So many bytes of EDUs were stored: once they are many, the oldest of too many for all servers together go. */
  noteStoredEdus(bytes: number): void {
    this.#storedBytes += bytes
    if (this.#storedBytes < storedEduBytesLook) return
    this.#storedBytes = 0
    this.#pending.allPruned = true
    this.touch()
  }

  /** Write what is noted. Never rejects: what could not be written is written the next time. */
  async flush(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing
    this.#writing = this.#write().finally(() => (this.#writing = undefined))
    return this.#writing
  }

  async #write(): Promise<void> {
    this.#cancel?.()
    this.#cancel = undefined
    const position = this.#ports.settle()
    const taken = this.#pending
    if (taken.isEmpty && position === this.#position) return this.#ports.onWritten()
    this.#pending = new Pending()
    try {
      await this.#ports.db.commit({ steps: this.#steps(taken), rows: this.#rows(taken, position) })
    } catch (err) {
      this.#ports.log.warn({ err }, 'the state of sending could not be written')
      this.#putBack(taken)
      return
    }
    this.#position = position
    if (this.#pending.isEmpty) this.#ports.onWritten()
  }

  #steps(taken: Pending): Step[] {
    const { slot } = this.#ports.db
    const steps = [...taken.pruned].flatMap((server) => [
      { query: pruneEdus(server, slot, storedEdusMax) },
      { query: pruneHeavyEdus(server, slot, storedEduBytesMax) },
    ])
    if (!taken.allPruned) return steps
    return [
      ...steps,
      { query: pruneEdusOfStrangers(slot, strangersEduBytesMax) },
      { query: pruneTransactionsOfStrangers(slot, strangersEduBytesMax) },
      { query: pruneAllEdus(slot, storedEduBytesAllMax) },
    ]
  }

  #rows(taken: Pending, position: number | undefined): Rows[] {
    const { db, destinations, keepsRow } = this.#ports
    const rows = new Map<TableWrite, (readonly SqlValue[])[]>()
    const add = (write: TableWrite, ...values: readonly SqlValue[]): void => {
      const list = rows.get(write)
      if (list === undefined) rows.set(write, [values])
      else list.push(values)
    }
    for (const { missed, gone } of taken.missed.values()) {
      const key = [missed.server, missed.slot, missed.room, missed.firstPos] as const
      if (gone) add(removeMissedRoom, ...key)
      else add(upsertMissedRoom, ...key, missed.writer, missed.fromPos, missed.uptoPos ?? null)
    }
    for (const { server, id, slot, body } of taken.transactions.values()) {
      if (body === undefined) add(removeTransaction, server, id)
      else add(insertTransaction, server, id, slot, encodeUtf8(body))
    }
    for (const key of taken.edus.values()) add(removeEdu, ...key)
    for (const server of taken.servers) {
      const failing = destinations.failing(server)
      if (failing === undefined || !keepsRow(server)) add(removeDestination, server)
      else add(upsertDestination, server, failing.kind, failing.failures, failing.since, failing.triedAt, failing.retryAt)
    }
    if (position !== undefined) add(upsertSenderPosition, db.slot, position)
    return [...rows].map(([write, list]) => ({ write, rows: list }))
  }

  /** What was noted meanwhile is newer and stays. */
  #putBack(taken: Pending): void {
    const pending = this.#pending
    for (const [key, value] of taken.missed) if (!pending.missed.has(key)) pending.missed.set(key, value)
    for (const [key, value] of taken.transactions) if (!pending.transactions.has(key)) pending.transactions.set(key, value)
    for (const [key, value] of taken.edus) pending.edus.set(key, value)
    for (const server of taken.servers) pending.servers.add(server)
    for (const server of taken.pruned) pending.pruned.add(server)
    pending.allPruned ||= taken.allPruned
    this.touch()
  }
}
