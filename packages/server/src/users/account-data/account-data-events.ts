import { canonicalJson, type RoomId, type UserId } from '@causeway/events'
import type { Database } from '../../storage/database.ts'
import { accountDataChanges, accountDataIn, allAccountData, type AccountDataRow } from '../../storage/tables/account-data.ts'
import type { PushRules } from '../push-rules/push-rules.ts'
import type { AccountData, AccountDataPlace } from './account-data.ts'
import { roomIdOf } from './room-id-of.ts'

/** A piece of account data as clients see it. */
export interface AccountDataEvent {
  /** `''` for global data. */
  readonly roomId: RoomId | ''
  readonly type: string
  /** JSON. */
  readonly content: string
}

interface Ports {
  readonly db: Database
  readonly accountData: AccountData
  readonly pushRules: PushRules
}

const pushRulesType = 'm.push_rules'

/** Account data to be read, push rules among it as whole sets, although only differences are stored. */
export class AccountDataEvents {
  readonly #ports: Ports

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** The content of one piece, as JSON. Throws M_INVALID_PARAM. */
  async content(place: AccountDataPlace): Promise<string | undefined> {
    if (place.roomId === '' && place.type === pushRulesType) return this.#pushRules(place.userId)
    return this.#ports.accountData.find(place)
  }

  /** Everything, for the first /sync. Push rules are there though the user never changed them. */
  async all(userId: UserId): Promise<AccountDataEvent[]> {
    const events = await this.#events(userId, await allAccountData(this.#ports.db, userId))
    if (!events.some(isPushRules)) events.push({ roomId: '', type: pushRulesType, content: await this.#pushRules(userId) })
    return events
  }

  /** What belongs to one room. */
  async ofRoom(userId: UserId, roomId: RoomId): Promise<AccountDataEvent[]> {
    return this.#events(userId, await accountDataIn(this.#ports.db, userId, roomId))
  }

  /** What changed between two positions of the stream: of each writer after `since` (0 where it has none) up to `upTo`. */
  async changes(userId: UserId, since: ReadonlyMap<number, number>, upTo: ReadonlyMap<number, number>): Promise<AccountDataEvent[]> {
    const rows: AccountDataRow[] = []
    for (const [slot, last] of upTo) {
      const first = since.get(slot) ?? 0
      if (first < last) rows.push(...(await accountDataChanges(this.#ports.db, userId, slot, first, last)))
    }
    return this.#events(userId, rows)
  }

  async #events(userId: UserId, rows: readonly AccountDataRow[]): Promise<AccountDataEvent[]> {
    const events: AccountDataEvent[] = []
    for (const { room_id, type, content } of rows) {
      const event = { roomId: roomIdOf(room_id), type, content }
      events.push(isPushRules(event) ? { ...event, content: await this.#pushRules(userId) } : event)
    }
    return events
  }

  async #pushRules(userId: UserId): Promise<string> {
    return canonicalJson(await this.#ports.pushRules.personal(userId))
  }
}

function isPushRules({ roomId, type }: AccountDataEvent): boolean {
  return roomId === '' && type === pushRulesType
}
