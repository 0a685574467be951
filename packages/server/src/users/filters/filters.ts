import { canonicalJson, fitsUtf8, fromPlain, type UserId } from '@causeway/events'
import { assert } from '../../assert.ts'
import { MatrixError } from '../../errors.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Database } from '../../storage/database.ts'
import { hash48 } from '../../storage/hash48.ts'
import { countFilters, deleteOldestFilter, findFilter, insertFilter } from '../../storage/tables/filters.ts'
import { filterBytesMax, filtersPerUserMax } from '../limits.ts'
import { always, commitParts } from '../unit.ts'
import type { SyncFilter } from './sync-filter.ts'

/** The filters that clients leave with the server. Equal ones have the same id. */
export class Filters {
  readonly #ports: { readonly db: Database; readonly clock: Clock }

  constructor(ports: { readonly db: Database; readonly clock: Clock }) {
    this.#ports = ports
  }

  /** Keep a filter that fits `syncFilterSchema`; gives its id. Throws M_BAD_JSON, M_TOO_LARGE. */
  async define(userId: UserId, filter: SyncFilter): Promise<string> {
    const { db, clock } = this.#ports
    const plain = fromPlain(filter)
    if (plain === undefined) throw new MatrixError('M_BAD_JSON', 'the filter has text that is no Unicode, or is nested too deeply')
    const json = canonicalJson(plain)
    if (!fitsUtf8(json, filterBytesMax)) throw new MatrixError('M_TOO_LARGE', `a filter has at most ${filterBytesMax} bytes`)
    const filterId = hash48(json)
    const known = await findFilter(db, userId, filterId)
    if (known === undefined) {
      const full = (await countFilters(db, userId)) >= filtersPerUserMax
      await commitParts(db, {
        steps: always(full ? [deleteOldestFilter(userId)] : []),
        rows: [{ write: insertFilter, rows: [[userId, filterId, json, clock.now()]] }],
      })
    } else {
      assert(known.json === json, 'two filters of one user have different hashes')
    }
    return String(filterId)
  }

  /** A filter as JSON. Absent when there is none of that id. */
  async find(userId: UserId, filterId: string): Promise<string | undefined> {
    if (!/^\d{1,15}$/.test(filterId)) return undefined
    return (await findFilter(this.#ports.db, userId, Number(filterId)))?.json
  }
}
