import type { ServerName } from '@causeway/events'
import type { Random } from '../../platform/random.ts'
import type { Announcement, Database, Rows } from '../../storage/database.ts'
import { insertEdu, removeOlderEdu } from '../../storage/tables/outbound.ts'
import { storedEduRowBytes } from '../limits.ts'
import { eduJson, type Edu } from './edu.ts'

/** An EDU that must arrive, at each of these servers. */
export interface StoredEdu {
  readonly servers: readonly ServerName[]
  readonly edu: Edu
  /** Takes the place of earlier ones with the same key that did not leave yet. */
  readonly coalesceKey?: string
}

/** EDUs for these servers were committed. */
export interface StoredEdusAnnouncement extends Announcement {
  readonly kind: 'stored-edus'
  readonly servers: readonly ServerName[]
  /** What they take in storage, about. */
  readonly bytes: number
}

/** Is this announcement about EDUs that wait in storage? */
export function isStoredEdusAnnouncement(announcement: Announcement): announcement is StoredEdusAnnouncement {
  return announcement.kind === 'stored-edus'
}

/** What an action adds to its unit so that EDUs leave with it, or not at all. */
export interface EduUnit {
  readonly rows: readonly Rows[]
  readonly announcements: readonly Announcement[]
}

/** Writes EDUs that must arrive (to-device messages, device lists) as rows of the action that causes them. */
export class EduOutbox {
  readonly #db: Database
  /** Orders rows of one position. It begins anywhere, so that rows of an earlier run can't be met. */
  #seq: number

  constructor(ports: { readonly db: Database; readonly random: Random }) {
    this.#db = ports.db
    this.#seq = ports.random.uint32() * 2 ** 20
  }

  /** The rows and the announcement for a unit with the stream position `position`, which is taken in the same stretch as its commit. */
  unit(position: number, edus: readonly StoredEdu[]): EduUnit {
    const { slot } = this.#db
    const older: [string, number, string][] = []
    const rows: [string, number, number, number, string, string][] = []
    let bytes = 0
    for (const { servers, edu, coalesceKey = '' } of edus) {
      const json = eduJson(edu)
      bytes += servers.length * (json.length + storedEduRowBytes)
      for (const server of servers) {
        if (coalesceKey !== '') older.push([server, slot, coalesceKey])
        rows.push([server, slot, position, this.#seq++, coalesceKey, json])
      }
    }
    if (rows.length === 0) return { rows: [], announcements: [] }
    const servers = [...new Set(edus.flatMap((each) => each.servers))]
    const announcement: StoredEdusAnnouncement = { kind: 'stored-edus', servers, bytes }
    return {
      rows: [...(older.length === 0 ? [] : [{ write: removeOlderEdu, rows: older }]), { write: insertEdu, rows }],
      announcements: [announcement],
    }
  }
}
