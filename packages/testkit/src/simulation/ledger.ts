import type { SimServer } from '../scenario/sim-server.ts'
import type { Record } from './record.ts'

/** An event that a server said it has taken. */
export interface Acknowledged {
  readonly eventId: string
  readonly roomId: string
  readonly server: SimServer
  /** Milliseconds after the beginning at which the client knew. */
  readonly at: number
}

/** A room that people know of. */
export interface KnownRoom {
  readonly roomId: string
  readonly version: string
  readonly creator: string
}

/** What is known of one type of somebody's account data. */
export interface WrittenData {
  /** What the last write that nobody disturbed was told to have stored; undefined while nobody can say what is there. */
  value: string | undefined
  /** Writes that were begun. */
  begun: number
  /** Those of them that were not answered: each may happen at any time. */
  open: number
}

/** What clients were told, to be held against what the servers say in the end. */
export class Ledger {
  readonly record: Record
  readonly sleep: (ms: number) => Promise<void>
  readonly events: Acknowledged[] = []
  readonly redactions = new Set<string>()
  /** Events that no server may accept. */
  readonly forged: { readonly eventId: string; readonly roomId: string }[] = []
  /** Events that a server could not verify, since the key of their sender's server could not be had: it judges them when that server is heard of. */
  readonly unverified = new Set<string>()
  /** Rooms that somebody tried to join while things went wrong: of what the others sent meanwhile they may lack something until the next event. */
  readonly entered = new Set<string>()
  readonly rooms: KnownRoom[] = []
  /** Acknowledged messages to devices: `from to` to their numbers, in order. */
  readonly toDevice = new Map<string, number[]>()
  /** One-time keys that were given away: `user device key` to whom. */
  readonly claimed = new Map<string, string>()
  /** Account data by `user type`. */
  readonly accountData = new Map<string, WrittenData>()
  readonly loggedOut: { readonly server: SimServer; readonly name: string; readonly check: () => Promise<boolean> }[] = []

  constructor(record: Record, sleep: (ms: number) => Promise<void>) {
    this.record = record
    this.sleep = sleep
  }

  sent(eventId: string, roomId: string, server: SimServer): void {
    this.events.push({ eventId, roomId, server, at: this.record.now() })
  }
}
