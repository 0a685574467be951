import { arrayAt, objectAt } from '../client/json.ts'
import type { Client } from './people.ts'

interface Tracked {
  /** What the last query said of the user's devices, as JSON; absent before the first. */
  devices: string | undefined
  /** Raised whenever the list is said to have changed; 0: up to date. */
  outdated: number
  /** What `outdated` was when `devices` was asked for: an older answer may come later. */
  asOf: number
}

/** The devices of others as an encrypting client keeps them: asked for once, and again only when /sync says that they changed. */
export class DeviceLists {
  readonly #client: Client
  readonly #tracked = new Map<string, Tracked>()
  #changes = 0

  constructor(client: Client) {
    this.#client = client
  }

  /** What /sync says. */
  apply(lists: Readonly<Record<string, unknown>>): void {
    for (const userId of arrayAt(lists, 'changed')) {
      const tracked = this.#tracked.get(String(userId))
      if (tracked !== undefined) tracked.outdated = ++this.#changes
    }
    for (const userId of arrayAt(lists, 'left')) this.#tracked.delete(String(userId))
  }

  /** Keep the devices of these users from now on, and ask for those that are new or have changed. Gives what is known then. */
  async follow(userIds: Iterable<string>): Promise<void> {
    for (const userId of userIds) {
      if (!this.#tracked.has(userId)) this.#tracked.set(userId, { devices: undefined, outdated: ++this.#changes, asOf: 0 })
    }
    await this.refresh()
  }

  /** Ask for those that have changed. */
  async refresh(): Promise<void> {
    const wanted = new Map(
      [...this.#tracked].filter(([, { outdated }]) => outdated > 0).map(([userId, { outdated }]) => [userId, outdated]),
    )
    if (wanted.size === 0) return
    const deviceKeys = Object.fromEntries([...wanted.keys()].map((userId) => [userId, []]))
    const outcome = await this.#client.ask('POST', '/keys/query', { device_keys: deviceKeys })
    if (outcome.kind !== 'ack') return
    const failures = objectAt(outcome.answer, 'failures')
    for (const [userId, asOf] of wanted) {
      const tracked = this.#tracked.get(userId)
      if (tracked === undefined || tracked.asOf > asOf || Object.hasOwn(failures, userId.slice(userId.indexOf(':') + 1))) continue
      tracked.devices = devicesIn(outcome.answer, userId)
      tracked.asOf = asOf
      if (tracked.outdated === asOf) tracked.outdated = 0
    }
  }

  /** The devices of a user as far as they are known. */
  known(userId: string): string | undefined {
    return this.#tracked.get(userId)?.devices
  }

  get tracked(): Iterable<string> {
    return this.#tracked.keys()
  }
}

/** A user's devices in an answer of /keys/query: ids and keys. Their names are not for other servers. */
export function devicesIn(answer: unknown, userId: string): string {
  const devices = Object.entries(objectAt(answer, 'device_keys', userId)).map(([id, keys]) => [id, objectAt(keys)['keys']] as const)
  return JSON.stringify(devices.sort(([a], [b]) => (a < b ? -1 : 1)))
}
