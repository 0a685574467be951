import type { ServerName } from '@causeway/events'
import { EduQueue } from './edu-queue.ts'
import type { MissedRoom } from './missed-room.ts'
import type { OutboundPdu } from './outbound-pdu.ts'
import type { Transaction } from './transaction.ts'

/** Before all rows. */
export const firstPlace = { position: -1, seq: -1 } as const

/** What waits for one server. */
export class DestinationQueue {
  readonly server: ServerName
  /** Events that go out from memory, oldest first; only while the server is well and has missed nothing. */
  pdus: OutboundPdu[] = []
  readonly edus = new EduQueue()
  /** Transactions that have to be repeated, by id, oldest first. */
  readonly storedTransactions: string[] = []
  readonly missed = new Map<string, MissedRoom>()
  /** Those of `missed` to which further events of the room belong, by room. */
  readonly open = new Map<number, MissedRoom>()
  /** Do EDUs wait in storage, and did some come since it was last looked at? */
  hasStoredEdus = false
  storedEdusTouched = false
  /** Rows up to here were sent, though they may not be removed yet. */
  eduPlace: { readonly position: number; readonly seq: number } = firstPlace
  inFlight: Transaction | undefined
  /** Times in a row that the server called its transaction malformed. */
  refusals = 0
  /** Does storage say that it fails? */
  wasFailing = false
  /** Until when nothing is sent, since too much of ours is under way; wall-clock milliseconds. */
  hitchUntil = 0
  /** Is it in one of the lines for a turn? */
  ready = false
  sending = false
  /** When it gets in line by itself, in wall-clock milliseconds. */
  dueAt: number | undefined

  constructor(server: ServerName) {
    this.server = server
  }

  get hasWork(): boolean {
    return this.hasStoredWork || this.pdus.length > 0 || this.edus.size > 0
  }

  /** Does something wait that outlasts a restart? */
  get hasStoredWork(): boolean {
    return this.storedTransactions.length > 0 || this.missed.size > 0 || this.hasStoredEdus
  }

  /** Is it worth knowing after a restart how the server fails? Then storage says so, until it takes a transaction. */
  keepsRow(): boolean {
    this.wasFailing ||= this.hasStoredWork
    return this.hasStoredWork
  }

  /** May events go out from memory? Otherwise they would overtake what was missed. */
  get isLive(): boolean {
    return this.storedTransactions.length === 0 && this.missed.size === 0
  }

  /** The oldest event that nothing but memory knows of. */
  get oldestUnrecorded(): OutboundPdu | undefined {
    const flying = this.inFlight?.stored === false ? this.inFlight.live[0] : undefined
    return flying ?? this.pdus[0]
  }
}
