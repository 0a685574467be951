import { fitsUtf8, utf8Length, type RoomId, type UserId } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import type { Database } from '../../storage/database.ts'
import {
  accountDataSize,
  addAccountData,
  findAccountData,
  replaceAccountData,
  upsertAccountData,
  type AccountDataRow,
} from '../../storage/tables/account-data.ts'
import type { AccountDataAnnouncement } from '../announcements.ts'
import {
  accountDataBytesMax,
  accountDataEntriesMax,
  accountDataSmallBytes,
  accountDataTotalBytesMax,
  accountDataTriesMax,
  accountDataTypeBytesMax,
} from '../limits.ts'
import { commitParts, type UnitParts } from '../unit.ts'
import { KeyedQueue } from './keyed-queue.ts'

/** The place of a piece of account data: of a room, or global with `''`. */
export interface AccountDataPlace {
  readonly userId: UserId
  readonly roomId: RoomId | ''
  readonly type: string
}

/** "Servers MUST reject setting account data for event types that the server manages" (Client-Server API, "Client Config"). */
const managed: ReadonlySet<string> = new Set(['m.fully_read', 'm.push_rules'])

/** What clients keep with the server (Client-Server API, "Client Config"), with its stream of changes. */
export class AccountData {
  readonly #db: Database
  readonly #queue = new KeyedQueue()

  constructor(ports: { readonly db: Database }) {
    this.#db = ports.db
  }

  /** The content of a piece as JSON; push rules are `PushRules`' to show. */
  async find({ userId, roomId, type }: AccountDataPlace): Promise<string | undefined> {
    checkType(type)
    return (await findAccountData(this.#db, userId, roomId, type))?.content
  }

  /**
   * Set a piece that clients may set; `content` is JSON.
   * Throws M_BAD_JSON (405) for what the server manages, M_INVALID_PARAM, M_TOO_LARGE.
   */
  async put(place: AccountDataPlace, content: string): Promise<void> {
    if (managed.has(place.type)) throw new MatrixError('M_BAD_JSON', `${place.type} can't be set here`, { status: 405 })
    checkType(place.type)
    await this.#checkSize(place, content)
    // Behind a change of the same piece that is on its way: that one was read before this.
    await this.#queue.run(keyOf(place), () => commitParts(this.#db, this.write(place, content)))
  }

  /**
   * What sets a piece, managed by the server or not, in a larger unit. It takes a stream position: call it in the
   * synchronous stretch of the commit.
   */
  write(place: AccountDataPlace, content: string): UnitParts {
    const position = this.#db.nextPosition()
    const { userId, roomId, type } = place
    return {
      rows: [{ write: upsertAccountData, rows: [[userId, roomId, type, content, this.#db.slot, position]] }],
      announcements: [announce(place, this.#db.slot, position)],
    }
  }

  /**
   * Change a piece by what it is: `change` gets its content as JSON and gives the new one, or undefined to leave it. It may
   * be called again when another process changed the piece meanwhile. Throws what `change` throws, M_TOO_LARGE.
   */
  async change(place: AccountDataPlace, change: (content: string | undefined) => string | undefined): Promise<void> {
    await this.#queue.run(keyOf(place), async () => {
      for (let tries = 0; tries < accountDataTriesMax; tries++) if (await this.#tryChange(place, change)) return
      throw new Error('account data was changed again and again meanwhile')
    })
  }

  async #tryChange(place: AccountDataPlace, change: (content: string | undefined) => string | undefined): Promise<boolean> {
    const { userId, roomId, type } = place
    const was = await findAccountData(this.#db, userId, roomId, type)
    const content = change(was?.content)
    if (content === undefined || content === was?.content) return true
    await this.#checkSize(place, content, was)
    const position = this.#db.nextPosition()
    const row = { room_id: roomId, type, content, slot: this.#db.slot, position }
    const query = was === undefined ? addAccountData(userId, row) : replaceAccountData(userId, row, was)
    const outcome = await this.#db.commit({ steps: [{ query, expect: 1 }], announcements: [announce(place, this.#db.slot, position)] })
    return outcome.committed
  }

  /** Throws M_TOO_LARGE. What only replaces something with little is not weighed. */
  async #checkSize(place: AccountDataPlace, content: string, known?: AccountDataRow): Promise<void> {
    const { userId, roomId, type } = place
    if (!fitsUtf8(content, accountDataBytesMax)) {
      throw new MatrixError('M_TOO_LARGE', `account data has at most ${accountDataBytesMax} bytes`)
    }
    const was = known ?? (await findAccountData(this.#db, userId, roomId, type))
    if (was !== undefined && (fitsUtf8(content, accountDataSmallBytes) || content.length <= was.content.length)) return
    const { entries, bytes } = await accountDataSize(this.#db, userId)
    const more = utf8Length(content) - (was === undefined ? 0 : utf8Length(was.content))
    if ((was === undefined && entries >= accountDataEntriesMax) || bytes + more > accountDataTotalBytesMax) {
      throw new MatrixError('M_TOO_LARGE', 'this account keeps too much data with the server')
    }
  }
}

/** Throws M_INVALID_PARAM for what can't be the type of account data. */
function checkType(type: string): void {
  if (type.includes('\0') || !fitsUtf8(type, accountDataTypeBytesMax)) {
    throw new MatrixError('M_INVALID_PARAM', `a type has at most ${accountDataTypeBytesMax} bytes`)
  }
}

function announce({ userId, roomId, type }: AccountDataPlace, slot: number, position: number): AccountDataAnnouncement {
  return { kind: 'account-data', userId, roomId, type, slot, position }
}

function keyOf({ userId, roomId, type }: AccountDataPlace): string {
  return JSON.stringify([userId, roomId, type])
}
