import type { Database, Step } from './database.ts'
import type { Facts } from './facts.ts'
import { sql } from './sql.ts'

/** What was done about a backup that was put back. */
export interface RestoredBackup {
  /** The store's new epoch. */
  readonly epoch: number
  /** One-time keys that are given to nobody any more. */
  readonly oneTimeKeys: number
  /** Users of ours whose devices are told again. */
  readonly users: number
  /** Lists of other servers' devices that are fetched again. */
  readonly remoteLists: number
}

/**
 * Make a database that is an older copy of itself fit to go on. Others know what it has forgotten: tokens that were given out, keys
 * that were given away, changes of devices that were told. So, in one unit:
 * - the epoch becomes one that no copy has had (it is a time), and tokens of before mean nothing any more;
 * - one-time keys go, and fallback keys count as used: clients upload new ones, as they are told that none are left;
 * - stream_ids of our users' devices jump over all that were told, and a device of each is told again: the others find a gap, and
 *   ask for the list as it is now (Server-Server API, "Device Management");
 * - other servers' lists are stale: what was told of them since the copy is lost.
 * `now`: milliseconds since 1970. Nothing else may be at work on the database.
 */
export async function noteRestoredBackup(db: Database, facts: Facts, now: number): Promise<RestoredBackup> {
  const [oneTimeKeys, users, remoteLists] = await Promise.all([countKeys(db), countUsers(db), countRemoteLists(db)])
  const epoch = Math.max(facts.storeEpoch + 1, Math.floor(now / 1_000))
  const steps: Step[] = [
    { query: sql('restored.raiseEpoch')`UPDATE facts SET value = ${String(epoch)} WHERE name = 'store_epoch'`, expect: 1 },
    { query: sql('restored.voidKeys')`DELETE FROM one_time_keys` },
    { query: sql('restored.useFallbackKeys')`UPDATE fallback_keys SET used = 1` },
    {
      // Counters go up by one a change: the time is beyond all of them.
      query: sql('restored.skipStreamIds')`
        INSERT INTO device_list_counters (user_id, stream_id) SELECT user_id, CAST(${now} AS bigint) FROM users WHERE true
        ON CONFLICT (user_id) DO UPDATE SET stream_id = excluded.stream_id WHERE device_list_counters.stream_id < excluded.stream_id`,
    },
    {
      query: sql('restored.tellDevices')`
        INSERT INTO device_list_outbox (user_id, device_id, seq)
        SELECT user_id, min(device_id), CAST(${now * 1_000} AS bigint) FROM devices WHERE true GROUP BY user_id
        ON CONFLICT (user_id, device_id) DO NOTHING`,
    },
    { query: sql('restored.refetchLists')`UPDATE remote_device_lists SET stale = 1` },
  ]
  await db.commit({ steps })
  return { epoch, oneTimeKeys, users, remoteLists }
}

/** Processes that hold a writer slot beside this one: by their leases, which a copy that was just put back may hold as well. */
export async function otherWriters(db: Database, now: number): Promise<readonly string[]> {
  const rows = await db.all(sql<{ process: string }>('restored.otherWriters')`
    SELECT process FROM slots WHERE slot <> ${db.slot} AND expires_at > ${now} ORDER BY slot`)
  return rows.map(({ process }) => process)
}

async function countKeys(db: Database): Promise<number> {
  return (await db.first(sql<{ n: number }>('restored.countKeys')`SELECT count(*) AS n FROM one_time_keys`))?.n ?? 0
}

async function countUsers(db: Database): Promise<number> {
  return (await db.first(sql<{ n: number }>('restored.countUsers')`SELECT count(DISTINCT user_id) AS n FROM devices`))?.n ?? 0
}

async function countRemoteLists(db: Database): Promise<number> {
  return (await db.first(sql<{ n: number }>('restored.countLists')`SELECT count(*) AS n FROM remote_device_lists`))?.n ?? 0
}
