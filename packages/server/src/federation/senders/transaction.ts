import type { ServerName } from '@causeway/events'
import type { StoredEduRow } from '../../storage/tables/outbound.ts'
import type { MissedRoom } from './missed-room.ts'
import type { OutboundPdu } from './outbound-pdu.ts'

/** How far a transaction brings a server in what it missed of a room. */
export interface Progress {
  readonly missed: MissedRoom
  /** Where to go on. */
  readonly fromPos: number
  /** Was nothing left after it when it was read? */
  readonly last: boolean
}

/** A transaction that is about to be sent, or being sent. */
export interface Transaction {
  readonly id: string
  /** Canonical JSON. */
  readonly body: string
  readonly pdus: number
  readonly edus: number
  /** Events that were taken from the queue in memory, oldest first. */
  readonly live: readonly OutboundPdu[]
  readonly progress: readonly Progress[]
  readonly storedEdus: readonly StoredEduRow[]
  /** Is it in storage, so that what it holds is accounted for? */
  stored: boolean
}

/** Has a transaction something in it that must arrive? Typing and receipts alone are not worth a second attempt. */
export function isWorthKeeping({ pdus, storedEdus, stored }: Transaction): boolean {
  return stored || pdus > 0 || storedEdus.length > 0
}

/** The body of a transaction, joined from canonical pieces: events go out byte for byte as they were signed. */
export function transactionBodyText(origin: ServerName, now: number, pdus: readonly string[], edus: readonly string[]): string {
  const eduPart = edus.length === 0 ? '' : `"edus":[${edus.join(',')}],`
  return `{${eduPart}"origin":${JSON.stringify(origin)},"origin_server_ts":${now},"pdus":[${pdus.join(',')}]}`
}
